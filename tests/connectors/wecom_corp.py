"""A corp of WeCom over its double, for the tests of its connector."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Request
from connectors.client import Pace
from connectors.sandbox.wecom import SECRET, WeComDouble
from connectors.sandbox.wecom_corp import AES_KEY, CALLBACK_TOKEN, CORP
from connectors.sandbox.wecom_json import Chat, Contact, Member, Tag
from connectors.wecom import Config, callbacks, streams
from connectors.wecom.client import WeComClient
from connectors.wecom.pushed import WeComCallbacks

NOW = datetime(2026, 1, 10, 4, tzinfo=UTC)
UNTIL = NOW - timedelta(hours=2)
SINCE = datetime(2025, 12, 1, tzinfo=UTC)
AT = int(NOW.timestamp()) - 60
HOUR = 3_600
STAFF = ["lisi", "wangwu", "zhangsan"]


@dataclass
class OpenedCorp:
    """The double and what calls it; waits are noted instead of slept."""

    double: WeComDouble
    now: datetime = NOW
    waits: list[float] = field(default_factory=list)

    def config(self, **settings: Any) -> Config:
        given = {"base_url": f"{self.double.url}/", "page_size": 3, "staff_at_once": 1}
        return config(**{**given, **settings})

    def client(self, **settings: Any) -> WeComClient:
        return WeComClient(
            "wecom",
            self.config(**settings),
            pace=Pace(read_timeout=0.3),
            sleep=self.waits.append,
            clock=lambda: self.now,
        )

    def streams(self, **settings: Any) -> dict[str, Any]:
        """By name."""
        given, client = self.config(**settings), self.client(**settings)
        return {one.name: one for one in streams("wecom", given, client)}


def config(**settings: Any) -> Config:
    """The settings of the double's corp."""
    given = {
        "base_url": "http://127.0.0.1:1",
        "corp_id": CORP,
        "secret": SECRET,
        "since": SINCE,
        "callback_token": CALLBACK_TOKEN,
        "encoding_aes_key": AES_KEY,
    }
    return Config.model_validate({**given, **settings})


@contextmanager
def corp() -> Iterator[OpenedCorp]:
    """Three members with five contacts each, and three groups of four people."""
    with WeComDouble() as double:
        opened = OpenedCorp(double)
        double.clock = lambda: opened.now.timestamp()
        double.staff = list(reversed(STAFF))
        double.tags = [Tag("et1", "等级", "VIP"), Tag("et2", "Regulars", "R-vip")]
        first = int(UNTIL.timestamp()) - 40 * HOUR
        for number in range(15):
            userid, person = STAFF[number % 3], f"wmDemo{number:04d}"
            at = first + 2 * HOUR * number
            made = Contact(userid, person, at, name=f"客户{number}", state="store-7")
            double.contacts.append(made)
        for number in range(3):
            chat = Chat(f"wrDemo{number}", STAFF[number])
            chat.members = [Member(STAFF[number], first, kind=1)]
            chat.members += [
                Member(f"wmGuest{number}{one}", first + one * HOUR, state="poster-1")
                for one in range(3)
            ]
            double.chats[chat.chat_id] = chat
        yield opened


def door(at: datetime = NOW, **settings: Any) -> WeComCallbacks:
    """What takes the pushes of the corp, at a time."""
    found = callbacks("wecom", config(**settings))
    assert found is not None
    found.clock = lambda: at
    return found


def push(double: WeComDouble, fields: Any) -> Request:
    """A push of now, as it arrives."""
    query, body = double.pushed(fields)
    return Request("POST", query, {}, body)
