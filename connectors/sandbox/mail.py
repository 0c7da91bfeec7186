"""A double of a mail server on loopback: real SMTP, a log of all it took, faults."""

import base64
import os
import re
import socket
import socketserver
import ssl
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Literal, Self

# answer: this reply instead of its own; reset: cut the line before doing anything;
# silent: do what was asked, then cut the line without a word.
Act = Literal["answer", "reset", "silent"]
Stage = Literal["connect", "auth", "mail", "rcpt", "data", "content"]

MESSAGE_ID = re.compile(rb"^Message-ID: *<([^@>]+)@", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Taken:
    """One message as the server took responsibility for it."""

    key: str
    sender: str
    recipient: str
    content: bytes


@dataclass
class Fault:
    """Goes wrong at `stage` for the next `times` times (after `after` good ones)."""

    stage: Stage
    act: Act = "answer"
    reply: str = "451 4.3.0 try again later"
    times: int = 1
    after: int = 0


class MailDouble:
    """An SMTP server; use it with `with`. `taken` and the log are what it accepted."""

    def __init__(
        self,
        port: int = 0,
        log: Path | None = None,
        *,
        extensions: tuple[str, ...] = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"),
        login: tuple[str, str] | None = None,
        keep: bool = True,
        starttls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.taken: list[Taken] = []
        self.faults: deque[Fault] = deque()
        self.refused: dict[str, str] = {}
        """Recipient -> the reply that refuses it."""
        self.extensions = extensions
        self.login = login
        self.delay = 0.0
        """Seconds that it takes over each message."""
        self.sessions = 0
        self.count = 0
        self.starttls = starttls
        self.tls = tls
        self._keep = keep
        self._port = port
        self._lock = Lock()
        self._server: _Server | None = None
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._log = os.open(log, flags, 0o600) if log else None

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return self._port

    def fail(self, stage: Stage, act: Act = "answer", **details: object) -> None:
        """Queue a `Fault`; several are used up in order."""
        self.faults.append(Fault(stage, act, **details))  # type: ignore[arg-type]

    def start(self) -> None:
        """Listen; again on the same port after `stop`."""
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        serve = self._server.serve_forever
        Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def take(self, sender: str, recipient: str, content: bytes) -> int:
        """Accept responsibility: log the key and the recipient; the queue number."""
        key = key_of(content)
        with self._lock:
            if self._log is not None:
                os.write(self._log, f"{key} {recipient}\n".encode())
            if self._keep:
                self.taken.append(Taken(key, sender, recipient, content))
            self.count += 1
            return self.count

    def fault(self, stage: Stage) -> Fault | None:
        """The fault that is due at this stage, counted down."""
        if not self.faults:
            return None
        with self._lock:
            fault = next((one for one in self.faults if one.stage == stage), None)
            if fault is None:
                return None
            if fault.after > 0:
                fault.after -= 1
                return None
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            return fault


class _Cut(Exception):
    """The double hangs up."""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], double: MailDouble) -> None:
        self.double = double
        self.open: set[socket.socket] = set()
        super().__init__(address, _Session)

    def cut(self) -> None:
        """Reset every open connection."""
        for one in list(self.open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Session(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._double = self.server.double
        self._double.sessions += 1
        self._buffer = b""
        self._replies: list[str] = []
        self._sender: str | None = None
        self._recipient = ""
        self._is_in = self._double.login is None
        self._is_secure = False
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.open.add(self.request)
        try:
            if self._double.tls:
                self._secure(self._double.tls)
            self._say(self._faulty("connect") or "220 double.example ESMTP")
            while self._command(self._line()):
                pass
        except (_Cut, OSError):
            pass
        finally:
            self.server.open.discard(self.request)

    def _command(self, line: bytes) -> bool:
        word = line[:4].upper()
        if word == b"MAIL":
            denied = None if self._is_in else "530 5.7.0 authentication required"
            refusal = self._faulty("mail") or denied
            self._sender = None if refusal else _path(line)
            self._recipient = ""
            self._say(refusal or "250 2.1.0 ok")
        elif word == b"RCPT":
            self._rcpt(_path(line))
        elif word == b"DATA":
            self._data()
        elif word in (b"EHLO", b"HELO"):
            self._hello(word == b"EHLO")
        elif word == b"AUTH":
            self._auth(line)
        elif word == b"STAR" and self._double.starttls and not self._is_secure:
            self._say("220 2.0.0 go ahead")
            self._flush()
            self._secure(self._double.starttls)
        elif word == b"RSET":
            self._recipient = ""
            self._say("250 2.0.0 ok")
        elif word == b"QUIT":
            self._say("221 2.0.0 bye")
            self._flush()
            return False
        else:
            self._say("502 5.5.1 unknown command")
        return True

    def _secure(self, context: ssl.SSLContext) -> None:
        """From here on encrypted; nothing that was said before counts (RFC 3207)."""
        self.server.open.discard(self.request)
        self.request = context.wrap_socket(self.request, server_side=True)
        self.server.open.add(self.request)
        self._buffer = b""
        self._sender, self._recipient = None, ""
        self._is_secure = True

    def _hello(self, is_extended: bool) -> None:
        names = [*self._double.extensions] if is_extended else []
        if is_extended and self._double.starttls and not self._is_secure:
            names.append("STARTTLS")
        elif is_extended and self._double.login:
            names.append("AUTH PLAIN")
        lines = ["double.example", *names]
        for line in lines[:-1]:
            self._say(f"250-{line}")
        self._say(f"250 {lines[-1]}")

    def _auth(self, line: bytes) -> None:
        given = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
        self._is_in = tuple(given) == self._double.login
        good = "235 2.7.0 welcome" if self._is_in else "535 5.7.8 wrong credentials"
        self._say(self._faulty("auth") or good)

    def _rcpt(self, recipient: str) -> None:
        refusal = "503 5.5.1 who from?" if self._sender is None else None
        refusal = refusal or self._faulty("rcpt")
        refusal = refusal or self._double.refused.get(recipient)
        self._recipient = "" if refusal else recipient
        self._say(refusal or "250 2.1.5 ok")

    def _data(self) -> None:
        if not self._recipient:
            self._say("503 5.5.1 no valid recipient")
            return
        refusal = self._faulty("data")
        if refusal:
            self._say(refusal)
            return
        self._say("354 go ahead")
        content = self._content()
        if self._double.delay:
            time.sleep(self._double.delay)
        fault = self._double.fault("content")
        if fault and fault.act == "answer":
            self._say(fault.reply)
            return
        if fault and fault.act == "reset":
            raise _Cut
        number = self._double.take(self._sender or "", self._recipient, content)
        self._recipient = ""
        if fault:
            raise _Cut
        self._say(f"250 2.0.0 ok: queued as {number:08X}")

    def _faulty(self, stage: Stage) -> str | None:
        fault = self._double.fault(stage)
        if fault is None:
            return None
        if fault.act != "answer":
            raise _Cut
        return fault.reply

    def _say(self, reply: str) -> None:
        """Answers to commands that came together go back together (RFC 2920)."""
        self._replies.append(reply)
        if reply.startswith("421"):
            self._flush()
            raise _Cut

    def _flush(self) -> None:
        if self._replies:
            data = "".join(f"{reply}\r\n" for reply in self._replies)
            self._replies.clear()
            self.request.sendall(data.encode())

    def _more(self) -> None:
        self._flush()
        received = self.request.recv(262_144)
        if not received:
            raise _Cut
        self._buffer += received

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._more()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _content(self) -> bytes:
        # The line break before the first line is that of the command.
        self._buffer = b"\r\n" + self._buffer
        while (end := self._buffer.find(b"\r\n.\r\n")) < 0:
            self._more()
        content, self._buffer = self._buffer[2 : end + 2], self._buffer[end + 5 :]
        return content.replace(b"\r\n..", b"\r\n.") if b"\r\n.." in content else content


def key_of(content: bytes) -> str:
    """What stands before the @ in the Message-ID; empty when there is none."""
    found = MESSAGE_ID.search(content[:4096])
    return found[1].decode() if found else ""


def _path(line: bytes) -> str:
    """The address between < and >."""
    return line[line.find(b"<") + 1 : line.rfind(b">")].decode()
