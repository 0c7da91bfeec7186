"""A Shopify shop for tests: its double, and streams that do not really wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from connectors.client import Pace
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shopify import SHOP, ShopifyDouble
from connectors.sandbox.shopify_json import customer_id, order_id, refund_id
from connectors.sandbox.shopify_tokens import CLIENT_SECRET
from connectors.sandbox.youzan_world import World
from connectors.shopify import Config, streams
from connectors.shopify.client import ShopifyClient
from tests.connectors.busy_shop import (
    AS_OF,
    PHONE,
    UNTIL,
    Clock,
    make_busy,
    make_refunds_busy,
    pulled,
    touchable,
)
from tests.connectors.contract import Case

Row = dict[str, Any]
Moved = set[tuple[Any, ...]]


class ShopifyShop:
    """A double, and streams to it that note their waits instead of waiting."""

    def __init__(self, double: ShopifyDouble) -> None:
        self.double = double
        self.world = double.world
        self.waits: list[float] = []
        self.clock = Clock()
        double.clock = self.clock.seconds

    def config(self, **settings: Any) -> Config:
        """The settings of the shop, as the sources file would have them."""
        given = {
            "base_url": self.double.url,
            "domain": SHOP,
            "access_token": self.double.access,
            "client_secret": CLIENT_SECRET,
            "since": UNTIL - timedelta(days=3),
        }
        return Config.model_validate({**given, **settings})

    def streams(self, **settings: Any) -> dict[str, Any]:
        """The streams by name."""
        config = self.config(**settings)
        pace = Pace(read_timeout=5)
        client = ShopifyClient(
            "shopify_main", config, pace=pace, sleep=self.wait, clock=self.clock.now
        )
        return {one.name: one for one in streams("shopify_main", config, client)}

    def wait(self, seconds: float) -> None:
        """Note the wait; meanwhile the bucket fills, since the clock is theirs too."""
        self.waits.append(seconds)
        self.clock.sleep(seconds)

    def case(self, name: str) -> Case:
        """The stream `name` with small pages, two days before the present."""
        since = UNTIL - timedelta(days=300 if name == "customers" else 3)
        size = 4 if name == "orders" else 1
        stream = self.streams(page_size=size, since=since)[name]
        moved: Moved = set()
        return Case(
            stream,
            UNTIL,
            "updated_at",
            fail=lambda number: self.double.fail_with(
                {}, 500, times=5, path="graphql", after=number - 1
            ),
            refuse=self.refuse,
            secrets=lambda: [*self.double.secrets, PHONE],
            move=MOVES[name](self, UNTIL - stream.lag, moved),
            moved=moved,
        )

    def refuse(self) -> None:
        """Every call, and the answer repeats all that was sent."""

        def echo(seen: Seen) -> Answer:
            sent = f"{dict(seen.headers)} {PHONE} {CLIENT_SECRET} {seen.body.decode()}"
            code = {"code": "ACCESS_DENIED"}
            return Answer({"errors": [{"message": sent, "extensions": code}]})

        self.double.overrule = echo


def ordering(shop: ShopifyShop, end: Any, moved: Moved) -> Callable[[], None]:
    """Orders change all the time, and leave the window by it."""
    busy = make_busy(shop.world, shop.world.orders)
    shop.world.touch(busy[-1], end)

    def move() -> None:
        start = UNTIL - timedelta(days=4)
        for story in touchable(shop.double, shop.world.orders, start, end):
            moved.add((str(order_id(story.key)),))

    return move


def refunding(shop: ShopifyShop, end: Any, moved: Moved) -> Callable[[], None]:
    """Refunded orders change too, and take their refunds along."""
    paid_back = make_refunds_busy(shop.world, end)
    orders = [one for one in shop.world.orders if one.key in paid_back]

    def move() -> None:
        start = UNTIL - timedelta(days=4)
        for story in touchable(shop.double, orders, start, end):
            moved.add((str(refund_id(paid_back[story.key].key)),))

    return move


def registering(shop: ShopifyShop, end: Any, moved: Moved) -> Callable[[], None]:
    """Customers change, and leave the window by it."""
    people = sorted(shop.world.people, key=lambda one: one.created)
    shop.double.changed_people[people[0].open_id] = end
    known = iter([one for one in people if one.created < end])

    def move() -> None:
        person = next(known, None)
        if person is not None:
            changed = AS_OF - timedelta(hours=1)
            shop.double.changed_people[person.open_id] = changed
            moved.add((str(customer_id(person)),))

    return move


MOVES: dict[str, Any] = {
    "orders": ordering,
    "refunds": refunding,
    "customers": registering,
}


def told(stream: Any, cursor: str | None = None, until: Any = UNTIL) -> list[Row]:
    """The rows of one pull by column, but for the page that they were found on."""
    rows = pulled(stream, cursor, until)
    return [{name: row[name] for name in row if name != "place"} for row in rows]


@contextmanager
def shopify_shop() -> Iterator[ShopifyShop]:
    """A shop of 150 people."""
    with ShopifyDouble(World(19, AS_OF, 150)) as double:
        yield ShopifyShop(double)
