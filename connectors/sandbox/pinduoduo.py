"""A double of Pinduoduo's gateway over an invented shop; see pinduoduo_json.py."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox import pinduoduo_json as shown
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shop_double import Body, ShopDouble, page_of
from connectors.sandbox.youzan_world import World

CLIENT_ID = "pdd-demo-client"
CLIENT_SECRET = "pdd-demo-secret-0001"
DAY = 86_400
TEN_MINUTES = 600
LONGEST_WINDOW = 1800
HISTORY = timedelta(days=90)


class PinduoduoDouble(ShopDouble):
    """The gateway with one merchant's tokens; too many calls are refused with 70031."""

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(world, port)
        self._tokens: dict[str, float] = {}
        self._refreshes: list[str] = []
        self.access, self.refresh = self.authorise()

    @property
    def secrets(self) -> list[str]:
        """All tokens given so far, and the secret."""
        return [*self._tokens, *self._refreshes, CLIENT_SECRET]

    def expire_tokens(self) -> None:
        """Every access token given so far is over."""
        self._tokens = dict.fromkeys(self._tokens, 0.0)

    def authorise(self) -> tuple[str, str]:
        """The merchant agrees once more: a new pair of tokens, the old one is over."""
        self.expire_tokens()
        access, refresh = uuid.uuid4().hex, uuid.uuid4().hex
        self._tokens[access] = self.clock() + DAY
        self._refreshes.append(refresh)
        return access, refresh

    def answer(self, request: Seen) -> Answer:
        """One call: errors come with HTTP 200."""
        params = _params(request)
        name = str(params.get("type", ""))
        refused = self._refused(name, params)
        if refused:
            return refused
        self.begin(name, params)
        return APIS[name](self, params)

    def orders(self, params: Body) -> Answer:
        """`pdd.order.number.list.increment.get`: whole orders, last change first."""
        return self._listed("orders", params, shown.order)

    def refunds(self, params: Body) -> Answer:
        """`pdd.refund.list.increment.get`."""

        def show(state: Body) -> Body:
            return shown.refund(state, self.lines[state["oid"]])

        return self._listed("refunds", params, show)

    def renew(self, params: Body) -> Answer:
        """`pdd.pop.auth.token.refresh`: a refresh token works once."""
        if params.get("refresh_token") != self.refresh:
            return shown.error(10019, "refresh_token已过期")
        self.access, self.refresh = self.authorise()
        return shown.token(self.access, self.refresh, int(self.clock()))

    def _refused(self, name: str, params: Body) -> Answer | None:
        now = self.clock()
        if name not in APIS:
            return shown.error(10001, "type不存在")
        if params.get("client_id") != CLIENT_ID:
            return shown.error(10002, "client_id错误")
        if abs(now - float(params.get("timestamp", 0))) > TEN_MINUTES:
            return shown.error(20003, "timestamp超过有效期")
        if params.get("sign") != sign(params, CLIENT_SECRET):
            return shown.error(20004, "签名sign校验失败")
        if name != "pdd.pop.auth.token.refresh":
            if self._tokens.get(str(params.get("access_token")), 0) <= now:
                return shown.error(10019, "access_token已过期")
            if self.is_throttled():
                return shown.error(70031, "调用过于频繁，请调整调用频率")
        return None

    def _listed(self, kind: str, params: Body, show: Callable[[Body], Body]) -> Answer:
        root, name = shown.ROOTS[kind]
        wanted = shown.REQUIRED[kind]
        start, end = (
            int(params.get(f"{one}_updated_at", 0)) for one in ("start", "end")
        )
        page, size = int(params.get("page", 1)), int(params.get("page_size", 100))
        if any(one not in params for one in wanted) or not 0 < size <= 100 or page < 1:
            return shown.error(10000, "参数错误")
        if not 0 <= end - start <= LONGEST_WINDOW:
            return shown.error(10000, "开始时间结束时间间距不超过30分钟")
        since, until = (datetime.fromtimestamp(one, UTC) for one in (start, end))
        if since < self.now - HISTORY:
            return shown.error(10000, "只能查询最近90天的数据")
        found = self.found(kind, getattr(self.world, kind), since, until)
        listed = [show(one) for one in page_of(found, page, size)]
        body: Body = {name: listed or None}
        if str(params.get("use_has_next", "false")).lower() == "true":
            body["has_next"] = page * size < len(found)
        else:
            body["total_count"] = len(found)
        return Answer({root: body})


APIS: dict[str, Callable[[PinduoduoDouble, Body], Answer]] = {
    "pdd.order.number.list.increment.get": PinduoduoDouble.orders,
    "pdd.refund.list.increment.get": PinduoduoDouble.refunds,
    "pdd.pop.auth.token.refresh": PinduoduoDouble.renew,
}


def sign(params: Body, secret: str) -> str:
    """The signature that Pinduoduo computes over all that came but the sign."""
    digest = hashlib.md5(secret.encode(), usedforsecurity=False)
    for name, value in sorted(params.items()):
        if name != "sign":
            written = value if isinstance(value, str) else json.dumps(value)
            digest.update(name.encode() + written.encode())
    digest.update(secret.encode())
    return digest.hexdigest().upper()


def _params(request: Seen) -> dict[str, Any]:
    """Form or JSON: the gateway takes both."""
    body = request.json()
    return body if isinstance(body, dict) else request.form()
