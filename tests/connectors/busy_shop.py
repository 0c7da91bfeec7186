"""An invented shop on a busy day: what the tests of several platforms need of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.shop_double import ShopDouble
from connectors.sandbox.youzan_world import CHINA, Story, World

AS_OF = datetime(2011, 12, 10, 9, tzinfo=CHINA)
UNTIL = AS_OF - timedelta(days=2)
SINCE = UNTIL - timedelta(hours=3)
PHONE = "13800000001"


def make_busy(world: World, stories: list[Story], count: int = 40) -> list[Story]:
    """Change `count` of them within the three hours before `UNTIL`."""
    some = [one for one in stories if one.at(SINCE)][:count]
    for number, story in enumerate(some):
        world.touch(story, SINCE + number * timedelta(hours=3) / count)
    return some


def make_refunds_busy(world: World, end: datetime) -> dict[str, Story]:
    """Change every order that was refunded, the last with its refund at `end`.

    The refunds come back, by the key of their order.
    """
    refunds = {
        one.facts["tid"]: one
        for one in world.refunds
        if (state := one.at(end)) and state["status"] == "SUCCESS"
    }
    orders = make_busy(world, [one for one in world.orders if one.key in refunds])
    last = refunds[orders[-1].key]
    last.events[-1] = (end, last.events[-1][1])
    world.touch(orders[-1], end)
    return {one.key: refunds[one.key] for one in orders}


def touchable(
    double: ShopDouble, stories: list[Story], start: datetime, end: datetime
) -> list[Story]:
    """Edit the oldest and the newest that changed in [start, end]; returns them."""

    def changed(story: Story) -> datetime:
        state = story.at(AS_OF)
        return state["updated"] if state else AS_OF

    inside = sorted(
        (story for story in stories if start <= changed(story) <= end), key=changed
    )
    touched = inside[:1] + inside[1:][-1:]
    for story in touched:
        double.world.touch(story, AS_OF - timedelta(hours=1))
    return touched


class Clock:
    """A time of day, in seconds and as a moment, that only sleeping moves."""

    def __init__(self) -> None:
        self.slept = 0.0
        self.start = datetime.now(UTC)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.slept)

    def seconds(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def pulled(
    stream: Any, cursor: str | None = None, until: datetime = UNTIL
) -> list[dict[str, Any]]:
    """The rows of one pull, by column."""
    return [
        dict(zip(stream.columns, row, strict=True))
        for page in stream.pull(cursor, until)
        for record in page.records
        for row in stream.rows(record)
    ]
