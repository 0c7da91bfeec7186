"""A double of Douyin's shop gateway over an invented shop; see douyin_json.py."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox import douyin_json as shown
from connectors.sandbox.douyin_json import SHOP
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shop_double import Body, ShopDouble, page_of
from connectors.sandbox.youzan_world import World

APP_KEY = "6839996118945187340"
APP_SECRET = "app-secret-demo"
WEEK = 7 * 86_400
TEN_MINUTES = 600
DEEPEST = 10_000
HISTORY = timedelta(days=90)
CHINA = ZoneInfo("Asia/Shanghai")
TOKEN_CALLS = ("token.create", "token.refresh")


class DouyinDouble(ShopDouble):
    """The gateway with one shop's tokens; too many calls are refused with 60000."""

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(world, port)
        self.code = "code-of-a-merchant"
        """What a tool application gets when a merchant agrees; good for one token."""
        self._ends: dict[str, float] = {}
        self._pair: tuple[str, str] | None = None
        self._given: list[str] = []

    @property
    def secrets(self) -> list[str]:
        """All tokens given so far, and the secret."""
        return [*self._given, APP_SECRET]

    def expire_tokens(self) -> None:
        """Every access token given so far is over."""
        self._ends = dict.fromkeys(self._ends, 0.0)

    def authorise(self) -> tuple[str, str]:
        """A new access token and the refresh token to it; the old pair is over."""
        self.expire_tokens()
        self._pair = (uuid.uuid4().hex, uuid.uuid4().hex)
        self._given += self._pair
        self._ends[self._pair[0]] = self.clock() + WEEK
        return self._pair

    def pushed(self, *messages: Body) -> tuple[dict[str, str], bytes]:
        """Headers and body of a push to the shop's address."""
        listed = [
            {**one, "msg_id": uuid.uuid4().hex, "data": json.dumps(one["data"])}
            for one in messages
        ]
        body = json.dumps(listed, ensure_ascii=False).encode()
        digest = hashlib.md5(usedforsecurity=False)
        for piece in (APP_KEY.encode(), body, APP_SECRET.encode()):
            digest.update(piece)
        return {"app-id": APP_KEY, "event-sign": digest.hexdigest()}, body

    def answer(self, request: Seen) -> Answer:
        """One call: errors come with HTTP 200."""
        method = request.path.strip("/").replace("/", ".")
        refused = self._refused(method, request)
        if refused:
            return refused
        params = request.json()
        self.begin(method, params)
        return APIS[method](self, params)

    def orders(self, params: Body) -> Answer:
        """`/order/searchList`."""
        self.is_ascending = params.get("order_asc") is True
        times = ("update_time_start", "update_time_end")
        return self._listed("orders", params, times, "shop_order_list", shown.order)

    def order(self, params: Body) -> Answer:
        """`/order/orderDetail`."""
        for story in self.world.orders:
            state = story.at(self.now)
            if state and shown.order_number(story.key) == params.get("shop_order_id"):
                detail = shown.order({**state, "key": story.key})
                return shown.success({"shop_order_detail": detail})
        return shown.error(50002, "isv.business-failed:20001", "订单不存在")

    def cases(self, params: Body) -> Answer:
        """`/afterSale/List`, by the time of change or of one number."""
        if "aftersale_id" in params:
            return self._one_case(str(params["aftersale_id"]))
        self.is_ascending = params.get("order_by") == ["update_time asc"]
        times = ("update_start_time", "update_end_time")
        return self._listed("refunds", params, times, "items", self._case)

    def create(self, params: Body) -> Answer:
        """`/token/create`: the same pair as long as it lasts."""
        kind = params.get("grant_type")
        is_self = kind == "authorization_self" and params.get("code") == ""
        is_tool = kind == "authorization_code" and params.get("code") == self.code
        if not is_tool and not (is_self and str(params.get("shop_id")) == str(SHOP)):
            return _no_token("code-invalid")
        if is_tool:
            self.code = ""
        is_alive = self._pair and self._ends[self._pair[0]] > self.clock()
        return self._grant(self._pair if is_alive and self._pair else self.authorise())

    def refresh(self, params: Body) -> Answer:
        """`/token/refresh`: another pair; a refresh token works once."""
        if self._pair is None or params.get("refresh_token") != self._pair[1]:
            return _no_token("token-invalid")
        return self._grant(self.authorise())

    def _grant(self, pair: tuple[str, str]) -> Answer:
        granted = {
            "access_token": pair[0],
            "expires_in": int(self._ends[pair[0]] - self.clock()),
            "refresh_token": pair[1],
            "scope": "SCOPE",
            "shop_id": SHOP,
            "shop_name": "示例抖店",
            "authority_id": str(SHOP),
            "auth_subject_type": "Shop",
        }
        return shown.success(granted)

    def _refused(self, method: str, request: Seen) -> Answer | None:
        query, now = request.query, self.clock()
        if method not in APIS or request.method != "POST":
            return shown.error(70000, "isp.api-service-off", "API不存在或API已下线")
        if query.get("app_key") != APP_KEY or query.get("method") != method:
            return shown.error(40003, "isv.app-id-invalid", "app_key格式不正确")
        stamp = _stamp(query.get("timestamp", ""))
        if stamp is None:
            return shown.error(40003, "isv.timestamp-format-error", "时间戳格式错误")
        if abs(now - stamp) > TEN_MINUTES:
            return shown.error(40003, "isv.timestamp-invalid", "时间戳不合法")
        body = request.body.decode()
        if not _is_canonical(body):
            return shown.error(40003, "isv.parameter-format-invalid", "参数格式错误")
        if query.get("sign") != sign(query, body, APP_SECRET):
            return shown.error(40003, "isv.signature-invalid", "签名校验失败")
        return None if method in TOKEN_CALLS else self._kept_out(query, now)

    def _kept_out(self, query: Any, now: float) -> Answer | None:
        ends = self._ends.get(query.get("access_token", ""))
        if ends is None:
            return shown.error(40003, "isv.access-token-no-existed", "请使用最新的")
        if ends <= now:
            return shown.error(40003, "isv.access-token-expired", "access_token已过期")
        if self.is_throttled():
            return shown.error(60000, "dop.flow-limit", "触发限流，请稍后重试")
        return None

    def _listed(
        self,
        kind: str,
        params: Body,
        times: tuple[str, str],
        name: str,
        show: Callable[[Body], Body],
    ) -> Answer:
        page, size = params.get("page"), params.get("size")
        if not isinstance(page, int) or not isinstance(size, int) or size > 100:
            return _wrong("page和size必填，size最大100")
        if page * size > DEEPEST:
            return _wrong("page*size不能超过10000")
        if not all(isinstance(params.get(one), int) for one in times):
            return _wrong("时间必填")
        since, until = (datetime.fromtimestamp(params[one], UTC) for one in times)
        if since < self.now - HISTORY:
            return _wrong("只支持查询最近90天")
        found = self.found(kind, getattr(self.world, kind), since, until)
        listed = [show(one) for one in page_of(found, page + 1, size)]
        counts = {"page": page, "size": size, "total": len(found)}
        return shown.success({**counts, name: listed})

    def _case(self, state: Body) -> Body:
        return shown.case(state, self.lines[state["oid"]])

    def _one_case(self, number: str) -> Answer:
        found = [
            self._case({**state, "key": story.key})
            for story in self.world.refunds
            if shown.case_number(story.key) == number and (state := story.at(self.now))
        ]
        counts = {"page": 0, "size": 1, "total": len(found), "has_more": False}
        return shown.success({**counts, "items": found})


