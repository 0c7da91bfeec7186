"""A double of Douyin's open platform: comments to list, and signed pushes to send."""

import hashlib
import json
import random
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.server import Answer, Double, Seen

Body = dict[str, Any]

CLIENT_KEY = "awdemoclientkey"
CLIENT_SECRET = "douyin-demo-secret-0001"
ACCOUNT = "o-the-shop"
VIDEOS = ("@video-1/Aa==", "@video-2/Bb==")
WORDS = ("好看", "在哪里买？", "已经回购三次了😊", "包装很用心", "尺寸有点小")
ACCESS_LIFE = 1_296_000
TRIES, PATIENCE = 3, 5.0


class DouyinAccountDouble(Double):
    """One account whose videos got `comments` each in the 60 days before `now`."""

    def __init__(self, now: datetime, comments: int = 30, port: int = 0) -> None:
        super().__init__(port)
        self.clock: Callable[[], float] = time.time
        self.calls_left: int | None = None
        """How many calls of this day are left."""
        self.refresh = "rft." + uuid.uuid4().hex
        self._ends: dict[str, float] = {}
        self.access = self.grant()
        dice = random.Random(3)
        self.comments: dict[str, list[Body]] = {
            video: [self._comment(dice, now) for _ in range(comments)]
            for video in VIDEOS
        }
        for listed in self.comments.values():
            listed.sort(key=lambda one: int(one["create_time"]), reverse=True)

    @property
    def secrets(self) -> list[str]:
        """All tokens given so far, and the secret."""
        return [*self._ends, self.refresh, CLIENT_SECRET]

    def grant(self) -> str:
        """Another access token."""
        access = "act." + uuid.uuid4().hex
        self._ends[access] = self.clock() + ACCESS_LIFE
        return access

    def expire_tokens(self) -> None:
        """Every access token given so far is over."""
        self._ends = dict.fromkeys(self._ends, 0.0)

    def answer(self, request: Seen) -> Answer:
        """Route one call; errors come with HTTP 200, in two places."""
        if request.path == "/oauth/refresh_token/":
            return self._renew(request.form())
        if request.path != "/api/apps/v1/item/list_comment/":
            return _error(2100005, "参数不合法")
        return self._kept_out(request) or self._listed(request.query)

    def pushed(
        self,
        event: str,
        content: Body,
        *,
        who: str = "o-somebody",
        to: str = ACCOUNT,
        is_text: bool = True,
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of a push; newer events have their content as text."""
        body: Body = {
            "event": event,
            "client_key": CLIENT_KEY,
            "from_user_id": who,
            "to_user_id": to,
            "content": json.dumps(content, ensure_ascii=False) if is_text else content,
            "log_id": uuid.uuid4().hex,
        }
        encoded = json.dumps(body, ensure_ascii=False).encode()
        headers = {"x-douyin-signature": sign(encoded, CLIENT_SECRET)}
        return {**headers, "msg-id": uuid.uuid4().hex}, encoded

    def deliver(self, address: str, headers: Body, body: bytes) -> bytes | None:
        """Push to `address` up to three times; None when nobody answers with 200."""
        for _ in range(TRIES):
            request = urllib.request.Request(address, body, headers, method="POST")
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                    heard: bytes = response.read()
                    return heard
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                continue
        return None

    def _comment(self, dice: random.Random, now: datetime) -> Body:
        written = now - timedelta(seconds=dice.randrange(60, 60 * 86_400))
        return {
            "comment_id": f"@{dice.getrandbits(80):020x}",
            "comment_user_id": f"o-{dice.randrange(40):04d}",
            "content": dice.choice(WORDS),
            "create_time": int(written.timestamp()),
            "digg_count": 0,
            "reply_comment_total": 0,
            "top": False,
        }

    def _kept_out(self, request: Seen) -> Answer | None:
        ends = self._ends.get(request.headers.get("access-token", ""), 0)
        if ends <= self.clock():
            return _error(28001008, "access_token过期,请刷新或重新授权")
        if request.query.get("open_id") != ACCOUNT:
            return _error(28001015, "access_token与open_id不匹配")
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                return _error(2190001, "quota已用完")
        return None

    def _listed(self, query: Any) -> Answer:
        comments = self.comments.get(query.get("item_id", ""))
        count = int(query.get("count", 0))
        if comments is None or not 1 <= count <= 50:
            return _error(2100005, "参数不合法")
        start = int(query.get("cursor", 0))
        end = start + count
        more = {"cursor": end, "has_more": end < len(comments)}
        return _success({**more, "list": comments[start:end]})

    def _renew(self, form: dict[str, str]) -> Answer:
        wanted = {"client_key": CLIENT_KEY, "grant_type": "refresh_token"}
        if any(form.get(name) != value for name, value in wanted.items()):
            return _error(28001007, "参数错误")
        if form.get("refresh_token") != self.refresh:
            return _error(28001008, "refresh_token过期")
        self.access = self.grant()
        granted = {
            "access_token": self.access,
            "expires_in": ACCESS_LIFE,
            "refresh_token": self.refresh,
            "refresh_expires_in": 2_592_000,
            "open_id": ACCOUNT,
            "scope": "user_info,ma.item.comment",
        }
        return _success(granted)


def sign(body: bytes, secret: str) -> str:
    """The signature of a push over its bytes."""
    digest = hashlib.sha1(secret.encode(), usedforsecurity=False)
    digest.update(body)
    return digest.hexdigest()


def _success(data: Body) -> Answer:
    extra = {"error_code": 0, "description": "", "logid": "demo", "now": 1_700_000_000}
    return Answer(
        {"data": {"error_code": 0, "description": "", **data}, "extra": extra}
    )


def _error(code: int, message: str) -> Answer:
    told = {"error_code": code, "description": message}
    return Answer({"data": told, "extra": {**told, "logid": "demo"}})
