"""A JD shop for tests: its double, and streams to it that do not really wait."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.client import Pace
from connectors.jd import Config, streams
from connectors.jd.client import JdClient
from connectors.sandbox.jd import APP_KEY, APP_SECRET, JdDouble
from connectors.sandbox.jd_json import error, order_number, refund_number
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.youzan_world import CHINA, Story, World
from tests.connectors.busy_shop import AS_OF, PHONE, SINCE, UNTIL, make_busy, touchable
from tests.connectors.contract import Case

LONG_AGO = UNTIL - timedelta(days=60)


class JdShop:
    """A double, and streams to it that note their waits instead of waiting."""

    def __init__(self, double: JdDouble, folder: str) -> None:
        self.double = double
        self.token_file = Path(folder) / "jd_main.json"
        self.world = double.world
        self.paid = [one for one in self.world.orders if is_paid(one)]
        self.waits: list[float] = []

    def streams(self, **settings: Any) -> dict[str, Any]:
        """The streams by name; `settings` are those of the sources file."""
        given = {
            "base_url": f"{self.double.url}/routerjson",
            "token_url": f"{self.double.url}/oauth2/refresh_token",
            "app_key": APP_KEY,
            "app_secret": APP_SECRET,
            "access_token": self.double.access,
            "refresh_token": self.double.refresh,
            "token_file": self.token_file,
            "since": SINCE,
        }
        config = Config.model_validate({**given, **settings})
        pace = Pace(read_timeout=5)
        client = JdClient("jd_main", config, pace=pace, sleep=self.waits.append)
        return {one.name: one for one in streams("jd_main", config, client)}

    def case(self, name: str) -> Case:
        """Orders or refunds with small pages, two days before the present."""
        stream = self.streams(page_size=2, window=7200)[name]
        stories = self.paid if name == "orders" else self.double.cancelled
        busy = make_busy(self.world, stories)
        self.world.touch(busy[-1], UNTIL - stream.lag)
        case = self._case(stream, UNTIL, "updated_at")

        def move() -> None:
            for story in touchable(self.double, stories, *self.asked()):
                case.moved.add((self.key(name, story),))

        case.move = move
        return case

    def return_case(self) -> Case:
        """Returns of two months; their places in the list stay."""
        settings = {"page_size": 2, "since": LONG_AGO, "return_overlap": 86_400 * 12}
        return self._case(self.streams(**settings)["returns"], UNTIL, None)

    def review_case(self) -> Case:
        """Comments of two months; those that move have been taken away."""
        stream = self.streams(page_size=3, since=LONG_AGO)["reviews"]
        written = sorted(one.events[0][0] for one in self.world.reviews)
        until = next(one for one in reversed(written) if one < UNTIL) + stream.lag
        case = self._case(stream, until, "reviewed_at")

        def move() -> None:
            listed = self.double.found(
                "", self.world.reviews, *self.asked(), by="created"
            )
            if listed and len(case.moved) < 4:
                key = listed[0]["key"]
                gone = next(one for one in self.world.reviews if one.key == key)
                case.moved.add((self.key("reviews", gone),))
                self.world.forget(gone)

        case.move = move
        return case

    def key(self, name: str, story: Story) -> str:
        """The number that the platform has for one of the world's stories."""
        if name == "orders":
            return order_number(story.key)
        if name == "refunds":
            return str(refund_number(story.key))
        return f"c{story.key}"

    def fail(self, number: int) -> None:
        """All five tries of the n-th page."""
        self.double.fail_with({}, 500, times=5, path="router", after=number - 1)

    def refuse(self) -> None:
        """Every call, and the answer repeats all that was sent."""

        def echo(seen: Seen) -> Answer:
            return error(24, f"{seen.body.decode()} {PHONE} {APP_SECRET}")

        self.double.overrule = echo

    def question(self) -> dict[str, Any]:
        """The parameters of the last call."""
        return question_of(self.double.seen[-1])

    def asked(self) -> tuple[datetime, datetime]:
        """The two times that the last call asked for."""
        times = sorted(
            datetime.fromisoformat(value).replace(tzinfo=CHINA)
            for value in self.question().values()
            if isinstance(value, str) and value.startswith("20") and ":" in value
        )
        return times[0], times[1]

    def _case(self, stream: Any, until: datetime, changed_at: str | None) -> Case:
        return Case(
            stream,
            until,
            changed_at,
            fail=self.fail,
            refuse=self.refuse,
            secrets=lambda: [*self.double.secrets, PHONE],
        )


def is_paid(story: Story) -> bool:
    """Whether JD shows this order before the busy hours."""
    state = story.at(SINCE)
    return state is not None and "paid" in state


def question_of(seen: Seen) -> dict[str, Any]:
    """The parameters of one call."""
    asked: dict[str, Any] = json.loads(seen.form()["360buy_param_json"])
    return asked


@contextmanager
def jd_shop() -> Iterator[JdShop]:
    """A shop of 200 people."""
    with TemporaryDirectory() as folder, JdDouble(World(17, AS_OF, 200)) as one:
        yield JdShop(one, folder)
