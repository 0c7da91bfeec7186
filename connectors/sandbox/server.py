"""A double of an HTTP platform on loopback: records what came, fails as it is told."""

import json
import socket
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

# answer: this status and body instead of the double's own; reset: cut the line
# unheard; silent: hear it, do it, never answer; half: answer, but cut the line
# half-way.
Act = Literal["answer", "reset", "silent", "half"]


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; header names are lower-case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON, None when it is empty or is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        """The body as form fields."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """What goes back: JSON unless it is bytes."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body as it goes over the line."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode()


@dataclass
class Fault:
    """Goes wrong for the next `times` requests whose path contains `path`.

    Requests that match are let through until `after` of them have passed.
    """

    act: Act = "answer"
    answer: Answer = field(default_factory=lambda: Answer({}, 500))
    times: int = 1
    path: str = ""
    after: int = 0


class Double(ABC):
    """A platform's double; subclasses say how they `answer`. Use it with `with`."""

    def __init__(self, port: int = 0) -> None:
        self.seen: list[Seen] = []
        self.faults: deque[Fault] = deque()
        self.overrule: Callable[[Seen], Answer | None] | None = None
        """Answers instead of the double whenever it returns something."""
        self._lock = Lock()
        self._ended = Event()
        self._server: _Server | None = None
        self._port = port

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @abstractmethod
    def answer(self, request: Seen) -> Answer:
        """What the platform would say; called by one thread at a time."""

    def fail(self, act: Act = "answer", **details: Any) -> None:
        """Queue a `Fault`; several are used up in order."""
        self.faults.append(Fault(act, **details))

    def fail_with(
        self,
        body: Any,
        status: int = 200,
        *,
        times: int = 1,
        path: str = "",
        after: int = 0,
        **headers: str,
    ) -> None:
        """Queue this answer; `Retry_After="1"` becomes the header Retry-After."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = Answer(body, status, named)
        self.faults.append(Fault("answer", answer, times, path, after))

    def calls(self, path: str) -> list[Seen]:
        """The requests so far whose path contains `path`."""
        return [seen for seen in self.seen if path in seen.path]

    def start(self) -> None:
        """Listen; again on the same port after `stop`."""
        self._ended.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        serve = self._server.serve_forever
        Thread(target=serve, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        self._ended.set()
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
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def hear(self, request: Seen) -> tuple[Act, Answer]:
        """Record a request, take the fault that is due, else the platform's answer."""
        with self._lock:
            self.seen.append(request)
            fault = self._due(request)
            if fault and fault.act in ("reset", "answer"):
                return fault.act, fault.answer
            overruled = self.overrule(request) if self.overrule else None
            return fault.act if fault else "answer", overruled or self.answer(request)

    def wait_for_end(self) -> None:
        """Until `stop`; for answers that never come."""
        self._ended.wait()

    def _due(self, request: Seen) -> Fault | None:
        for fault in self.faults:
            if fault.path not in request.path:
                continue
            if fault.after > 0:
                fault.after -= 1
                return None
            fault.times -= 1
            if fault.times <= 0:
                self.faults.remove(fault)
            return fault
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], double: Double) -> None:
        self.double = double
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """End kept-alive connections, which would outlive the listening socket."""
        for line in list(self._open):
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body leave in one packet.
    wbufsize = -1
    server: _Server

    def _respond(self) -> None:
        act, answer = self.server.double.hear(self._request())
        if act == "reset":
            self._cut()
            return
        if act == "silent":
            self.server.double.wait_for_end()
            self._cut()
            return
        body = answer.encoded()
        self.send_response(answer.status)
        if "Content-Type" not in answer.headers:
            self.send_header("Content-Type", "application/json;charset=UTF-8")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if act == "half" else body)
        self.wfile.flush()
        if act == "half":
            self._cut()

    def _request(self) -> Seen:
        address = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        body = self.rfile.read(length)
        return Seen(self.command, address.path, query, headers, body)

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_PUT = do_DELETE = _respond

    def log_message(self, format: str, *args: Any) -> None:
        """`seen` is the log."""
