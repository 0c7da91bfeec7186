"""Mail over SMTP: every answer has its meaning, every line is used again."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import trustme

from connectors.sandbox.mail import MailDouble
from tasks.channels.base import Message, Outcome
from tasks.channels.mail import Mail, MailAccount

SENT_AT = datetime(2027, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def double() -> Iterator[MailDouble]:
    with MailDouble() as opened:
        yield opened


def channel(double: MailDouble, **changes: Any) -> Mail:
    given = {
        "host": "127.0.0.1",
        "port": double.port,
        "security": "none",
        "sender": "木叶茶铺 <shop@shop.example>",
        "reply_to": "care@shop.example",
        "unsubscribe_url": "https://u.shop.example/{token}",
        "unsubscribe_mail": "unsub+{token}@shop.example",
        "bounce_to": "bounce+{key}@b.example",
        "timeout": 1,
    }
    return Mail("shop", MailAccount(**given | changes))


def messages(number: int, **changes: Any) -> list[Message]:
    return [
        Message(
            **{
                "touch_id": n,
                "number": 1,
                "key": f"key{n}",
                "address": f"c{n}@example.org",
                "subject": "谢谢您 🎉",
                "text": "你好\n",
                "html": "<p>你好</p>",
                "sent_at": SENT_AT,
                "unsubscribe": "tok",
            }
            | changes
        )
        for n in range(1, number + 1)
    ]


def go(*_: Message) -> bool:
    return True


def outcomes(mail: Mail, number: int = 1, **changes: Any) -> list[str]:
    results = mail.send(messages(number, **changes), go)
    return [f"{one.outcome}: {one.reason}" for one in results]


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_a_mail_is_whole_and_one_connection_serves_all(extensions: Any) -> None:
    with MailDouble(extensions=extensions) as double:
        mail = channel(double)
        results = [*mail.send(messages(30), go), *mail.send(messages(1), go)]
        assert {one.outcome for one in results} == {Outcome.ACCEPTED}
        assert results[0].provider_id == "00000001"
        assert double.sessions == 1
        assert [one.key for one in double.taken[:30]] == [
            f"key{n}" for n in range(1, 31)
        ]
    first = double.taken[0]
    assert (first.sender, first.recipient) == (
        "bounce+key1@b.example",
        "c1@example.org",
    )
    read = message_from_bytes(first.content, policy=policy.SMTP)
    assert read["Subject"] == "谢谢您 🎉"
    assert read["From"].addresses[0].display_name == "木叶茶铺"
    assert read["Message-ID"] == "<key1@shop.example>"
    assert read["Date"].datetime == SENT_AT
    assert read["Reply-To"] == "care@shop.example"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["List-Unsubscribe"] == (
        "<https://u.shop.example/tok>, <mailto:unsub+tok@shop.example>"
    )
    plain, html = read.iter_parts()
    assert (plain.get_content(), html.get_content()) == ("你好\r\n", "<p>你好</p>")


def test_the_same_message_is_the_same_bytes(double: MailDouble) -> None:
    (one,) = messages(1)
    assert channel(double).build(one) == channel(double).build(one)


def test_a_service_message_has_no_unsubscribe_link(double: MailDouble) -> None:
    (one,) = messages(1, unsubscribe=None)
    assert b"List-Unsubscribe" not in channel(double).build(one)


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    ("stage", "reply", "outcome"),
    [
        ("rcpt", "550 5.1.1 no such user", "recipient_invalid: rcpt 550 5.1.1"),
        ("rcpt", "553 5.1.3 bad address", "recipient_invalid: rcpt 553 5.1.3"),
        ("rcpt", "550 5.7.1 blocked", "content_rejected: rcpt 550 5.7.1"),
        ("rcpt", "550 go away", "content_rejected: rcpt 550"),
        ("rcpt", "450 4.2.1 greylisted", "retryable: rcpt 450 4.2.1"),
        ("rcpt", "552 5.2.2 mailbox full", "retryable: rcpt 552 5.2.2"),
        ("mail", "550 5.7.1 sender refused", "config: mail 550 5.7.1"),
        ("mail", "530 5.7.0 log in first", "config: mail 530 5.7.0"),
        ("data", "451 4.3.0 later", "retryable: data 451 4.3.0"),
        ("content", "554 5.6.0 spam", "content_rejected: content 554 5.6.0"),
        ("content", "452 4.3.1 disk full", "retryable: content 452 4.3.1"),
        ("content", "621 what", "unknown_outcome: content 621"),
    ],
)
def test_each_reply_has_its_meaning_and_the_next_message_goes_on(
    extensions: Any, stage: Any, reply: str, outcome: str
) -> None:
    with MailDouble(extensions=extensions) as double:
        double.fail(stage, reply=reply, after=1)
        found = outcomes(channel(double), 4)
    assert found == ["accepted: None", outcome, "accepted: None", "accepted: None"]
    assert [one.key for one in double.taken] == ["key1", "key3", "key4"]


def test_a_reply_never_shows_the_address(double: MailDouble) -> None:
    double.refused["c1@example.org"] = "550 5.1.1 <c1@example.org> is unknown"
    assert outcomes(channel(double)) == ["recipient_invalid: rcpt 550 5.1.1"]


def test_a_line_cut_after_the_content_is_unknown(double: MailDouble) -> None:
    double.fail("content", "silent", after=1)
    found = outcomes(channel(double), 3)
    assert found == ["accepted: None", "unknown_outcome: SmtpLost", "accepted: None"]


def test_a_server_that_hangs_after_the_content_is_unknown(double: MailDouble) -> None:
    double.delay = 1.5
    assert outcomes(channel(double)) == ["unknown_outcome: TimeoutError"]


def test_a_line_that_died_meanwhile_is_dialled_again(double: MailDouble) -> None:
    mail = channel(double)
    assert outcomes(mail) == ["accepted: None"]
    double.stop()
    double.start()
    assert outcomes(mail) == ["accepted: None"]


def test_a_server_that_closes_at_once_twice_has_taken_nothing(
    double: MailDouble,
) -> None:
    double.fail("mail", reply="421 4.3.2 closing")
    assert outcomes(channel(double), 3) == ["not_sent: no connection: SmtpLost"] * 3
    assert double.taken == []


def test_a_closing_server_is_dialled_again_in_the_middle(double: MailDouble) -> None:
    double.fail("mail", reply="421 4.7.0 enough for one connection", after=2)
    assert outcomes(channel(double), 5) == ["accepted: None"] * 5
    assert double.sessions == 2


def test_no_server_means_nothing_was_sent(double: MailDouble) -> None:
    double.stop()
    expected = "not_sent: no connection: ConnectionRefusedError"
    assert outcomes(channel(double), 2) == [expected] * 2


def test_it_logs_in_and_names_wrong_credentials() -> None:
    with MailDouble(login=("shop", "right")) as double:
        right = channel(double, user="shop", password="right")
        assert outcomes(right) == ["accepted: None"]
        wrong = channel(double, user="shop", password="wrong")
        assert outcomes(wrong) == ["config: AUTH was refused: 535 5.7.8"]
        assert "right" not in repr(right.settings)


def test_a_server_without_starttls_gets_no_mail(double: MailDouble) -> None:
    mail = channel(double, security="starttls")
    assert outcomes(mail) == ["config: the server does not offer STARTTLS"]
    assert double.taken == []


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certified(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    """A server's side, with a certificate for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_lines_are_used_again_too(
    authority: trustme.CA, tmp_path: Path, security: Any
) -> None:
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = certified(authority)
    with MailDouble(login=("shop", "right"), **{security: context}) as double:
        mail = channel(
            *(double,),
            **{"security": security, "ca_file": trusted},
            **{"user": "shop", "password": "right"},
        )
        assert outcomes(mail, 30) == ["accepted: None"] * 30
        assert outcomes(mail) == ["accepted: None"]
        assert (double.sessions, double.count) == (1, 31)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_server_that_is_somebody_else_gets_no_mail(
    authority: trustme.CA, tmp_path: Path, security: Any, is_trusted: bool
) -> None:
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = certified(authority, "elsewhere.example" if is_trusted else "127.0.0.1")
    with MailDouble(**{security: context}) as double:
        mail = channel(
            double, security=security, ca_file=trusted if is_trusted else None
        )
        [told] = outcomes(mail)
        assert told.startswith("config: the certificate of 127.0.0.1 is not valid")
        assert told.endswith("give its authority as ca_file, or correct host")
        assert double.taken == []


