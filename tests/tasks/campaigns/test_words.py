"""Words are filled in strictly, in the customer's language, and tell no secrets."""

import traceback
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sql
from tasks.campaigns import campaign
from tasks.campaigns.campaign import CampaignError
from tasks.campaigns.words import Words, WordsError

YAML = """\
owner: Lin
description: A test.
purpose: service
channels: [mail, sms]
steps: {hello: {}}
params: {shop: The Paper Lantern, away: 90 days, least: 2}
"""
SQL = "-- Who?\nselect 1 as customer_id, 'x' as occasion, true as is_so\n"


def words(**files: str) -> Words:
    """The words in these files; `__` in a name stands for a dot."""
    texts = {name.replace("__", "."): text for name, text in files.items()}
    everything = {"campaign.yaml": YAML, "audience.sql": SQL, **texts}
    return Words.load(campaign.from_files(Path("hello"), everything))


def test_a_message_has_a_subject_a_text_and_html() -> None:
    made = words(
        hello__mail__txt="Subject: For {{ name }}\n\nHello {{ name }}, {{ shop }}\n\n",
        hello__mail__html="<p>Hello {{ name }}</p>",
    ).render("hello", "mail", "en", {"name": "Tom & <Ann>"})
    assert made.subject == "For Tom & <Ann>"
    assert made.text == "Hello Tom & <Ann>, The Paper Lantern\n"
    assert made.html == "<p>Hello Tom &amp; &lt;Ann&gt;</p>"


def test_a_channel_without_subjects_keeps_its_first_line() -> None:
    made = words(hello__sms__txt="Hello\nSubject: no").render("hello", "sms", "en", {})
    assert (made.subject, made.text, made.html) == (None, "Hello\nSubject: no\n", None)


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("zh-TW", "zh-tw"),
        ("ZH-tw", "zh-tw"),
        ("en", "all"),
        ("", "all"),
    ],
)
def test_the_language_falls_back(language: str, expected: str) -> None:
    made = words(
        hello__mail__txt="all",
        hello__mail__zh__txt="zh",
        **{"hello.mail.zh-tw.txt": "zh-tw"},
    )
    assert made.render("hello", "mail", language, {}).text == f"{expected}\n"


def test_no_words_at_all_is_said() -> None:
    made = words(hello__mail__zh__txt="zh")
    with pytest.raises(WordsError, match='no words for step "hello" on channel "mail"'):
        made.render("hello", "mail", "en", {})


def test_params_of_the_campaign_are_printed_as_they_were_written() -> None:
    made = words(hello__mail__txt="{{ away }} {{ least + 1 }} {{ shop }}")
    text = made.render("hello", "mail", "en", {}).text
    assert text == "90 days 3 The Paper Lantern\n"


def test_a_value_that_is_not_given_is_an_error_with_its_line() -> None:
    made = words(hello__mail__txt="Subject: x\n\nHello\n{{ nme }}")
    with pytest.raises(WordsError, match=r"hello\.mail\.txt:4: 'nme' is undefined"):
        made.render("hello", "mail", "en", {"name": "Lin"})


def test_a_null_is_never_printed_but_can_be_asked_for() -> None:
    made = words(
        hello__mail__txt="{% if name %}Dear {{ name }}{% else %}Hello{% endif %}"
        "{{ name | default(' you') }}"
    )
    assert made.render("hello", "mail", "en", {"name": None}).text == "Hello you\n"
    bare = words(hello__mail__txt="Dear {{ name }}", hello__mail__html="{{ name }}")
    with pytest.raises(WordsError, match=r"txt:1: 'name' is null for this customer"):
        bare.render("hello", "mail", "en", {"name": None})


def test_an_error_names_the_included_file() -> None:
    made = words(
        hello__mail__html="{% include '_foot.html' %}",
        hello__mail__txt="x",
        _foot__html="one\n{{ nobody }}",
    )
    with pytest.raises(WordsError, match=r"_foot\.html:2: 'nobody' is undefined"):
        made.render("hello", "mail", "en", {})


@pytest.mark.parametrize(
    "expression",
    ["{{ name + 1 }}", "{{ {}[name] }}", "{{ 1 / name }}", "{{ name | abs }}"],
)
def test_an_error_never_shows_a_value(expression: str) -> None:
    made = words(hello__mail__txt=f"x\n{expression}")
    name = f"Person {uuid.uuid4().hex}"
    with pytest.raises(WordsError) as caught:
        made.render("hello", "mail", "en", {"name": name})
    assert name not in "".join(traceback.format_exception(caught.value))
    assert "hello.mail.txt:2" in str(caught.value)


