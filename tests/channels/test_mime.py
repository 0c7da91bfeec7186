"""Mail built by hand reads, byte for byte, as the standard library reads its own."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.channels import mime

FEW = settings(max_examples=60, deadline=None)
# Whatever people and products are called: any character but control characters.
WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), max_size=200
) | st.sampled_from(
    ["木叶茶铺", "🎉" * 40, "新品上市" * 30, "a" * 300, "=?utf-8?B?aGk=?=", " ", ""]
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=300)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    return message


@FEW
@given(WORDS)
def test_a_subject_comes_out_as_it_went_in(subject: str) -> None:
    raw = mime.letter(mime.header("Subject", subject), "k", "hello", None)
    message = parsed(raw)
    assert message["Subject"].strip() == subject.strip()
    assert not message["Subject"].defects


@FEW
@given(WORDS)
def test_no_line_of_a_header_is_longer_than_allowed(subject: str) -> None:
    for line in mime.header("Subject", subject).split(b"\r\n"):
        assert len(line) <= 76
        for word in line.split():
            if word.startswith(b"=?"):
                assert len(word) <= 75


@FEW
@given(WORDS)
def test_a_display_name_comes_out_as_it_went_in(name: str) -> None:
    raw = mime.mailbox("From", name, "shop@shop.example") + b"\r\n"
    assert parsed(raw)["From"].addresses[0].addr_spec == "shop@shop.example"
    # The newer parser puts spaces between the encoded words of a long name.
    shown, _ = parseaddr(message_from_bytes(raw)["From"])
    assert str(make_header(decode_header(shown))).strip() == name.strip()


@FEW
@given(TEXTS, TEXTS)
def test_both_bodies_come_out_as_they_went_in(text: str, html: str) -> None:
    raw = mime.letter(b"Subject: x\r\n", "abcdef0123456789", text, html)
    message = parsed(raw)
    plain, rich = message.iter_parts()
    assert plain.get_content() == _crlf(text)
    assert rich.get_content() == _crlf(html)
    assert not message.defects and not plain.defects and not rich.defects


@FEW
@given(TEXTS)
def test_nothing_needs_dot_stuffing_or_eight_bits(text: str) -> None:
    raw = mime.letter(mime.header("Subject", "你好"), "k", text, text)
    assert b"\r\n." not in raw
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 76


@FEW
@given(WORDS, TEXTS, TEXTS)
def test_it_means_the_same_as_the_standard_library(
    subject: str, text: str, html: str
) -> None:
    # It reads this where RFC 2047 wants it left alone.
    assume("=?" not in subject)
    theirs = EmailMessage(policy=policy.SMTP)
    theirs["Subject"] = subject
    theirs.set_content(text)
    theirs.add_alternative(html, subtype="html")
    other = parsed(theirs.as_bytes())
    ours = parsed(mime.letter(mime.header("Subject", subject), "k", text, html))
    assert ours["Subject"].strip() == other["Subject"].strip()
    assert ours.get_content_type() == other.get_content_type()
    for mine, its in zip(ours.iter_parts(), other.iter_parts(), strict=True):
        assert mine.get_content_type() == its.get_content_type()
        # Theirs always ends with a line break; ours only where the words do.
        assert mine.get_content().rstrip("\r\n") == its.get_content().rstrip("\r\n")


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.z", "a\nb", "a\rb", "a\0b", "a\x7f"])
def test_a_line_break_in_a_header_is_refused(value: str) -> None:
    with pytest.raises(mime.Unsendable, match="control character"):
        mime.header("Subject", value)
    with pytest.raises(mime.Unsendable, match="control character"):
        mime.mailbox("From", value, "a@b.example")


@pytest.mark.parametrize(
    "address",
    ["", "nobody", "a@b@c", "a b@c.example", "<a@b.example>", "a@b.example\r\nDATA",
     "a..b@c.example", ".a@c.example", "张@例子.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_naming_it(address: str) -> None:
    with pytest.raises(mime.Unsendable) as refusal:
        mime.plain_address(address)
    assert not address or address not in str(refusal.value)


def test_a_domain_in_chinese_is_written_in_ascii() -> None:
    assert mime.plain_address("a@例子.example") == "a@xn--fsqu00a.example"


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