def test_a_message_that_may_not_leave_has_not_left(double: MailDouble) -> None:
    allowed = iter([True, True, False, True])
    results = channel(double).send(messages(4), lambda *_: next(allowed))
    found = [one.outcome for one in results]
    assert found == [Outcome.ACCEPTED] * 2 + [Outcome.NOT_SENT] * 2
    assert len(double.taken) == 2


def test_an_impossible_address_or_header_fails_alone(double: MailDouble) -> None:
    wanted = [
        *messages(1),
        Message(2, 1, "key2", "nobody"),
        Message(3, 1, "key3", "c@example.org", subject="a\r\nBcc: x@example.org"),
    ]
    results = {one.message.key: one.outcome for one in channel(double).send(wanted, go)}
    assert results == {
        "key1": Outcome.ACCEPTED,
        "key2": Outcome.RECIPIENT_INVALID,
        "key3": Outcome.CONTENT_REJECTED,
    }


def test_content_is_never_taken_for_its_end(double: MailDouble) -> None:
    text = "one\r\n.\r\nMAIL FROM:<x@example.org>\r\n.. two\n"
    assert outcomes(channel(double), 1, text=text, html=None) == ["accepted: None"]
    read = message_from_bytes(double.taken[0].content, policy=policy.SMTP)
    assert read.get_content() == text.replace("\r\n", "\n").replace("\n", "\r\n")
