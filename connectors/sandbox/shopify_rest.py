"""Shopify's older REST language, as far as its published client speaks it here."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from connectors.sandbox import shopify_json as shown
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shopify_json import Body

OVER_LIMIT = (
    "Exceeded 2 calls per second for api client. Reduce request rates to resume "
    "uninterrupted service."
)


class Shop(Protocol):
    """What has the orders and customers."""

    @property
    def url(self) -> str: ...

    def clock(self) -> float: ...

    def order_states(self, query: str) -> list[Body]: ...

    def customer_states(self, query: str) -> list[Body]: ...

    def refunds_of(self, key: str) -> list[Body]: ...


class Rest:
    """A bucket of `size` calls that leaks two a second; pages by `page_info` alone."""

    def __init__(self, shop: Shop) -> None:
        self.size = 40
        self._shop = shop
        self._calls, self._counted_at = 0.0, 0.0

    def answer(self, name: str, request: Seen) -> Answer:
        """GET `orders`, `customers`, or the refunds of one order."""
        now = self._shop.clock()
        self._calls = max(0.0, self._calls - 2 * (now - self._counted_at))
        self._counted_at = now
        if self._calls + 1 > self.size:
            return Answer({"errors": OVER_LIMIT}, 429, {"Retry-After": "2.0"})
        self._calls += 1
        limit = {"X-Shopify-Shop-Api-Call-Limit": f"{int(self._calls)}/{self.size}"}
        found = self._found(name, request)
        return Answer(found.body, found.status, {**found.headers, **limit})

    def order(self, state: Body) -> Body:
        """One order, as webhooks tell it too."""
        return shown.rest_order(state, self._shop.refunds_of(state["key"]))

    def _found(self, name: str, request: Seen) -> Answer:
        if match := re.fullmatch(r"orders/(\d+)/refunds", name):
            for state in self._shop.order_states(""):
                if str(shown.order_id(state["key"])) == match[1]:
                    refunds = self._shop.refunds_of(state["key"])
                    return Answer(
                        {"refunds": [shown.rest_refund(one) for one in refunds]}
                    )
        if name not in ("orders", "customers"):
            return Answer({"errors": "Not Found"}, 404)
        query = dict(request.query)
        if "page_info" in query:
            if extra := {*query} - {"page_info", "limit", "fields"}:
                return _no_company(sorted(extra)[0])
            query = json.loads(base64.urlsafe_b64decode(query["page_info"]))
        return self._page(name, query)

    def _page(self, name: str, query: Body) -> Answer:
        size, start = int(query.get("limit", 50)), int(query.get("start", 0))
        if size > 250:
            return Answer({"errors": {"limit": "must be at most 250"}}, 400)
        search = " AND ".join(_searched(query))
        if name == "customers":
            states = self._shop.customer_states(search)
            nodes = [
                shown.rest_customer(one["person"], one["updated"]) for one in states
            ]
        else:
            status = query.get("status", "open")
            orders = [self.order(one) for one in self._shop.order_states(search)]
            nodes = [one for one in orders if status == "any" or _is_open(one)]
        headers = {}
        if len(nodes) > start + size:
            following = json.dumps({**query, "start": start + size}).encode()
            info = base64.urlsafe_b64encode(following).decode()
            address = f"{self._shop.url}/admin/api/2026-10/{name}.json"
            headers["Link"] = f'<{address}?limit={size}&page_info={info}>; rel="next"'
        return Answer({name: nodes[start : start + size]}, headers=headers)


def _searched(query: Mapping[str, str]) -> Sequence[str]:
    signs = {"updated_at_min": ">=", "updated_at_max": "<="}
    return [
        f"updated_at:{sign}'{datetime.fromisoformat(query[name]).isoformat()}'"
        for name, sign in signs.items()
        if name in query
    ]


def _is_open(order: Any) -> bool:
    return not order["closed_at"] and not order["cancelled_at"]


def _no_company(name: str) -> Answer:
    said = f"{name} cannot be passed when page_info is present."
    return Answer({"errors": {name: said}}, 400)
