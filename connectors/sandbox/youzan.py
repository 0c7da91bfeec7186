"""A double of Youzan's open platform over an invented shop; see youzan_world.py."""

import argparse
import csv
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.sandbox import youzan_json as shown
from connectors.sandbox.server import Answer, Double, Seen
from connectors.sandbox.youzan_json import SHOP, Body
from connectors.sandbox.youzan_world import (
    CHINA,
    PRODUCTS,
    Contact,
    Person,
    Story,
    World,
)

CLIENT_ID = "demo-client-id"
CLIENT_SECRET = "demo-client-secret-0001"
NO_ORDERS: Body = {"full_order_info_list": []}
WEEK = 7 * 86_400
TOKENS_A_MINUTE = 20


class YouzanDouble(Double):
    """The shop at `now`, which tests move; `drift` moves it with each API call."""

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(port)
        self.world = world
        self.now = world.as_of
        self.drift = timedelta(0)
        self.index_lag = timedelta(0)
        self.is_ascending = False
        self.customer_times = "milliseconds"
        self.given_tags: dict[str, list[str]] = {}
        self.before: Callable[[str, Body], None] | None = None
        self._tokens: dict[str, float] = {}
        self._token: str | None = None
        self._token_calls: list[float] = []
        self._remembered: tuple[Any, list[Body]] = (None, [])

    @property
    def token_calls(self) -> int:
        """How often a token was asked for."""
        return len(self.calls("/auth/token"))

    @property
    def tokens(self) -> list[str]:
        """All tokens given so far."""
        return list(self._tokens)

    def expire_tokens(self) -> None:
        """Every token given so far is over, whatever `expires` said."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)
        self._token = None

    def forget_tokens(self) -> None:
        """No token given so far was ever given."""
        self._tokens = {}
        self._token = None

    def answer(self, request: Seen) -> Answer:
        """Route one call as Youzan's gateway does: errors come with HTTP 200."""
        body = request.json() or {}
        if request.path == "/auth/token":
            return self._grant(body)
        _, _, name, version = (*request.path.split("/"), "", "", "", "")[:4]
        ends = self._tokens.get(request.query.get("access_token", ""))
        if ends is None:
            return shown.gateway_error(4203, "token does not exist")
        if ends <= time.time():
            return shown.gateway_error(4202, "token expired")
        if self.before:
            self.before(name, body)
        self.now += self.drift
        api = APIS.get((name, version))
        if api is None:
            return shown.gateway_error(4007, f"no api {name} {version}")
        return api(self, body)

    def orders(self, body: Body) -> Answer:
        """`youzan.trades.sold.get`: the update pair, else the created pair."""
        page, size = int(body.get("page_no", 1)), int(body.get("page_size", 20))
        if page > 100 or size > 100:
            return shown.business_error(50000, "page_no超出最大查询限制", NO_ORDERS)
        kind, start, end = _pair(body)
        if start and end and end - start > timedelta(days=366):
            said = "每次可搜索一年订单记录,请重新选择起止时间"
            return shown.business_error(106000001, said, NO_ORDERS)
        found = self._found("orders", self.world.orders, kind, start, end)
        listed = [shown.order(one) for one in _page(found, page, size)]
        return shown.success(
            {"total_results": len(found), "full_order_info_list": listed}
        )

    def refunds(self, body: Body) -> Answer:
        """`youzan.trade.refund.search`: in seconds, and not beyond 3,000."""
        page, size = int(body.get("page_no", 1)), int(body.get("page_size", 20))
        if page > 100 or page * size > 3000:
            return shown.business_error(103010001, "超过ES搜索最大深度", {})
        start = datetime.fromtimestamp(body.get("update_time_start", 0), UTC)
        end = datetime.fromtimestamp(body.get("update_time_end", 2**33), UTC)
        found = self._found("refunds", self.world.refunds, "updated", start, end)
        listed = [shown.refund(one) for one in _page(found, page, size)]
        return shown.success({"total": len(found), "refunds": listed})

    def reviews(self, body: Body) -> Answer:
        """`youzan.item.reviews.query`: of one product, newest first, old envelope."""
        page, size = int(body.get("page", 1)), int(body.get("page_size", 20))
        if size > 20:
            return shown.old_error(121003009, "每页最多20条")
        item, shop = body.get("supplier_item_id"), body.get("supplier_kdt_id")
        if not item or shop != SHOP or "avatar" not in body:
            return shown.old_error(53001, "supplier_item_id cannot be empty")
        stories = [
            one
            for one in self.world.reviews
            if one.facts["line"]["item_id"] == int(item)
        ]
        found = self._found(f"reviews {item}", stories, "created", None, None)
        found = sorted(found, key=lambda one: one["created"], reverse=True)
        counts = {"total_count": len(found), "page": page, "page_size": size}
        listed = [shown.review(one) for one in _page(found, page, size)]
        models = {"code": 200, "success": True, "message": "successful"}
        models["data"] = {"paginator": counts, "items": listed}
        inner = {"item_reviews_models": models, "with_avatar_list": []}
        return Answer({"response": inner})

    def products(self, body: Body) -> Answer:
        """`youzan.items.onsale.get`: all but the last, which is sold out."""
        return self._items(range(len(PRODUCTS) - 1), body)

    def stock(self, body: Body) -> Answer:
        """`youzan.items.inventory.get`: what is not on sale."""
        return self._items(range(len(PRODUCTS) - 1, len(PRODUCTS)), body)

    def customers(self, body: Body) -> Answer:
        """`youzan.scrm.customer.list`: by creation, newest first."""
        page, size = int(body.get("page_no", 1)), int(body.get("page_size", 20))
        if page > 500 or size > 50:
            return shown.business_error(53002, "page_size type error", {})
        scale = 1000 if self.customer_times == "milliseconds" else 1
        start = body.get("created_at_start", 0) / scale
        end = body.get("created_at_end", 2**33 * scale) / scale
        people = [
            one
            for one in self.world.people
            if start <= int(one.created.timestamp()) <= end
            and one.created <= self.now - self.index_lag
        ]
        if page * size > 10_000:
            return shown.business_error(142710032, "超过列表获取总数", {})
        people.sort(key=lambda one: (one.created, one.open_id), reverse=True)
        listed = [self._customer(one) for one in _page(people, page, size)]
        return shown.success(
            {"total": len(people), "page_no": page, "record_list": listed}
        )

    def tags(self, body: Body) -> Answer:
        """`youzan.scrm.tag.relation.get`."""
        for person in self.world.people:
            if person.open_id == body.get("account_id"):
                return shown.success(shown.tags(self.carried(person)))
        return shown.old_error(142400105, "客户不存在")

    def carried(self, person: Person) -> list[str]:
        """The tags of a customer, with those that were given and taken since."""
        return self.given_tags.get(person.open_id, list(person.tags))

    def give_tags(self, body: Body) -> Answer:
        """`youzan.scrm.tag.relation.add`: what is there already stays there once."""
        return self._change_tags(body, is_added=True)

    def take_tags(self, body: Body) -> Answer:
        """`youzan.scrm.tag.relation.delete`: what is not there is no error."""
        return self._change_tags(body, is_added=False)

    def _change_tags(self, body: Body, is_added: bool) -> Answer:
        names = [tag.get("tag_name") for tag in body.get("tags") or []]
        if not names or not all(isinstance(n, str) and 0 < len(n) <= 30 for n in names):
            return shown.old_error(53002, "tag_name type error")
        for person in self.world.people:
            if person.open_id == body.get("account_id"):
                kept = [one for one in self.carried(person) if one not in names]
                self.given_tags[person.open_id] = kept + names * is_added
                return shown.success(True)
        return shown.old_error(142400105, "客户不存在")

    def decrypt(self, body: Body) -> Answer:
        """`youzan.cloud.secret.decrypt.batch`: one empty text spoils them all."""
        sources = body.get("sources") or []
        if not sources or not all(sources) or len(sources) > 10_000:
            return shown.business_error(10500, "系统异常", None)
        return shown.success({one: shown.opened(one) for one in sources})

    def _items(self, which: range, body: Body) -> Answer:
        page, size = int(body.get("page_no", 1)), int(body.get("page_size", 40))
        items = [
            {"item_id": 500_000_001 + one, "title": PRODUCTS[one][0]} for one in which
        ]
        return Answer(
            {"response": {"count": len(items), "items": _page(items, page, size)}}
        )

    def _customer(self, person: Person) -> Body:
        states = (one.at(self.now) for one in self.world.orders_of(person))
        finished: list[Decimal] = [
            one["payment"] for one in states if one and one["status"] == "TRADE_SUCCESS"
        ]
        return shown.customer(person, finished)

    def _found(
        self,
        name: str,
        stories: Sequence[Story],
        kind: str,
        start: datetime | None,
        end: datetime | None,
    ) -> list[Body]:
        """States within [start, end], sorted as the platform does; one is kept."""
        now, order = self.now - self.index_lag, self.is_ascending
        question = (name, kind, start, end, now, order, self.world.changes)
        if self._remembered[0] != question:
            states = []
            for story in stories:
                state = story.at(now)
                if state and _is_between(state[kind], start, end):
                    states.append({**state, "key": story.key})
            states.sort(key=lambda one: (one[kind], one["key"]), reverse=not order)
            self._remembered = (question, states)
        return self._remembered[1]

    def _grant(self, body: Body) -> Answer:
        now = time.time()
        self._token_calls = [one for one in self._token_calls if one > now - 60]
        self._token_calls.append(now)
        if len(self._token_calls) > TOKENS_A_MINUTE:
            return shown.business_error(4101, "too many requests for a token", None)
        secret = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        known = {**secret, "grant_id": SHOP}
        if any(body.get(key) != value for key, value in known.items()):
            return shown.business_error(
                4004, "client_id or client_secret is wrong", None
            )
        if body.get("authorize_type") != "silent":
            return shown.business_error(4005, "authorize_type not permitted", None)
        is_alive = self._token and self._tokens[self._token] > now
        if not is_alive or body.get("refresh") is True:
            if is_alive and self._token:
                self._tokens[self._token] = now + 3600
            self._token = uuid.uuid4().hex
            self._tokens[self._token] = now + WEEK
        assert self._token is not None
        granted = {
            "access_token": self._token,
            "expires": int(self._tokens[self._token] * 1000),
            "scope": "trade item user",
            "authority_id": str(SHOP),
        }
        return Answer({"success": True, "code": 200, "message": None, "data": granted})


