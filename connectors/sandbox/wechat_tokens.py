"""The tokens of an official account's double: stable, plain, by force, superseded."""

import itertools
import time
from collections.abc import Callable
from typing import Any

from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.wechat import WeChatDouble

TOKEN_LIFE = 7_200
BOTH_VALID = 300


class TokenDouble(WeChatDouble):
    """`clock` is the time of day in seconds, for tokens and pushes."""

    def __init__(self, port: int = 0, *, app: tuple[str, str]) -> None:
        super().__init__(port, app=app)
        self.is_whitelisted = True
        self.clock: Callable[[], float] = time.time
        self.forced: list[float] = []
        self._ends: dict[str, float] = {}
        self._next_token = itertools.count(1)

    def expire_token(self) -> None:
        """The tokens that were given end now."""
        self._ends = dict.fromkeys(self._ends, 0.0)
        self.token = ""

    def supersede_token(self) -> None:
        """Another server got a token by force: those that were given are no more."""
        self._ends.clear()
        self.token = ""

    def refused_token(self, token: str | None) -> int:
        """The errcode for a call with this token, 0 when it may pass."""
        if token is None:
            return 41001
        if token not in self._ends:
            return 40001
        return 0 if self._ends[token] > self.clock() else 42001

    def _stable_token(self, request: Seen) -> Answer:
        given, now = request.json(), self.clock()
        refused = self._unknown(given.get("appid"), given.get("secret"))
        if refused:
            return failed(refused)
        if given.get("force_refresh"):
            if len(self.forced) >= 20 or (self.forced and now < self.forced[-1] + 30):
                return failed(45009)
            self.forced.append(now)
            self._ends.pop(self.token, None)
            self._grant(now)
        elif self._ends.get(self.token, 0) - BOTH_VALID <= now:
            self._grant(now)
        left = max(BOTH_VALID, int(self._ends[self.token] - now))
        return Answer({"access_token": self.token, "expires_in": left})

    def plain_token(self, request: Seen) -> Answer:
        """The old way: each new token ends the one before, within five minutes."""
        given = request.query
        refused = self._unknown(given.get("appid"), given.get("secret"))
        if refused:
            return failed(refused)
        now = self.clock()
        for old, ends in self._ends.items():
            self._ends[old] = min(ends, now + BOTH_VALID)
        self._grant(now)
        return Answer({"access_token": self.token, "expires_in": TOKEN_LIFE})

    def _unknown(self, app: Any, secret: Any) -> int:
        if not self.is_whitelisted:
            return 40164
        return 40013 if app != self._app[0] else 40125 if secret != self._app[1] else 0

    def _grant(self, now: float) -> None:
        self.token = f"{next(self._next_token):03d}_demoToken"
        self._ends[self.token] = now + TOKEN_LIFE


def failed(code: int) -> Answer:
    """An error as WeChat tells it."""
    said = f"double says {code} rid: 0000-0000-0000"
    return Answer({"errcode": code, "errmsg": said})