APIS: dict[str, Callable[[DouyinDouble, Body], Answer]] = {
    "order.searchList": DouyinDouble.orders,
    "order.orderDetail": DouyinDouble.order,
    "afterSale.List": DouyinDouble.cases,
    "token.create": DouyinDouble.create,
    "token.refresh": DouyinDouble.refresh,
}


def sign(query: Any, body: str, secret: str) -> str:
    """The signature over five of the parameters; MD5 where no method is named."""
    text = secret
    for name in ("app_key", "method"):
        text += name + query[name]
    text += f"param_json{body}timestamp{query['timestamp']}v{query['v']}{secret}"
    if query.get("sign_method", "md5") == "md5":
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _stamp(written: str) -> float | None:
    """Seconds, or China time as text."""
    try:
        if written.isdecimal():
            return float(written)
        return datetime.fromisoformat(written).replace(tzinfo=CHINA).timestamp()
    except ValueError:
        return None


def _is_canonical(body: str) -> bool:
    """JSON without spaces and with sorted names; escaped or not."""
    try:
        given = json.loads(body)
    except ValueError:
        return False
    return any(
        body
        == json.dumps(
            given, sort_keys=True, separators=(",", ":"), ensure_ascii=is_ascii
        )
        for is_ascii in (False, True)
    )


def _wrong(message: str) -> Answer:
    return shown.error(40004, "isv.parameter-invalid:20012", message)


def _no_token(why: str) -> Answer:
    return shown.error(50001, f"dop.token-generate-failed:{why}", "生成token失败")
