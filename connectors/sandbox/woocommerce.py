"""A double of a WooCommerce site over an invented shop; see woocommerce_json.py."""

import base64
import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from connectors.sandbox import woocommerce_json as shown
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shop_double import ShopDouble, page_of
from connectors.sandbox.woocommerce_json import Body, error
from connectors.sandbox.woocommerce_keys import Keys
from connectors.sandbox.youzan_world import Story, World

WEBHOOK_SECRET = "whsec_demo"
API = "/wc/v3"
INSTANT = timedelta(microseconds=1)
BEGINNING, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class WooDouble(ShopDouble):
    """The site; its clock checks signatures, its world is read at `now`.

    `sees_https` is whether PHP knows of TLS; it alone decides if passwords count.
    `zone` is where times stand that name none. `knows_modified` and `heeds_gmt` are
    false in old versions; `hides_totals` is a cache in between.
    """

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(world, port)
        self.sees_https = False
        self.knows_modified = True
        self.heeds_gmt = True
        self.hides_totals = False
        self.zone: tzinfo = shown.SITE_ZONE
        self.keys = Keys(self)
        self._authors = shown.authors(world)
        self._refunds: dict[str, list[Story]] = defaultdict(list)
        for story in world.refunds:
            self._refunds[story.facts["tid"]].append(story)

    def answer(self, request: Seen) -> Answer:
        """One call: the key first, then the route, then its parameters."""
        path = request.query.get("rest_route") or request.path.removeprefix("/wp-json")
        if not path.startswith(f"{API}/"):
            return error(404, "rest_no_route", "No route was found matching the URL.")
        refused = self.keys.stranger(request)
        if refused:
            return refused
        name = path.removeprefix(f"{API}/")
        self.begin(name, dict(request.query))
        if self.is_throttled():
            return Answer(b"<html>Too Many Requests</html>", 429)
        for pattern, route in ROUTES:
            match = re.fullmatch(pattern, name)
            if match and request.method == "GET":
                wrong = _wrong(request.query, route)
                return wrong or route(self, request, *match.groups())
        return error(404, "rest_no_route", "No route was found matching the URL.")

    def pushed(self, topic: str, record: Body) -> tuple[dict[str, str], bytes]:
        """Headers, in lower case, and body of a delivery."""
        body = Answer(record).encoded()
        digest = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).digest()
        resource, _, event = topic.partition(".")
        headers = {
            "x-wc-webhook-topic": topic,
            "x-wc-webhook-resource": resource,
            "x-wc-webhook-event": event,
            "x-wc-webhook-id": "4",
            "x-wc-webhook-source": f"{self.url}/",
            "x-wc-webhook-delivery-id": hashlib.sha1(body).hexdigest(),
            "x-wc-webhook-signature": base64.b64encode(digest).decode(),
        }
        return headers, body

    def shown_order(self, story: Story, now: datetime | None = None) -> Body:
        """The order as it is at `now`."""
        state = story.at(now or self.now)
        assert state is not None
        return self._order({**state, "key": story.key})

    def orders(self, request: Seen) -> Answer:
        """`/orders`, by the times of creation and change."""
        query = request.query
        by, after, before = "created", "after", "before"
        if "modified_after" in query or "modified_before" in query:
            by, after, before = "updated", "modified_after", "modified_before"
        start = self._moment(query, after) or BEGINNING
        end = self._moment(query, before) or END
        if by == "updated" and not self.knows_modified:
            start, end = BEGINNING, END
        window = (start + INSTANT, end - INSTANT)
        found = self.found("orders", self.world.orders, *window, by)
        key = ORDER_KEYS.get(query.get("orderby", ""), _by("created"))
        return self._listed(request, found, key, self._order)

    def order(self, request: Seen, number: str) -> Answer:
        """`/orders/{id}`."""
        story = self._story(number)
        return Answer(self.shown_order(story)) if story else _no_order()

    def refunds(self, request: Seen, number: str) -> Answer:
        """`/orders/{id}/refunds`."""
        story = self._story(number)
        if story is None:
            return _no_order()
        return self._listed(request, self._refunds_of(story.key), _by("id"), dict)

    def reviews(self, request: Seen) -> Answer:
        """`/products/reviews`: the times are those of the site."""
        query = request.query
        start = self._moment(query, "after", is_local=True) or BEGINNING
        end = self._moment(query, "before", is_local=True) or END
        window = (start + INSTANT, end - INSTANT)
        found = self.found("reviews", self.world.reviews, *window, "created")
        stories = {one.key: one for one in self.world.reviews}

        def show(state: Body) -> Body:
            author = self._authors[state["tid"]]
            return shown.review(stories[state["key"]], state["created"], author)

        return self._listed(request, found, _by("created"), show)

    def customers(self, request: Seen) -> Answer:
        """`/customers`: those with an account; there is no window."""
        found = [
            {"created": one.created, "key": shown.account_id(one), "person": one}
            for one in self.world.people
            if one.created <= self.now and shown.account_id(one)
        ]
        by_time = request.query.get("orderby") == "registered_date"
        order = _by("created" if by_time else "key")
        return self._listed(
            request, found, order, lambda one: shown.customer(one["person"])
        )

    def _order(self, state: Body) -> Body:
        return shown.order(state, self._refunds_of(state["key"]))

    def _refunds_of(self, key: str) -> list[Body]:
        states = [(one, one.at(self.now)) for one in self._refunds[key]]
        return [
            shown.refund({**state, "key": story.key}, self.lines[state["oid"]])
            for story, state in states
            if state and state["status"] == "SUCCESS"
        ]

    def _story(self, number: str) -> Story | None:
        return next(
            (
                one
                for one in self.world.orders
                if shown.order_id(one.key) == int(number) and one.at(self.now)
            ),
            None,
        )

    def _moment(
        self, query: Mapping[str, str], name: str, is_local: bool = False
    ) -> datetime | None:
        """Without `dates_are_gmt`, the site's own time; reviews know no other."""
        if name not in query:
            return None
        is_gmt = self.heeds_gmt and query.get("dates_are_gmt") in ("1", "true")
        zone = UTC if is_gmt and not is_local else self.zone
        return datetime.fromisoformat(query[name]).replace(tzinfo=zone)

    def _listed(
        self,
        request: Seen,
        found: Sequence[Body],
        key: Callable[[Body], Any],
        show: Callable[[Body], Body],
    ) -> Answer:
        query = request.query
        page, size = int(query.get("page", 1)), int(query.get("per_page", 10))
        is_falling = query.get("order", "desc") == "desc"
        ordered = sorted(found, key=key, reverse=is_falling)
        listed = [show(one) for one in page_of(ordered, page, size)]
        if fields := query.get("_fields"):
            wanted = fields.split(",")
            listed = [
                {name: one[name] for name in wanted if name in one} for one in listed
            ]
        pages = -(-len(found) // size)
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        if page < pages:
            headers["Link"] = f'<{self.url}{request.path}?page={page + 1}>; rel="next"'
        return Answer(listed, headers={} if self.hides_totals else headers)


def _by(name: str) -> Callable[[Body], Any]:
    return lambda one: one[name]


def _wrong(query: Mapping[str, str], route: Any) -> Answer | None:
    """What WordPress refuses before it looks anything up."""
    wrong = {}
    if not 1 <= int(query.get("per_page", 10)) <= 100:
        wrong["per_page"] = "per_page must be between 1 (inclusive) and 100 (inclusive)"
    if int(query.get("page", 1)) < 1:
        wrong["page"] = "page must be greater than or equal to 1"
    if query.get("orderby") not in (None, *ORDERS[route]):
        wrong["orderby"] = f"orderby is not one of {', '.join(ORDERS[route])}."
    if not wrong:
        return None
    names = ", ".join(wrong)
    said = f"Invalid parameter(s): {names}"
    return error(400, "rest_invalid_param", said, params=wrong)


def _no_order() -> Answer:
    return error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")


ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    ("orders", WooDouble.orders),
    (r"orders/(\d+)", WooDouble.order),
    (r"orders/(\d+)/refunds", WooDouble.refunds),
    ("products/reviews", WooDouble.reviews),
    ("customers", WooDouble.customers),
)
ORDER_KEYS: dict[str, Callable[[Body], Any]] = {
    "id": lambda one: shown.order_id(one["key"]),
    "modified": _by("updated"),
}
POSTS = ("date", "id", "include", "title", "slug", "modified")
ORDERS: dict[Any, tuple[str, ...]] = {
    WooDouble.orders: POSTS,
    WooDouble.order: POSTS,
    WooDouble.refunds: POSTS,
    WooDouble.reviews: ("date", "date_gmt", "id", "include", "product"),
    WooDouble.customers: ("id", "include", "name", "registered_date"),
}