@pytest.mark.parametrize(
    "escape",
    [
        "{{ name.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ values.append(1) }}",
        "{{ '{0.__class__}'.format(name) }}",
        "{{ range(10 ** 9) | list }}",
    ],
)
def test_the_sandbox_holds(escape: str) -> None:
    made = words(hello__mail__txt=escape)
    with pytest.raises(WordsError):
        made.render("hello", "mail", "en", {"name": "Lin", "values": [1]})


def test_files_outside_of_the_campaign_cannot_be_read() -> None:
    for name in ("/etc/passwd", "../../../etc/passwd", "campaign.py"):
        with pytest.raises(CampaignError, match="there is no file"):
            words(hello__mail__txt=f"{{% include '{name}' %}}")
    with pytest.raises(CampaignError, match="take a file's name in quotes"):
        words(hello__mail__txt="{% include shop %}")


@given(st.text())
def test_a_subject_stays_one_line_whatever_a_customer_is_called(name: str) -> None:
    made = SUBJECT.render("hello", "mail", "en", {"name": name})
    assert made.subject is not None
    assert len(made.subject.splitlines()) == 1
    assert made.subject.startswith("For")


SUBJECT = words(hello__mail__txt="Subject: For {{ name }}\n\nx")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("hello.mail.txt", "a\n\n{% if x %}", "hello.mail.txt:3: Unexpected end"),
        (
            "hello.mial.txt",
            "x",
            'is for step "hello" and channel "mial"; campaign.yaml',
        ),
        ("helo.mail.txt", "x", "has the steps hello and the channels mail, sms"),
        ("hello.txt", "x", r"words are called <step>.<channel>"),
        ("hello.mail.html", "x", "every message has a text part, hello.mail.txt"),
    ],
)
def test_words_that_cannot_be_read_are_named(
    name: str, text: str, message: str
) -> None:
    with pytest.raises(CampaignError) as caught:
        words(**{name: text})
    assert message in str(caught.value)


def test_it_says_which_variables_the_words_use() -> None:
    made = words(
        hello__mail__txt="Subject: {{ a }}\n\n{% set own = b %}{{ own }}{{ shop }}",
        hello__mail__html="{% extends '_f.html' %}{% block x %}{{ c }}{% endblock %}",
        _f__html="{{ d }}{% block x %}{% endblock %}",
    )
    parts = made.message("hello", "mail", "en").parts
    used = [set(part.variables) for part in parts]
    assert used == [{"a"}, {"b", "shop"}, {"c", "d"}]


FRAME = (Path(str(sql.folder("campaigns"))) / "_frame.html").read_text(encoding="utf-8")


def test_the_frame_puts_the_styles_in_and_nothing_of_a_customer() -> None:
    made = words(
        _frame__html=FRAME,
        hello__mail__txt="Subject: x\n\nx",
        hello__mail__html='{% extends "_frame.html" %}{% block title %}T{% endblock %}'
        '{% block words %}<p>{{ name }}</p><a class="button" href="{{ url }}">go</a>'
        "{% endblock %}",
    ).render("hello", "mail", "en", {"name": "<p>", "url": 'x" onclick="y'})
    assert made.html is not None
    assert '<p style="margin:0 0 16px 0;">&lt;p&gt;</p>' in made.html
    assert '<a style="display:inline-block;' in made.html
    assert 'href="x&#34; onclick=&#34;y"' in made.html
    assert made.html.count("<h1") == 1 and made.html.startswith("<!doctype html>")


def test_a_mistake_in_a_shared_file_names_that_file(tmp_path: Path) -> None:
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "campaign.yaml").write_text(YAML)
    (folder / "audience.sql").write_text(SQL)
    (folder / "hello.mail.txt").write_text('{% include "_end.txt" %}')
    (tmp_path / "_end.txt").write_text("\n{{ name.first }}")
    loaded = campaign.load(folder)
    with pytest.raises(WordsError, match=rf"{tmp_path}/_end\.txt:2: "):
        Words.load(loaded).render("hello", "mail", "en", {"name": None})


def test_a_sample_shows_a_code_that_buys_nothing() -> None:
    rewarded = YAML.replace(
        "{hello: {}}",
        "{hello: {reward: {value: 5, prefix: TEA, valid_for: 7 days,"
        " budget: {total: 9}}}}",
    )
    made = words(
        **{"campaign.yaml": rewarded},
        hello__mail__txt="{{ reward.value }} {{ reward.currency }} {{ reward.code }}"
        " {{ reward.until }}",
    )
    at = datetime(2026, 3, 10, tzinfo=UTC)
    shown = made.sample("hello", "mail", "en", {}, at).text
    assert shown == "5 CNY TEA0SAMPLE00000 2026-03-17\n"
