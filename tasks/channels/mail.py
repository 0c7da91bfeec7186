"""E-mail over SMTP: reused connections, pipelined, one message on its way at a time."""

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from tasks.channels import mime
from tasks.channels.base import Account, Channel, MayLeave, Message, Outcome, Result
from tasks.channels.mime import Unsendable
from tasks.channels.smtp import Reply, Session, SmtpLost, SmtpRefused

# RFC 3463 and RFC 5321: (prefix of "stage code enhanced", outcome); the first counts.
REPLIES: tuple[tuple[str, Outcome], ...] = (
    (r"\w+ 2", Outcome.ACCEPTED),
    # A full mailbox may be emptied: later, not never.
    (r"\w+ 552 5\.2\.2", Outcome.RETRYABLE),
    (r"\w+ 4", Outcome.RETRYABLE),
    (r"\w+ 53[0458]", Outcome.CONFIG),
    # What is refused before the recipient is known is refused to us.
    (r"mail 5", Outcome.CONFIG),
    # No such mailbox, no such domain, mailbox moved: RFC 3463 X.1.X.
    (r"\w+ 5\d\d 5\.1\.(1|2|3|6|10)$", Outcome.RECIPIENT_INVALID),
    (r"\w+ 5\d\d 5\.2\.1$", Outcome.RECIPIENT_INVALID),
    # Policy, reputation, spam and what has no enhanced code: not the address's fault.
    (r"\w+ 5", Outcome.CONTENT_REJECTED),
)
STAGES = ("mail", "rcpt", "data")
QUEUED_AS = re.compile(r"(?:queued as|id=?)\s*<?([\w.@-]{1,60})", re.IGNORECASE)


