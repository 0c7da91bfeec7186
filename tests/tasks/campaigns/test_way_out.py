"""Who gets marketing by mail sees how to stop it, wherever the words leave the link."""

from pathlib import Path

import pytest

from tasks.campaigns import campaign, ways
from tasks.campaigns.words import Words, WordsError
from tasks.channels.mail import MailAccount

YAML = """\
owner: Lin
description: A test.
purpose: marketing
channels: [mail, sms, carrier_pigeon]
steps: {hello: {}}
"""
SQL = "-- Who?\nselect 1 as customer_id, 'x' as occasion, true as is_so\n"
LINK = "https://shop.example/u?who=1&list=2"
IN_HTML = "https://shop.example/u?who=1&amp;list=2"


def said(
    language: str = "en", link: str | None = LINK, **files: str
) -> tuple[str, str]:
    """The text and the HTML for a customer; `__` in a file's name stands for a dot."""
    texts = {name.replace("__", "."): text for name, text in files.items()}
    everything = {"campaign.yaml": YAML, "audience.sql": SQL, **texts}
    words = Words.load(campaign.from_files(Path("hello"), everything))
    made = words.render("hello", "mail", language, {}, link)
    return made.text, made.html or ""


def test_words_without_the_link_get_a_line_beneath() -> None:
    text, html = said(
        hello__mail__txt="Hello", hello__mail__html="<html><body><p>Hello</p></body>\n"
    )
    assert text.startswith("Hello\n\n--\n") and text.count(LINK) == 1
    assert "Unsubscribe:\n" in text
    assert html.startswith("<html><body><p>Hello</p><p style=")
    assert html.endswith("Unsubscribe</a></p></body>")
    assert html.count(f'href="{IN_HTML}"') == 1


def test_a_fragment_of_html_gets_it_at_its_end() -> None:
    _, html = said(hello__mail__txt="Hello", hello__mail__html="<p>Hello</p>")
    assert html.startswith("<p>Hello</p><p style=") and html.endswith("</a></p>")


def test_words_that_place_the_link_get_no_second_one() -> None:
    text, html = said(
        hello__mail__txt="Leave: {{ unsubscribe_url }}.",
        hello__mail__html='<a href="{{ unsubscribe_url }}">leave</a>',
    )
    assert text == f"Leave: {LINK}.\n"
    assert html == f'<a href="{IN_HTML}">leave</a>'


def test_a_link_that_the_words_hide_is_shown_all_the_same() -> None:
    hidden = "Hello{% if false %}{{ unsubscribe_url }}{% endif %}"
    text, html = said(hello__mail__txt=hidden, hello__mail__html=hidden)
    assert text.count(LINK) == 1 and html.count(IN_HTML) == 1


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("hello__mail__zh__txt", "Hi", "点此退订"),
        ("hello__mail__zh-tw__txt", "Hi", "点此退订"),
        ("hello__mail__fr__txt", "Bonjour", "Unsubscribe"),
        ("hello__mail__txt", "Hi {# 问好 #}", "Unsubscribe"),
        ("hello__mail__txt", "您好", "点此退订"),
    ],
)
def test_the_line_speaks_the_language_of_the_words(
    name: str, words: str, expected: str
) -> None:
    language = name.split("__")[2] if name.count("__") == 3 else "de"
    text, _ = said(language, **{name: words})
    assert expected in text


def test_where_there_is_no_link_there_is_no_line() -> None:
    files = {"hello__mail__txt": "Hello", "hello__mail__html": "<p>Hello</p>"}
    assert said(link=None, **files) == ("Hello\n", "<p>Hello</p>")
    with pytest.raises(WordsError, match="'unsubscribe_url' is undefined"):
        said(link=None, hello__mail__txt="{{ unsubscribe_url }}")


def test_only_marketing_by_mail_shows_a_link() -> None:
    files = {"campaign.yaml": YAML, "audience.sql": SQL}
    hello = campaign.from_files(Path("hello"), files)
    shop = MailAccount(
        host="h", sender="s@s.example", unsubscribe_mail="u+{token}@s.ex"
    )
    known = {"mail": {"shop": shop}}
    assert ways.way_out(hello, "mail", known, "tok") == "mailto:u+tok@s.ex"
    assert str(ways.way_out(hello, "mail", None, "tok")).startswith("https://")
    assert ways.way_out(hello, "sms", known, "tok") is None
    assert ways.way_out(hello, "carrier_pigeon", known, "tok") is None
    files["campaign.yaml"] = YAML.replace("marketing", "service")
    thanks = campaign.from_files(Path("hello"), files)
    assert ways.way_out(thanks, "mail", known, "tok") is None
