"""A small SMTP client that pipelines: one round trip per message on an open line."""

import base64
import re
import select
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Security = Literal["none", "starttls", "tls"]
LONGEST_REPLY = 64 * 1024
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the server: its code, enhanced code (or ""), and text."""

    code: int
    enhanced: str
    text: str

    def __str__(self) -> str:
        """Code and enhanced code only: the text may hold an address."""
        return f"{self.code} {self.enhanced}".strip()


class SmtpRefused(Exception):
    """The server does not let us in; a person must look."""


class SmtpLost(OSError):
    """The server is not there, hangs up or talks nonsense."""


class Session:
    """One connection that is greeted, secured and logged in."""

    def __init__(
        self,
        host: str,
        port: int,
        security: Security,
        login: tuple[str, str] | None,
        hello: str,
        timeout: float,
        trusted: Path | None = None,
    ) -> None:
        """Connect; `trusted` are certificates to believe besides the system's.

        Raises:
            SmtpRefused: the server does not let us in, or is not who it should be.
            OSError: it is not there.
        """
        self._buffer = b""
        self._trusted = trusted
        self._hello = hello
        self._host = host
        self._socket: socket.socket | None = None
        try:
            self._open(port, security, timeout)
            if login:
                self._log_in(*login)
        except BaseException:
            self.close()
            raise

    @property
    def can_pipeline(self) -> bool:
        """Whether several commands may be written before an answer is read."""
        return "PIPELINING" in self._extensions

    def write(self, data: bytes) -> None:
        """Write everything; raises OSError."""
        self._wire.sendall(data)

    def reply(self) -> Reply:
        """Read one answer; raises OSError when there is none in time."""
        lines: list[str] = []
        while True:
            line = self._line().decode("utf-8", "replace")
            if not line[:3].isdigit():
                raise SmtpLost("the server's answer is not SMTP")
            lines.append(line[4:])
            if line[3:4] != "-":
                break
        enhanced = ENHANCED.match(lines[-1])
        return Reply(int(line[:3]), enhanced[0] if enhanced else "", lines[-1])

    def ask(self, command: str) -> Reply:
        """Write one command and read its answer."""
        self.write(f"{command}\r\n".encode("ascii"))
        return self.reply()

    def is_open(self) -> bool:
        """Whether the server has neither hung up nor said anything unasked."""
        if self._buffer or self._socket is None:
            return False
        readable, _, _ = select.select([self._socket], [], [], 0)
        return not readable

    def close(self) -> None:
        """Hang up at once; a message without its final dot is dropped by the server."""
        if self._socket:
            self._socket.close()
            self._socket = None

    @property
    def _wire(self) -> socket.socket:
        if self._socket is None:
            raise SmtpLost("the connection is closed")
        return self._socket

    def _open(self, port: int, security: Security, timeout: float) -> None:
        self._socket = socket.create_connection((self._host, port), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if security == "tls":
            self._secure()
        _expect(self.reply(), 220, "the greeting")
        self._extensions = self._greet()
        if security == "starttls":
            if "STARTTLS" not in self._extensions:
                raise SmtpRefused("the server does not offer STARTTLS")
            _expect(self.ask("STARTTLS"), 220, "STARTTLS")
            self._secure()
            self._extensions = self._greet()

    def _greet(self) -> set[str]:
        """Say EHLO, or HELO where that is all the server knows; its extensions."""
        self.write(f"EHLO {self._hello}\r\n".encode("ascii"))
        lines: list[str] = []
        while True:
            line = self._line().decode("ascii", "replace")
            lines.append(line[4:].strip().upper())
            if line[3:4] != "-":
                break
        if line[:3] == "250":
            return {line.split(" ", 1)[0] for line in lines[1:]}
        _expect(self.ask(f"HELO {self._hello}"), 250, "HELO")
        return set()

    def _secure(self) -> None:
        context = ssl.create_default_context()
        if self._trusted:
            context.load_verify_locations(self._trusted)
        # What came before the encryption may be anybody's words.
        self._buffer = b""
        try:
            self._socket = context.wrap_socket(self._wire, server_hostname=self._host)
        except ssl.SSLCertVerificationError as error:
            raise SmtpRefused(
                f"the certificate of {self._host} is not valid: "
                f"{error.verify_message}; give its authority as ca_file, or correct "
                "host"
            ) from None

    def _log_in(self, user: str, password: str) -> None:
        words = f"\0{user}\0{password}".encode()
        token = base64.b64encode(words).decode("ascii")
        _expect(self.ask(f"AUTH PLAIN {token}"), 235, "AUTH")

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            received = self._wire.recv(LONGEST_REPLY)
            if not received:
                raise SmtpLost("the server hung up")
            self._buffer += received
            if len(self._buffer) > LONGEST_REPLY:
                raise SmtpLost("the server's answer does not end")
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return line.rstrip(b"\r")


def _expect(reply: Reply, code: int, what: str) -> None:
    """Raise what the reply means for the whole connection, unless it is `code`."""
    if reply.code == code:
        return
    if 500 <= reply.code < 600 and what != "the greeting":
        raise SmtpRefused(f"{what} was refused: {reply}")
    raise SmtpLost(f"{what} was answered {reply}")