class MailAccount(Account):
    """A sending address and the server that takes its mail."""

    host: str = Field(description="the SMTP server")
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = Field(default="starttls")
    ca_file: Path | None = Field(
        default=None, description="the authority (PEM) of a server of your own"
    )
    user: str | None = None
    password: SecretStr | None = Field(default=None, description="${NAME} is allowed")
    sender: str = Field(description="Name <address> that customers see")
    reply_to: str | None = Field(default=None, description="where answers go")
    bounce_to: str | None = Field(
        default=None, description="return path; {key} stands for the message's key"
    )
    unsubscribe_url: str | None = Field(
        default=None, description="one-click link; {token} stands for the message's own"
    )
    unsubscribe_mail: str | None = Field(
        default=None, description="address for leaving by mail; {token} is allowed"
    )
    timeout: float = Field(default=60, gt=0, description="seconds for one answer")

    @field_validator("sender", "reply_to")
    @classmethod
    def _is_mailbox(cls, value: str | None) -> str | None:
        if value is not None:
            mime.mailbox("From", *parseaddr(value))
        return value

    def way_out(self, token: str) -> str | None:
        """The page of one click, else an address to write to."""
        if self.unsubscribe_url:
            return self.unsubscribe_url.replace("{token}", token)
        if self.unsubscribe_mail:
            return f"mailto:{self.unsubscribe_mail.replace('{token}', token)}"
        return None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it goes over the wire: its envelope commands and its content."""

    message: Message
    envelope: tuple[bytes, ...]
    content: bytes


class Mail(Channel):
    """Mail has no idempotency: what was cut off after the final dot is in doubt."""

    name = "mail"
    identifier = "email"
    consent = "email"
    account_type = MailAccount
    batch: ClassVar[int] = 250
    first_delay: ClassVar[timedelta] = timedelta(minutes=15)
    shows_way_out: ClassVar[bool] = True

    def __init__(self, account: str, settings: MailAccount) -> None:
        super().__init__(account, settings)
        self._to = settings
        self._session: Session | None = None
        display, address = parseaddr(settings.sender)
        self._sender = mime.plain_address(address)
        self._domain = self._sender.rpartition("@")[2]
        fixed = [mime.mailbox("From", display, address)]
        if settings.reply_to:
            fixed.append(mime.mailbox("Reply-To", *parseaddr(settings.reply_to)))
        self._fixed = b"".join(fixed) + b"MIME-Version: 1.0\r\n"

    def send(
        self, messages: Sequence[Message], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        """One result per message, in order, each before the next one leaves."""
        letters: list[Letter] = []
        for message in messages:
            try:
                letters.append(self._letter(message))
            except Unsendable as error:
                is_address = "address" in str(error)
                rejected = Outcome.CONTENT_REJECTED
                outcome = Outcome.RECIPIENT_INVALID if is_address else rejected
                yield Result(message, outcome, str(error))
        is_clean = False
        try:
            yield from self._send(letters, may_leave)
            is_clean = True
        finally:
            # Left in the middle: the server drops what has no final dot.
            if not is_clean:
                self.close()

    def check(self) -> None:
        """Connect and log in; raises OSError or SmtpRefused with the reason."""
        self._connected()

    def close(self) -> None:
        """Hang up; the next message opens a new connection."""
        if self._session:
            self._session.close()
        self._session = None

    def build(self, message: Message) -> bytes:
        """The message as it goes over the wire, headers and all.

        Raises:
            Unsendable: a header or the address cannot be written.
        """
        headers = [
            self._fixed,
            mime.mailbox("To", "", message.address),
            mime.header("Subject", message.subject),
            mime.date(message.sent_at) if message.sent_at else b"",
            f"Message-ID: <{message.key}@{self._domain}>\r\n".encode("ascii"),
        ]
        if message.unsubscribe:
            headers.append(self._ways_out(message.unsubscribe))
        content = b"".join(headers)
        return mime.letter(content, message.key, message.text, message.html)

    def _ways_out(self, token: str) -> bytes:
        """List-Unsubscribe (RFC 2369) and, with a link, one click (RFC 8058)."""
        ways = []
        if self._to.unsubscribe_url:
            ways.append(f"<{self._to.unsubscribe_url.replace('{token}', token)}>")
        if self._to.unsubscribe_mail:
            mail = self._to.unsubscribe_mail.replace("{token}", token)
            ways.append(f"<mailto:{mail}>")
        if not ways:
            return b""
        lines = f"List-Unsubscribe: {f',{chr(13)}{chr(10)} '.join(ways)}\r\n"
        if self._to.unsubscribe_url:
            lines += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        return lines.encode("ascii")

    def _letter(self, message: Message) -> Letter:
        content = self.build(message)
        back = (self._to.bounce_to or self._sender).replace("{key}", message.key)
        envelope = (
            f"MAIL FROM:<{back}>\r\n".encode("ascii"),
            f"RCPT TO:<{mime.plain_address(message.address)}>\r\n".encode("ascii"),
            b"DATA\r\n",
        )
        return Letter(message, envelope, content)

    def _send(
        self, letters: Sequence[Letter], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        is_announced = False
        for position, letter in enumerate(letters):
            try:
                refusal = self._announce(letter, is_announced)
            except (OSError, SmtpRefused) as error:
                self.close()
                yield from _all(letters[position:], error)
                return
            if refusal:
                is_announced = False
                yield self._result(letter, *refusal)
                continue
            if not may_leave(letter.message):
                self.close()
                rest = letters[position:]
                yield from (Result(one.message, Outcome.NOT_SENT) for one in rest)
                return
            following = letters[position + 1 : position + 2]
            is_announced, result = self._hand_over(letter, following)
            yield result

    def _announce(self, letter: Letter, is_announced: bool) -> tuple[str, Reply] | None:
        """Say who and to whom; None: the server waits for the content.

        A connection that turns out to be dead before is replaced once.
        """
        if self._session and not (is_announced or self._session.is_open()):
            self.close()
        is_reused = self._session is not None
        try:
            if is_announced and self._session:
                return self._answers(self._session, letter)
            return self._introduce(self._connected(), letter)
        except OSError:
            self.close()
            if not is_reused:
                raise
            return self._introduce(self._connected(), letter)

    def _introduce(self, session: Session, letter: Letter) -> tuple[str, Reply] | None:
        if session.can_pipeline:
            session.write(b"".join(letter.envelope))
            return self._answers(session, letter)
        for stage, command in zip(STAGES, letter.envelope, strict=True):
            session.write(command)
            reply = session.reply()
            if reply.code >= 400:
                self._start_over(session, reply)
                return stage, reply
        return None

    def _answers(self, session: Session, letter: Letter) -> tuple[str, Reply] | None:
        """The answers to a whole envelope; the first refusal, if any."""
        replies = [(stage, session.reply()) for stage in STAGES]
        refusal = next((one for one in replies if one[1].code >= 400), None)
        if refusal:
            if replies[-1][1].code == 354:
                # RFC 2920: it takes content although there is nobody to get it.
                session.write(b".\r\n")
                session.reply()
            self._start_over(session, refusal[1])
        return refusal

    def _start_over(self, session: Session, reply: Reply) -> None:
        """Forget the envelope, so that the next one starts clean."""
        if reply.code == 421:
            # It hangs up, which says nothing about this message.
            raise SmtpLost("the server hangs up")
        try:
            if session.ask("RSET").code >= 400:
                self.close()
        except OSError:
            self.close()

    def _hand_over(
        self, letter: Letter, following: Sequence[Letter]
    ) -> tuple[bool, Result]:
        """Write the content, and the next envelope behind it; what the server says."""
        session = self._connected()
        is_announced = bool(following) and session.can_pipeline
        data = letter.content + b".\r\n"
        if is_announced:
            data += b"".join(following[0].envelope)
        try:
            session.write(data)
            reply = session.reply()
        except OSError as error:
            self.close()
            reason = type(error).__name__
            return False, Result(letter.message, Outcome.UNKNOWN_OUTCOME, reason)
        if reply.code == 421:
            self.close()
            is_announced = False
        return is_announced, self._result(letter, "content", reply)

    def _result(self, letter: Letter, stage: str, reply: Reply) -> Result:
        said = f"{stage} {reply}"
        unknown = Outcome.UNKNOWN_OUTCOME
        outcome = next((out for sign, out in REPLIES if re.match(sign, said)), unknown)
        if outcome is Outcome.ACCEPTED:
            queued = QUEUED_AS.search(reply.text)
            return Result(letter.message, outcome, None, queued[1] if queued else None)
        return Result(letter.message, outcome, said)

    def _connected(self) -> Session:
        if self._session is None:
            to = self._to
            login = None
            if to.user and to.password:
                login = (to.user, to.password.get_secret_value())
            self._session = Session(
                to.host,
                to.port,
                to.security,
                login,
                self._domain,
                to.timeout,
                to.ca_file,
            )
        return self._session


def _all(letters: Sequence[Letter], error: Exception) -> Iterator[Result]:
    """None of these left: the server is not there, or does not let us in."""
    is_refused = isinstance(error, SmtpRefused)
    outcome = Outcome.CONFIG if is_refused else Outcome.NOT_SENT
    reason = str(error) if is_refused else f"no connection: {type(error).__name__}"
    return (Result(letter.message, outcome, reason) for letter in letters)
