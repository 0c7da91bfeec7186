"""A double of Shopify's Admin API over an invented shop; see shopify_json.py."""

import base64
import hashlib
import hmac
import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox import shopify_json as shown
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shop_double import ShopDouble
from connectors.sandbox.shopify_bulk import BulkOperations
from connectors.sandbox.shopify_graphql import (
    Connection,
    Field,
    Wrong,
    cost,
    parse,
    spent,
)
from connectors.sandbox.shopify_graphql import answer as answered
from connectors.sandbox.shopify_json import Body
from connectors.sandbox.shopify_rest import Rest
from connectors.sandbox.shopify_tokens import CLIENT_SECRET, Tokens
from connectors.sandbox.youzan_world import Person, Story, World

SHOP = "demo.myshopify.com"
VERSION, OLDEST = "2026-10", "2026-01"
DEAREST = 1_000
BEGINNING, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
UNKNOWN = "[API] Invalid API key or access token (unrecognized login or wrong password)"
FILTER = re.compile(r"updated_at:(>=|<=|<|>)'([^']+)'")
GRAPHQL = re.compile(r"/admin/api/([^/]+)/graphql\.json")
REST = re.compile(r"/admin/api/([^/]+)/(.+)\.json")


class ShopifyDouble(ShopDouble):
    """The shop, with a bucket of points; see ShopDouble for its clock and its world.

    `dearest` is what one question may cost at most, `deepest` how far it is paged,
    `scopes` what the app may see, `points` what is in the bucket.
    """

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(world, port)
        self.is_ascending = True
        self.maximum, self.restore = 2_000.0, 100.0
        self.dearest = DEAREST
        self.deepest = 25_000
        self.scopes = ["read_orders", "read_all_orders", "read_customers"]
        self.tokens = Tokens(self)
        self.bulk = BulkOperations(self)
        self.rest = Rest(self)
        self.changed_people: dict[str, datetime] = {}
        self.points, self._filled_at = self.maximum, 0.0
        self._refunds: dict[str, list[Story]] = defaultdict(list)
        for story in world.refunds:
            self._refunds[story.facts["tid"]].append(story)

    @property
    def access(self) -> str:
        """A token that does not end."""
        return self.tokens.permanent

    @property
    def secrets(self) -> list[str]:
        """All tokens given so far, and the secret."""
        return [*self.tokens.ends, CLIENT_SECRET]

    def pushed(self, topic: str, record: Body) -> tuple[dict[str, str], bytes]:
        """Headers, in lower case, and body of a webhook."""
        body = Answer(record).encoded()
        digest = hmac.new(CLIENT_SECRET.encode(), body, hashlib.sha256).digest()
        headers = {
            "x-shopify-topic": topic,
            "x-shopify-shop-domain": SHOP,
            "x-shopify-api-version": VERSION,
            "x-shopify-webhook-id": str(uuid.uuid4()),
            "x-shopify-event-id": str(uuid.uuid4()),
            "x-shopify-triggered-at": shown.zulu(self.now) or "",
            "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
        }
        return headers, body

    def answer(self, request: Seen) -> Answer:
        """One call: the token first, but for what needs none."""
        if request.path == "/admin/oauth/access_token":
            return self.tokens.grant(request.json() or request.form())
        if request.path.startswith("/bulk/"):
            return self.bulk.file(request.path)
        if not self.tokens.is_good(request.headers.get("x-shopify-access-token", "")):
            return Answer({"errors": UNKNOWN}, 401)
        if match := GRAPHQL.fullmatch(request.path):
            reply = self._graphql(request.json() or {})
        elif match := REST.fullmatch(request.path):
            reply = self.rest.answer(match[2], request)
        else:
            return Answer({"errors": "Not Found"}, 404)
        version = max(match[1], OLDEST)
        return Answer(
            reply.body,
            reply.status,
            {**reply.headers, "X-Shopify-API-Version": version},
        )

    def order_states(self, query: str) -> list[Body]:
        """The orders that a search finds, sorted by their last change."""
        start, end = _window(query)
        return self.found("orders", self.world.orders, start, end)

    def customer_states(self, query: str) -> list[Body]:
        """The customers that a search finds, sorted by their last change."""
        start, end = _window(query)
        found = [
            {"person": one, "updated": changed, "key": one.open_id}
            for one in self.world.people
            if start <= (changed := self._changed(one)) <= end
            and changed <= self.now - self.index_lag
        ]
        return sorted(found, key=place)

    def refunds_of(self, key: str) -> list[Body]:
        """The states of an order's refunds that went through."""
        states = [(one, one.at(self.now)) for one in self._refunds[key]]
        return [
            {**state, "key": story.key}
            for story, state in states
            if state and state["status"] == "SUCCESS"
        ]

    def show_order(self, state: Body) -> Body:
        """A node of `orders`."""
        return shown.order(state, self.refunds_of(state["key"]))

    def show_customer(self, state: Body) -> Body:
        """A node of `customers`."""
        return shown.customer(state["person"], state["updated"])

    def connection(self, name: str, query: str) -> Connection:
        """`orders` or `customers`, of which a search finds some."""
        if name == "orders":
            states, show = self.order_states(query), self.show_order
        else:
            states, show = self.customer_states(query), self.show_customer
        return Connection(states, place, show, self.deepest)

    def _changed(self, person: Person) -> datetime:
        changed = self.changed_people.get(person.open_id)
        return changed if changed and changed <= self.now else person.created

    def _graphql(self, asked: Body) -> Answer:
        try:
            kind, selection = parse(
                asked.get("query", ""), asked.get("variables") or {}
            )
            self.begin(selection[0].name, asked.get("variables") or {})
            price = cost(selection) if kind == "query" else 10
            refused = self._refused(price)
            if refused:
                return refused
            data = {one.alias: self._resolve(one) for one in selection}
        except Wrong as wrong:
            return Answer({"errors": [{"message": str(wrong)}]})
        actual = min(price, spent(data)) if kind == "query" else price
        self.points -= actual
        return Answer(
            {"data": data, "extensions": {"cost": self._costs(price, actual)}}
        )

    def _refused(self, price: int) -> Answer | None:
        """Too dear at all, or for what is in the bucket now."""
        if price > self.dearest:
            said = (
                f"Query cost is {price}, which exceeds the single query max cost limit "
                f"({self.dearest})."
            )
            code = {"code": "MAX_COST_EXCEEDED", "cost": price, "maxCost": self.dearest}
            return Answer({"errors": [{"message": said, "extensions": code}]})
        now = self.clock()
        filled = self.points + self.restore * (now - self._filled_at)
        self.points, self._filled_at = min(self.maximum, filled), now
        if price <= self.points:
            return None
        error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
        costs = {"cost": self._costs(price, None)}
        return Answer({"errors": [error], "extensions": costs})

    def _costs(self, price: int, actual: int | None) -> Body:
        status = {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": float(int(self.points)),
            "restoreRate": self.restore,
        }
        return {
            "requestedQueryCost": price,
            "actualQueryCost": actual,
            "throttleStatus": status,
        }

    def _resolve(self, one: Field) -> Any:
        if one.name not in ROOTS:
            raise Wrong(f"Field '{one.name}' doesn't exist on type 'QueryRoot'")
        return ROOTS[one.name](self, one)

    def _list(self, one: Field) -> Any:
        if one.arguments.get("sortKey", "ID") != "UPDATED_AT":
            raise Wrong("the double sorts by UPDATED_AT alone")
        found = self.connection(one.name, one.arguments.get("query", ""))
        return answered({one.name: found}, [one])[one.alias]

    def _node(self, one: Field) -> Any:
        kind, _, number = one.arguments["id"].rpartition("/")
        if kind.endswith("/BulkOperation"):
            return answered(self.bulk.look(number), one.selection)
        for state in self.order_states(""):
            if str(shown.order_id(state["key"])) == number:
                return answered(self.show_order(state), one.selection)
        return None

    def _run(self, one: Field) -> Any:
        arguments = one.arguments
        is_grouped = arguments.get("groupObjects", False)
        payload = self.bulk.begin(arguments["query"], is_grouped)
        return answered(payload, one.selection)

    def _installation(self, one: Field) -> Any:
        scopes = [{"handle": handle} for handle in self.scopes]
        return answered({"accessScopes": scopes}, one.selection)

    def _shop(self, one: Field) -> Any:
        shop = {"name": "示例店", "myshopifyDomain": SHOP, "currencyCode": "CNY"}
        return answered(shop, one.selection)


