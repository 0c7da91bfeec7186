"""A double of a WeChat service account: tokens, followers, template messages."""

import itertools
import os
import time
from pathlib import Path

from connectors.sandbox.server import Answer, Double, Seen

REMEMBERED = 600.0
"""Seconds for which a client_msg_id is recognised per person."""


class WeChatDouble(Double):
    """stable_token and message/template/send."""

    def __init__(
        self,
        port: int = 0,
        log: Path | None = None,
        *,
        app: tuple[str, str] = ("app1", "app1-secret"),
        templates: tuple[str, ...] = ("T01",),
    ) -> None:
        super().__init__(port)
        self.sent: list[dict[str, object]] = []
        self.left: set[str] = set()
        """Openids that follow no more."""
        self.delay = 0.0
        self.token = ""
        self.repeats = 0
        self._app = app
        self._templates = templates
        self._numbers = itertools.count(200_163_836)
        self._tokens = itertools.count(1)
        self._known: dict[tuple[str, str], tuple[float, int]] = {}
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._log = os.open(log, flags, 0o600) if log else None

    def expire_token(self) -> None:
        """The next call with the token of now is refused."""
        self.token = ""

    def answer(self, request: Seen) -> Answer:
        """By path; every errcode comes with status 200, as the platform does it."""
        if request.path == "/cgi-bin/stable_token":
            return self._stable_token(request)
        if request.path == "/cgi-bin/message/template/send":
            return self._send(request)
        return Answer({"errcode": 40066, "errmsg": "invalid url"})

    def _stable_token(self, request: Seen) -> Answer:
        given = request.json()
        if (given.get("appid"), given.get("secret")) != self._app:
            code = 40013 if given.get("appid") != self._app[0] else 40125
            return _error(code)
        if not self.token or given.get("force_refresh"):
            self.token = f"TOKEN-{next(self._tokens)}"
        return Answer({"access_token": self.token, "expires_in": 7200})

    def _send(self, request: Seen) -> Answer:
        if not self.token or request.query.get("access_token") != self.token:
            return _error(42001 if not self.token else 40001)
        if b"\\u" in request.body:
            return _error(47001)
        given = request.json()
        if given.get("template_id") not in self._templates:
            return _error(40037)
        openid = given["touser"]
        if openid in self.left:
            return _error(43004)
        key = (openid, given.get("client_msg_id", ""))
        when, number = self._known.get(key, (0.0, 0))
        if key[1] and number and time.monotonic() - when < REMEMBERED:
            self.repeats += 1
            return Answer({"errcode": 0, "errmsg": "ok", "msgid": number})
        if self.delay:
            time.sleep(self.delay)
        number = next(self._numbers)
        self._known[key] = (time.monotonic(), number)
        self.sent.append(given)
        if self._log is not None:
            os.write(self._log, f"{key[1]} {openid}\n".encode())
        return Answer({"errcode": 0, "errmsg": "ok", "msgid": number})


def _error(code: int) -> Answer:
    return Answer({"errcode": code, "errmsg": f"double says {code} rid: 0-0-0"})
