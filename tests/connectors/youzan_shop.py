"""A Youzan shop for tests: its double, and streams to it that do not really wait."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.client import Pace
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET, SHOP, YouzanDouble
from connectors.sandbox.youzan_json import business_error
from connectors.sandbox.youzan_world import CHINA, Contact
from connectors.youzan import Config, streams
from connectors.youzan.client import YouzanClient
from tests.connectors.contract import Case

AS_OF = datetime(2011, 12, 10, 9, tzinfo=CHINA)
SINCE = datetime(2011, 8, 1, tzinfo=CHINA)
UNTIL = AS_OF - timedelta(days=2)
CONTACT = Contact("13800000001", "lin@example.com", "林小满")


class Shop:
    """A double, and streams to it that note their waits instead of waiting."""

    def __init__(self, double: YouzanDouble) -> None:
        self.double = double
        self.world = double.world
        self.waits: list[float] = []

    def streams(self, **settings: Any) -> dict[str, Any]:
        """The streams by name; `settings` are those of the sources file."""
        given = {
            "base_url": self.double.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "grant_id": SHOP,
            "since": SINCE,
            "page_size": 20,
        }
        config = Config.model_validate({**given, **settings})
        pace = Pace(read_timeout=5)
        client = YouzanClient("youzan_main", config, pace=pace, sleep=self.waits.append)
        return {one.name: one for one in streams("youzan_main", config, client)}

    def case(self, name: str, changed_at: str) -> Case:
        """The stream `name` with small pages, two days before the present."""
        stream = self.streams(page_size=3)[name]
        end = UNTIL - stream.lag
        self.world.touch(self.world.orders[0], end)
        self.world.touch(self.world.refunds[0], end)
        self.world.reviews[0].events[0] = (end, {})
        self.world.people[1] = replace(self.world.people[1], created=end)
        return Case(
            stream,
            UNTIL,
            changed_at,
            fail=lambda number: self.fail(stream, number),
            refuse=self.refuse,
            secrets=lambda: [CLIENT_SECRET, CONTACT.phone, *self.double.tokens],
        )

    def fail(self, stream: Any, number: int) -> None:
        """All five tries of the n-th page."""
        self.double.fail_with({}, 500, times=5, path=stream.api, after=number - 1)

    def refuse(self) -> None:
        """Every call, and the answer repeats all that was sent."""

        def echo(seen: Seen) -> Answer | None:
            if "/api/" not in seen.path:
                return None
            sent = f"{seen.query} {CONTACT.phone} {CLIENT_SECRET} {seen.body.decode()}"
            return business_error(4007, sent)

        self.double.overrule = echo

    def asked(self, stream: Any) -> dict[str, Any]:
        """What the last call for `stream` asked for."""
        body: dict[str, Any] = self.double.calls(stream.api)[-1].json()
        return body
