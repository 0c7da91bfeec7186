"""A Taobao shop for tests: its double, and streams to it that do not really wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.client import Pace
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.taobao import APP_KEY, APP_SECRET, TaobaoDouble
from connectors.sandbox.taobao_json import (
    error,
    line_number,
    refund_number,
    trade_number,
)
from connectors.sandbox.youzan_world import CHINA, Story, World
from connectors.taobao import Config, streams
from connectors.taobao.client import TaobaoClient
from tests.connectors.busy_shop import AS_OF, PHONE, SINCE, UNTIL, make_busy, touchable
from tests.connectors.contract import Case

LONG_AGO = UNTIL - timedelta(days=90)


class TaobaoShop:
    """A double, and streams to it that note their waits instead of waiting."""

    def __init__(self, double: TaobaoDouble, folder: str) -> None:
        self.double = double
        self.token_file = Path(folder) / "tb_main.json"
        self.world = double.world
        self.waits: list[float] = []

    def streams(self, **settings: Any) -> dict[str, Any]:
        """The streams by name; `settings` are those of the sources file."""
        given = {
            "base_url": f"{self.double.url}/router/rest",
            "token_url": f"{self.double.url}/token",
            "app_key": APP_KEY,
            "app_secret": APP_SECRET,
            "access_token": self.double.access,
            "refresh_token": self.double.refresh,
            "token_file": self.token_file,
            "since": SINCE,
        }
        config = Config.model_validate({**given, **settings})
        pace = Pace(read_timeout=5)
        client = TaobaoClient("tb_main", config, pace=pace, sleep=self.waits.append)
        return {one.name: one for one in streams("tb_main", config, client)}

    def case(self, name: str) -> Case:
        """The stream `name` with small pages, two days before the present."""
        stream = self.streams(page_size=2)[name]
        stories = getattr(self.world, name)
        busy = make_busy(self.world, stories)
        self.world.touch(busy[-1], UNTIL - stream.lag)
        case = self._case(stream, UNTIL, "updated_at")

        def move() -> None:
            start, end = self.asked("modified")
            for story in touchable(self.double, stories, start, end):
                case.moved.add((self.key(name, story),))

        case.move = move
        return case

    def review_case(self) -> Case:
        """Ratings of three months; those that move have been taken away."""
        stream = self.streams(page_size=3, since=LONG_AGO)["reviews"]
        written = sorted(one.events[0][0] for one in self.world.reviews)
        until = next(one for one in reversed(written) if one < UNTIL) + stream.lag
        case = self._case(stream, until, "reviewed_at")

        def move() -> None:
            start, end = self.asked("date")
            listed = self.double.found("", self.world.reviews, start, end, "created")
            if listed and len(case.moved) < 4:
                key = listed[-1]["key"]
                gone = next(one for one in self.world.reviews if one.key == key)
                case.moved.add((self.key("reviews", gone),))
                self.world.forget(gone)

        case.move = move
        return case

    def key(self, name: str, story: Story) -> str:
        """The number that the platform has for one of the world's stories."""
        if name == "orders":
            return str(trade_number(story.key))
        if name == "refunds":
            return refund_number(story.key)
        return str(line_number(story.facts["line"]["oid"]))

    def fail(self, number: int) -> None:
        """All five tries of the n-th page."""
        self.double.fail_with({}, 500, times=5, path="router", after=number - 1)

    def refuse(self) -> None:
        """Every call, and the answer repeats all that was sent."""

        def echo(seen: Seen) -> Answer:
            return error(12, f"{seen.body.decode()} {PHONE} {APP_SECRET}")

        self.double.overrule = echo

    def asked(self, name: str) -> tuple[datetime, datetime]:
        """The two times that the last call asked for."""
        form = self.double.seen[-1].form()
        start, end = (
            datetime.fromisoformat(form[f"{edge}_{name}"]).replace(tzinfo=CHINA)
            for edge in ("start", "end")
        )
        return start, end

    def _case(self, stream: Any, until: datetime, changed_at: str) -> Case:
        return Case(
            stream,
            until,
            changed_at,
            fail=self.fail,
            refuse=self.refuse,
            secrets=lambda: [*self.double.secrets, PHONE],
        )


@contextmanager
def taobao_shop() -> Iterator[TaobaoShop]:
    """A shop of 150 people."""
    with TemporaryDirectory() as folder, TaobaoDouble(World(13, AS_OF, 150)) as one:
        yield TaobaoShop(one, folder)
