"""An official account over its double, for the tests of its connector."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Request
from connectors.client import Pace
from connectors.sandbox.wechat_official import (
    AES_KEY,
    APP,
    CALLBACK_TOKEN,
    SECRET,
    WeChatOfficialDouble,
)
from connectors.wechat import Config, callbacks, streams
from connectors.wechat.client import WeChatClient
from connectors.wechat.pushed import WeChatCallbacks

NOW = datetime(2026, 1, 10, 4, tzinfo=UTC)
UNTIL = NOW - timedelta(hours=2)
SINCE = datetime(2025, 12, 1, tzinfo=UTC)
HOUR = 3_600


@dataclass
class Account:
    """The double and what calls it; waits are noted instead of slept."""

    double: WeChatOfficialDouble
    now: datetime = NOW
    waits: list[float] = field(default_factory=list)

    def config(self, **settings: Any) -> Config:
        given = {"base_url": f"{self.double.url}/", "page_size": 3}
        return config(**{**given, **settings})

    def client(self, **settings: Any) -> WeChatClient:
        return WeChatClient(
            "wechat",
            self.config(**settings),
            pace=Pace(read_timeout=0.3),
            sleep=self.waits.append,
            clock=lambda: self.now,
        )


def config(**settings: Any) -> Config:
    """The settings of the double's account."""
    given = {
        "base_url": "http://127.0.0.1:1",
        "app_id": APP,
        "secret": SECRET,
        "since": SINCE,
        "callback_token": CALLBACK_TOKEN,
        "encoding_aes_key": AES_KEY,
    }
    return Config.model_validate({**given, **settings})


@contextmanager
def account(followers: int = 14) -> Iterator[Account]:
    """An account that somebody began to follow every two hours."""
    with WeChatOfficialDouble() as double:
        opened = Account(double)
        double.clock = lambda: opened.now.timestamp()
        double.tags[101] = "VIP"
        first = int(UNTIL.timestamp()) - 2 * HOUR * followers
        for number in range(followers):
            double.follow(
                f"oDemo{number:04d}",
                first + 2 * HOUR * number,
                unionid=f"uDemo{number:04d}",
                code=f"store-{number % 3}",
                scene="ADD_SCENE_QR_CODE",
                tags=[101] if number % 2 else [],
            )
        yield opened


def opened(wechat: Account, **settings: Any) -> dict[str, Any]:
    """The streams by name."""
    given, client = wechat.config(**settings), wechat.client(**settings)
    return {one.name: one for one in streams("wechat", given, client)}


def door(at: datetime = NOW, **settings: Any) -> WeChatCallbacks:
    found = callbacks("wechat", config(**settings))
    assert found is not None
    found.clock = lambda: at
    return found


def sealed(double: WeChatOfficialDouble, fields: Any) -> Request:
    query, body = double.pushed(fields, is_sealed=True)
    return Request("POST", query, {}, body)
