"""A WooCommerce site for tests: its double, and streams that do not really wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.client import Pace
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.woocommerce import WEBHOOK_SECRET, WooDouble
from connectors.sandbox.woocommerce_json import account_id, error, order_id, refund_id
from connectors.sandbox.woocommerce_keys import KEY, SECRET
from connectors.sandbox.youzan_world import Story, World
from connectors.woocommerce import Config, streams
from connectors.woocommerce.client import WooClient
from tests.connectors.busy_shop import (
    AS_OF,
    PHONE,
    UNTIL,
    make_busy,
    make_refunds_busy,
    touchable,
)
from tests.connectors.contract import Case

PATHS = {
    "orders": "/orders",
    "refunds": "/orders",
    "reviews": "/products/reviews",
    "customers": "/customers",
}


class WooShop:
    """A double, and streams to it that note their waits instead of waiting."""

    def __init__(self, double: WooDouble) -> None:
        self.double = double
        self.world = double.world
        self.waits: list[float] = []

    def config(self, **settings: Any) -> Config:
        """The settings of the shop, as the sources file would have them."""
        given = {
            "base_url": self.double.url,
            "consumer_key": KEY,
            "consumer_secret": SECRET,
            "webhook_secret": WEBHOOK_SECRET,
            "since": UNTIL - timedelta(days=3),
        }
        return Config.model_validate({**given, **settings})

    def streams(self, **settings: Any) -> dict[str, Any]:
        """The streams by name."""
        config = self.config(**settings)
        pace = Pace(read_timeout=5)
        client = WooClient("woo_main", config, pace=pace, sleep=self.waits.append)
        return {one.name: one for one in streams("woo_main", config, client)}

    def case(self, name: str) -> Case:
        """The stream `name` with small pages, two days before the present."""
        make, changed_at = CASES[name]
        stream = self.streams(page_size=4, **SETTINGS.get(name, {}))[name]
        moved: set[tuple[Any, ...]] = set()
        return Case(
            stream,
            UNTIL,
            changed_at,
            fail=lambda number: self.double.fail_with(
                {}, 500, times=5, path=PATHS[name], after=number - 1
            ),
            refuse=self.refuse,
            secrets=lambda: [KEY, SECRET, PHONE],
            move=make(self, UNTIL - stream.lag, moved),
            moved=moved,
        )

    def refuse(self) -> None:
        """Every call, and the answer repeats all that was sent."""

        def echo(seen: Seen) -> Answer:
            sent = f"{dict(seen.query)} {PHONE} {SECRET} {dict(seen.headers)}"
            return error(401, "woocommerce_rest_authentication_error", sent)

        self.double.overrule = echo

    def number(self, story: Story) -> str:
        """What the shop calls an order of the world."""
        return str(order_id(story.key))


def changing(
    shop: WooShop, end: datetime, moved: set[tuple[Any, ...]]
) -> Callable[[], None]:
    """Orders change all the time, and leave the window by it."""
    busy = make_busy(shop.world, shop.world.orders)
    shop.world.touch(busy[-1], end)

    def move() -> None:
        start = UNTIL - timedelta(days=4)
        for story in touchable(shop.double, shop.world.orders, start, end):
            moved.add((shop.number(story),))

    return move


def refunding(
    shop: WooShop, end: datetime, moved: set[tuple[Any, ...]]
) -> Callable[[], None]:
    """Refunded orders change too, and take their refunds along."""
    paid_back = make_refunds_busy(shop.world, end)
    orders = [one for one in shop.world.orders if one.key in paid_back]

    def move() -> None:
        start = UNTIL - timedelta(days=4)
        for story in touchable(shop.double, orders, start, end):
            moved.add((str(refund_id(paid_back[story.key].key)),))

    return move


def reviewing(
    shop: WooShop, end: datetime, moved: set[tuple[Any, ...]]
) -> Callable[[], None]:
    """Reviews are taken away while they are read."""
    shop.world.reviews[0].events[0] = (end, {})

    def move() -> None:
        written = [one for one in shop.world.reviews if one.events[0][0] < end]
        gone = min(written, key=lambda one: one.events[0][0])
        moved.add((gone.key,))
        shop.world.forget(gone)

    return move


def registering(
    shop: WooShop, end: datetime, moved: set[tuple[Any, ...]]
) -> Callable[[], None]:
    """Accounts are closed while the list is read."""
    shop.world.people[1] = replace(shop.world.people[1], created=end)

    def move() -> None:
        known = [one for one in shop.world.people if account_id(one)]
        gone = min(known, key=lambda one: one.created)
        moved.add((str(account_id(gone)),))
        shop.world.forget(gone)

    return move


CASES: dict[str, tuple[Any, str]] = {
    "orders": (changing, "updated_at"),
    "refunds": (refunding, "requested_at"),
    "reviews": (reviewing, "reviewed_at"),
    "customers": (registering, "registered_at"),
}
LONG = {"since": UNTIL - timedelta(days=300)}
SETTINGS: dict[str, dict[str, Any]] = {
    "reviews": {**LONG, "review_overlap": timedelta(days=7)},
    "customers": LONG,
}


@contextmanager
def woo_shop() -> Iterator[WooShop]:
    """A shop of 150 people."""
    with WooDouble(World(17, AS_OF, 150)) as double:
        yield WooShop(double)