def place(state: Body) -> tuple[Any, ...]:
    """Where a state stands in a list by the last change."""
    return (state["updated"].timestamp(), state["key"])


def redirect_hmac(params: Mapping[str, str], secret: str) -> str:
    """How Shopify signs the address that it sends a merchant back to."""
    pieces = [
        f"{_escaped(name, '%&=')}={_escaped(value, '%&')}"
        for name, value in params.items()
        if name != "hmac"
    ]
    text = "&".join(sorted(pieces))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _escaped(text: str, marks: str) -> str:
    return "".join(f"%{ord(one):02X}" if one in marks else one for one in text)


def _window(query: str) -> tuple[datetime, datetime]:
    start, end = BEGINNING, END
    for sign, written in FILTER.findall(query):
        moment = datetime.fromisoformat(written)
        if sign.startswith(">"):
            start = moment + (INSTANT if sign == ">" else timedelta(0))
        else:
            end = moment - (INSTANT if sign == "<" else timedelta(0))
    return start, end


ROOTS: dict[str, Callable[[ShopifyDouble, Field], Any]] = {
    "orders": ShopifyDouble._list,
    "customers": ShopifyDouble._list,
    "node": ShopifyDouble._node,
    "shop": ShopifyDouble._shop,
    "currentAppInstallation": ShopifyDouble._installation,
    "bulkOperationRunQuery": ShopifyDouble._run,
}