APIS: dict[tuple[str, str], Callable[[YouzanDouble, Body], Answer]] = {
    ("youzan.trades.sold.get", "4.0.4"): YouzanDouble.orders,
    ("youzan.trade.refund.search", "3.0.1"): YouzanDouble.refunds,
    ("youzan.item.reviews.query", "3.0.0"): YouzanDouble.reviews,
    ("youzan.items.onsale.get", "3.0.0"): YouzanDouble.products,
    ("youzan.items.inventory.get", "3.0.0"): YouzanDouble.stock,
    ("youzan.scrm.customer.list", "1.0.0"): YouzanDouble.customers,
    ("youzan.scrm.tag.relation.get", "4.0.0"): YouzanDouble.tags,
    ("youzan.scrm.tag.relation.add", "4.0.0"): YouzanDouble.give_tags,
    ("youzan.scrm.tag.relation.delete", "4.0.0"): YouzanDouble.take_tags,
    ("youzan.cloud.secret.decrypt.batch", "1.0.0"): YouzanDouble.decrypt,
}


def _pair(body: Body) -> tuple[str, datetime | None, datetime | None]:
    """Which time is asked for; half a pair is ignored, as Youzan does."""
    for word, kind in (("update", "updated"), ("created", "created")):
        start, end = body.get(f"start_{word}"), body.get(f"end_{word}")
        if start and end:
            return kind, _read(start), _read(end)
    return "created", None, None


