"""A Douyin shop for tests: its double, and streams to it that do not really wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from connectors.client import Pace
from connectors.douyin import Config, streams
from connectors.douyin.client import DouyinClient
from connectors.sandbox.douyin import APP_KEY, APP_SECRET, DouyinDouble
from connectors.sandbox.douyin_json import SHOP, case_number, error, order_number
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.youzan_world import CHINA, Story, World
from tests.connectors.busy_shop import AS_OF, PHONE, UNTIL, make_busy, touchable
from tests.connectors.contract import Case

PATHS = {"orders": "order/searchList", "refunds": "afterSale/List"}
NUMBERS = {"orders": order_number, "refunds": case_number}


class DouyinShop:
    """A double, and streams to it that note their waits instead of waiting."""

    def __init__(self, double: DouyinDouble) -> None:
        self.double = double
        self.world = double.world
        self.waits: list[float] = []

    def config(self, **settings: Any) -> Config:
        """The settings of the shop, as the sources file would have them."""
        given = {
            "base_url": self.double.url,
            "app_key": APP_KEY,
            "app_secret": APP_SECRET,
            "shop_id": str(SHOP),
            "since": UNTIL - timedelta(days=3),
        }
        return Config.model_validate({**given, **settings})

    def streams(self, **settings: Any) -> dict[str, Any]:
        """The streams by name."""
        config = self.config(**settings)
        pace = Pace(read_timeout=5)
        client = DouyinClient("douyin_main", config, pace=pace, sleep=self.waits.append)
        return {one.name: one for one in streams("douyin_main", config, client)}

    def case(self, name: str) -> Case:
        """The stream `name` with small pages, two days before the present."""
        stream = self.streams(page_size=4)[name]
        stories: list[Story] = getattr(self.world, name)
        busy = make_busy(self.world, stories)
        self.world.touch(busy[-1], UNTIL - stream.lag)
        moved: set[tuple[Any, ...]] = set()
        path = PATHS[name]

        def move() -> None:
            asked = self.asked(path)
            start, end = (
                datetime.fromtimestamp(value, CHINA)
                for key, value in sorted(asked.items(), key=lambda one: str(one[1]))
                if key.startswith("update_")
            )
            for story in touchable(self.double, stories, start, end):
                moved.add((NUMBERS[name](story.key),))

        return Case(
            stream,
            UNTIL,
            "updated_at",
            fail=lambda number: self.double.fail_with(
                {}, 500, times=5, path=path, after=number - 1
            ),
            refuse=self.refuse,
            secrets=lambda: [*self.double.secrets, PHONE],
            move=move,
            moved=moved,
        )

    def refuse(self) -> None:
        """Every call, and the answer repeats all that was sent."""

        def echo(seen: Seen) -> Answer | None:
            if "token" in seen.path:
                return None
            sent = f"{dict(seen.query)} {PHONE} {APP_SECRET} {seen.body.decode()}"
            return error(30001, "isv.app-permissions-insufficient", sent)

        self.double.overrule = echo

    def asked(self, path: str) -> dict[str, Any]:
        """What the last call of `path` asked for."""
        body: dict[str, Any] = self.double.calls(path)[-1].json()
        return body


@contextmanager
def douyin_shop() -> Iterator[DouyinShop]:
    """A shop of 150 people."""
    with DouyinDouble(World(13, AS_OF, 150)) as double:
        yield DouyinShop(double)
