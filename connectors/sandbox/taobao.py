"""A double of Taobao's gateway over an invented shop; see taobao_json.py."""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox import taobao_json as shown
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shop_double import Body, ShopDouble, page_of
from connectors.sandbox.youzan_world import CHINA, World

APP_KEY = "12345678"
APP_SECRET = "tb-demo-secret-0001"
YEAR = 31_536_000
TEN_MINUTES = 600
LONGEST_WINDOW = timedelta(days=1)
HISTORY = timedelta(days=90)
RATINGS_HISTORY = timedelta(days=180)


class TaobaoDouble(ShopDouble):
    """The gateway and the place that renews tokens, with one merchant's tokens."""

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(world, port)
        self._tokens: dict[str, float] = {}
        self._refreshes: list[str] = []
        self.access, self.refresh = self.authorise()

    @property
    def secrets(self) -> list[str]:
        """All tokens given so far, and the secret."""
        return [*self._tokens, *self._refreshes, APP_SECRET]

    def expire_tokens(self) -> None:
        """Every access token given so far is over."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    def authorise(self) -> tuple[str, str]:
        """The merchant agrees once more: a new pair of tokens, the old one is over."""
        self.expire_tokens()
        access, refresh = f"6100{uuid.uuid4().hex}", f"6101{uuid.uuid4().hex}"
        self._tokens[access] = self.clock() + YEAR
        self._refreshes.append(refresh)
        return access, refresh

    def answer(self, request: Seen) -> Answer:
        """One call; errors of the gateway come with HTTP 200."""
        if request.path == "/token":
            return self._renewed(request.form())
        params = {**request.query, **request.form()}
        name = params.get("method", "")
        refused = self._refused(name, params)
        if refused:
            return refused
        self.begin(name, params)
        try:
            return APIS[name](self, params)
        except (KeyError, ValueError):
            return _invalid("isv.invalid-parameter", "参数错误")

    def trades(self, params: Body) -> Answer:
        """`taobao.trades.sold.increment.get`."""
        return self._changed("orders", params, shown.trade)

    def refunds(self, params: Body) -> Answer:
        """`taobao.refunds.receive.get`."""

        def show(state: Body) -> Body:
            return shown.refund(state, self.lines[state["oid"]])

        return self._changed("refunds", params, show)

    def ratings(self, params: Body) -> Answer:
        """`taobao.traderates.get`: what buyers gave, by the time it was written."""
        if (params["rate_type"], params["role"]) != ("get", "buyer"):
            return shown.listed(params["method"], [], total_results=0)
        start, end = (_time(params[f"{one}_date"]) for one in ("start", "end"))
        start = max(start, self.now - RATINGS_HISTORY)
        found = self.found("ratings", self.world.reviews, start, end, by="created")
        return _paged(params, found, shown.rating, largest=150, deepest=200)

    def _renewed(self, form: Body) -> Answer:
        """`/token`: a refresh token works once."""
        if (form.get("client_id"), form.get("client_secret")) != (APP_KEY, APP_SECRET):
            told = {"error": "invalid_client", "error_description": "appkey与密钥不符"}
            return Answer(told, 400)
        if form.get("refresh_token") != self.refresh:
            told = {"error": "invalid_grant", "error_description": "refresh_token无效"}
            return Answer(told, 400)
        self.access, self.refresh = self.authorise()
        return shown.token(self.access, self.refresh, YEAR)

    def _refused(self, name: str, params: Body) -> Answer | None:
        if name not in APIS:
            return shown.error(22, "Invalid method")
        if params.get("format") != "json":
            return Answer(b"<?xml version='1.0' ?><error_response/>")
        return self._unsigned(params) or self._untimely(params) or self._closed(params)

    def _unsigned(self, params: Body) -> Answer | None:
        if params.get("app_key") != APP_KEY:
            return shown.error(29, "Invalid app Key")
        if "sign" not in params:
            return shown.error(24, "Missing signature")
        if params["sign"] != sign(params, APP_SECRET):
            return shown.error(25, "Invalid signature")
        return None

    def _untimely(self, params: Body) -> Answer | None:
        try:
            sent = _time(params["timestamp"]).timestamp()
        except (KeyError, ValueError):
            return shown.error(30, "Missing timestamp")
        if abs(self.clock() - sent) > TEN_MINUTES:
            return shown.error(31, "Invalid timestamp")
        return None

    def _closed(self, params: Body) -> Answer | None:
        if not params.get("session"):
            return shown.error(26, "Missing session")
        if self._tokens.get(str(params["session"]), 0) <= self.clock():
            return shown.error(27, "Invalid session", "session-expired", "已过期")
        if self.is_throttled():
            return shown.ban(int(self._called[0] + 60 - self.clock()) + 1)
        if not params.get("fields"):
            kind, told = "isv.missing-parameter", "缺少必要的参数fields"
            return shown.error(40, "Missing required arguments", kind, told)
        return None

    def _changed(self, kind: str, params: Body, show: Callable[[Body], Body]) -> Answer:
        start, end = (_time(params[f"{one}_modified"]) for one in ("start", "end"))
        if not timedelta(0) <= end - start <= LONGEST_WINDOW:
            return _invalid("isv.invalid-parameter", "时间跨度不能超过一天")
        if start < self.now - HISTORY:
            return _invalid("isv.invalid-parameter", "只能查询三个月内的数据")
        asked = params.get("type") or ",".join(shown.DEFAULT_TYPES[kind])
        types = asked.replace("guarantee_trade", "fixed").split(",")
        found = [
            state
            for state in self.found(kind, getattr(self.world, kind), start, end)
            if shown.type_of(str(state.get("tid") or state["key"])) in types
        ]
        return _paged(params, found, show, largest=100)


APIS: dict[str, Callable[[TaobaoDouble, Body], Answer]] = {
    "taobao.trades.sold.increment.get": TaobaoDouble.trades,
    "taobao.refunds.receive.get": TaobaoDouble.refunds,
    "taobao.traderates.get": TaobaoDouble.ratings,
}


def sign(params: Body, secret: str) -> str:
    """The signature that Taobao computes over all that came but the sign."""
    text = "".join(
        name + params[name]
        for name in sorted(params)
        if name != "sign" and params[name]
    )
    method = params.get("sign_method", "md5")
    if method == "md5":
        whole = f"{secret}{text}{secret}".encode()
        return hashlib.md5(whole, usedforsecurity=False).hexdigest().upper()
    digest = {"hmac": hashlib.md5, "hmac-sha256": hashlib.sha256}[method]
    return hmac.new(secret.encode(), text.encode(), digest).hexdigest().upper()


def _paged(
    params: Body,
    found: list[Body],
    show: Callable[[Body], Body],
    largest: int,
    deepest: int = 1_000_000,
) -> Answer:
    page, size = int(params.get("page_no", 1)), int(params.get("page_size", 40))
    if not (0 < size <= largest and 0 < page <= deepest):
        return _invalid("isv.invalid-parameter", "page_no或page_size无效")
    fields = params["fields"].split(",")
    shown_records = [
        {name: value for name, value in show(one).items() if name in fields}
        for one in page_of(found, page, size)
    ]
    if params.get("use_has_next", "false") == "true":
        has_next = page * size < len(found)
        return shown.listed(params["method"], shown_records, has_next=has_next)
    return shown.listed(params["method"], shown_records, total_results=len(found))


def _invalid(kind: str, told: str) -> Answer:
    return shown.error(41, "Invalid arguments", kind, told)


def _time(written: Any) -> datetime:
    return datetime.strptime(str(written), "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