def _read(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=CHINA)


def _is_between(moment: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (not start or start <= moment) and (not end or moment <= end)


def _page(found: Sequence[Any], page: int, size: int) -> Sequence[Any]:
    return found[(page - 1) * size : page * size]


def _contacts(file: Path | None) -> list[Contact]:
    """Lines of phone, email, name; the first line names them."""
    if file is None:
        return []
    with file.open(encoding="utf-8-sig", newline="") as lines:
        found = csv.DictReader(lines)
        return [Contact(one["phone"], one["email"], one["name"]) for one in found]


def main() -> None:
    """Serve one shop until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8701)
    parser.add_argument("--as-of", type=datetime.fromisoformat, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--contacts", type=Path, help="CSV: phone,email,name")
    given = parser.parse_args()
    as_of = given.as_of if given.as_of.tzinfo else given.as_of.replace(tzinfo=CHINA)
    world = World(given.seed, as_of, given.people, _contacts(given.contacts))
    with YouzanDouble(world, given.port) as double:
        print(
            f"A Youzan double at {double.url}: {len(world.people)} people, "
            f"{len(world.orders)} orders; client_id {CLIENT_ID}, client_secret "
            f"{CLIENT_SECRET}, grant_id {SHOP}",
            flush=True,
        )
        try:
            double.wait_for_end()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
