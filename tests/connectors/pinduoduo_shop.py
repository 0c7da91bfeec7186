"""A Pinduoduo shop for tests: its double, and streams to it that do not really wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.client import Pace
from connectors.pinduoduo import Config, streams
from connectors.pinduoduo.client import PinduoduoClient
from connectors.sandbox.pinduoduo import CLIENT_ID, CLIENT_SECRET, PinduoduoDouble
from connectors.sandbox.pinduoduo_json import error, order_number
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.youzan_world import CHINA, Story, World
from tests.connectors.busy_shop import AS_OF, PHONE, SINCE, UNTIL, make_busy, touchable
from tests.connectors.contract import Case


class PinduoduoShop:
    """A double, and streams to it that note their waits instead of waiting."""

    def __init__(self, double: PinduoduoDouble, folder: str) -> None:
        self.double = double
        self.token_file = Path(folder) / "pdd_main.json"
        self.world = double.world
        self.waits: list[float] = []

    def streams(self, **settings: Any) -> dict[str, Any]:
        """The streams by name; `settings` are those of the sources file."""
        given = {
            "base_url": f"{self.double.url}/api/router",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "access_token": self.double.access,
            "refresh_token": self.double.refresh,
            "token_file": self.token_file,
            "since": SINCE,
        }
        config = Config.model_validate({**given, **settings})
        pace = Pace(read_timeout=5)
        client = PinduoduoClient("pdd_main", config, pace=pace, sleep=self.waits.append)
        return {one.name: one for one in streams("pdd_main", config, client)}

    def case(self, name: str) -> Case:
        """The stream `name` with small pages, two days before the present."""
        stream = self.streams(page_size=2)[name]
        stories = getattr(self.world, name)
        busy = make_busy(self.world, stories)
        self.world.touch(busy[-1], UNTIL - stream.lag)
        moved: set[tuple[Any, ...]] = set()

        def move() -> None:
            start, end = (
                datetime.fromtimestamp(int(self.asked()[key]), CHINA)
                for key in ("start_updated_at", "end_updated_at")
            )
            for story in touchable(self.double, stories, start, end):
                moved.add((self.key(name, story),))

        return Case(
            stream,
            UNTIL,
            "updated_at",
            fail=self.fail,
            refuse=self.refuse,
            secrets=lambda: [*self.double.secrets, PHONE],
            move=move,
            moved=moved,
        )

    def key(self, name: str, story: Story) -> str:
        """The number that the platform has for one of the world's stories."""
        if name == "orders":
            return order_number(story.key)
        return str(90_000_000 + int(story.key[14:]))

    def fail(self, number: int) -> None:
        """All five tries of the n-th page."""
        self.double.fail_with({}, 500, times=5, path="router", after=number - 1)

    def refuse(self) -> None:
        """Every call, and the answer repeats all that was sent."""

        def echo(seen: Seen) -> Answer:
            return error(20031, f"{seen.body.decode()} {PHONE} {CLIENT_SECRET}")

        self.double.overrule = echo

    def asked(self) -> dict[str, str]:
        """What the last call asked for."""
        return self.double.seen[-1].form()


@contextmanager
def pinduoduo_shop() -> Iterator[PinduoduoShop]:
    """A shop of 150 people."""
    with TemporaryDirectory() as folder, PinduoduoDouble(World(11, AS_OF, 150)) as one:
        yield PinduoduoShop(one, folder)
