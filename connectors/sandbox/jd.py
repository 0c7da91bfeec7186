"""A double of JD's gateway over an invented shop; see jd_json.py."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox import jd_json as shown
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shop_double import Body, ShopDouble, page_of
from connectors.sandbox.youzan_world import CHINA, Story, World

APP_KEY = "jd-demo-key-0001"
APP_SECRET = "jd-demo-secret-0001"
YEAR = 31_536_000
SIX_MINUTES = 360
# A return is approved so long after it was asked for.
APPROVAL = timedelta(hours=1)


class JdDouble(ShopDouble):
    """The gateway and the place that renews tokens, with one merchant's tokens.

    `life` is how long tokens live; one that has ended is not renewed.
    """

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(world, port)
        self.life = YEAR
        self.container: str | None = None
        self._tokens: dict[str, float] = {}
        self._refreshes: list[str] = []
        self.cancelled: list[Story] = []
        self.returned: list[Story] = []
        by_number = {order.key: order for order in world.orders}
        for one in (*world.refunds, *world.reviews):
            one.facts["person"] = by_number[one.facts["tid"]].facts["person"]
        for one in world.refunds:
            (self.returned if one.facts["return_goods"] else self.cancelled).append(one)
        self.access, self.refresh = self.authorise()

    @property
    def secrets(self) -> list[str]:
        """All tokens given so far, and the secret."""
        return [*self._tokens, *self._refreshes, APP_SECRET]

    def revoke_tokens(self) -> None:
        """Every access token given so far is refused, though its time is not over."""
        self._tokens = dict.fromkeys(self._tokens, float("inf"))

    def authorise(self) -> tuple[str, str]:
        """The merchant agrees once more: a new pair of tokens, the old one is over."""
        self.revoke_tokens()
        access, refresh = uuid.uuid4().hex, uuid.uuid4().hex
        self._tokens[access] = self.clock() + self.life
        self._refreshes.append(refresh)
        return access, refresh

    def answer(self, request: Seen) -> Answer:
        """One call, from a form or an address; errors come with HTTP 200."""
        params = {**request.query, **request.form()}
        if request.path == "/oauth2/refresh_token":
            return self._renewed(params)
        refused = self._refused(params)
        if refused:
            return refused
        name = params["method"]
        try:
            business = json.loads(params["360buy_param_json"])
            self.begin(name, business)
            return APIS[name](self, name, business)
        except (KeyError, ValueError):
            return shown.error(61, "参数值不合法，请参照帮助文档确认！", "not valid")

    def orders(self, name: str, asked: Body) -> Answer:
        """`jingdong.pop.order.search`: no order that nobody has paid."""
        if self.container:
            asked = asked[self.container]
        if any(not isinstance(one, str) for one in asked.values()):
            raise ValueError("all parameters are texts")
        start, end = _time(asked["start_date"]), _time(asked["end_date"])
        if not timedelta(0) <= end - start <= timedelta(days=31):
            return shown.answered(name, {"searchorderinfo_result": FAILED})
        states = asked["order_state"].split(",")
        by = "created" if asked.get("dateType") == "1" else "updated"
        self.is_ascending = asked.get("sortType") != "1"
        found = [
            state
            for state in self.found("orders", self.world.orders, start, end, by)
            if state.get("paid") and shown.STATES[state["status"]] in states
        ]
        fields = asked["optional_fields"].split(",")
        listed = [
            {
                field: value
                for field, value in shown.order(one).items()
                if field in fields
            }
            for one in _page(found, asked["page"], asked["page_size"], largest=100)
        ]
        result = {"apiResult": GOOD, "orderTotal": len(found), "orderInfoList": listed}
        return shown.answered(name, {"searchorderinfo_result": result})

    def refunds(self, name: str, asked: Body) -> Answer:
        """`jingdong.pop.afs.soa.refundapply.queryPageList`: cancelled orders."""
        by = "modified" if "modifiedStart" in asked else "checkTime"
        start, end = _time(asked[f"{by}Start"]), _time(asked[f"{by}End"])
        found = [
            state
            for state in self.found("refunds", self.cancelled, start, end)
            if by == "modified" or state["status"] != "WAIT_SELLER_AGREE"
        ]
        page, size = asked["pageIndex"], asked["pageSize"]
        listed = _page(found, page, size, largest=50, deepest=100)
        result: Body = {"success": True, "totalCount": len(found)}
        result["result"] = [shown.refund(one) for one in listed]
        return shown.answered(name, {"queryResult": result})

    def returns(self, name: str, asked: Body) -> Answer:
        """`jingdong.asc.serviceAndRefund.view`: by the time of approval."""
        start, end = _time(asked["approveTimeBegin"]), _time(asked["approveTimeEnd"])
        if not timedelta(0) <= end - start <= timedelta(days=10):
            failed = {"success": False, "code": "40001", "msg": "时间跨度超过10天"}
            return shown.answered(name, {"pageResult": failed})
        window = start - APPROVAL, min(end, self.now - self.index_lag) - APPROVAL
        found = self.found("returns", self.returned, *window, by="created")
        page, size = asked["pageNumber"], asked["pageSize"]
        listed = [
            shown.service(one, self.lines[one["oid"]])
            for one in _page(found, page, size, largest=50)
        ]
        result = {"success": True, "code": "00000", "totalCount": len(found)}
        return shown.answered(name, {"pageResult": {**result, "data": listed}})

    def comments(self, name: str, asked: Body) -> Answer:
        """`…getVenderCommentsForJos`: by the time they were written."""
        start, end = _time(asked["beginTime"]), _time(asked["endTime"])
        found = self.found("comments", self.world.reviews, start, end, by="created")
        listed = _page(found, asked["page"], asked["pageSize"], largest=50)
        body = {"totalItem": len(found), "page": int(asked["page"])}
        comments = [shown.comment(one) for one in listed]
        return shown.answered(name, {**body, "comments": comments, "resultCode": "1"})

    def _renewed(self, params: Body) -> Answer:
        """A refresh token works once, and not when the access token has ended."""
        if (params.get("app_key"), params.get("app_secret")) != (APP_KEY, APP_SECRET):
            return Answer({"code": 402, "msg": "app_key或app_secret错误"})
        is_over = self.clock() >= self._tokens[self.access]
        if params.get("refresh_token") != self.refresh or is_over:
            return Answer({"code": 400, "msg": "refresh_token已失效"})
        self.access, self.refresh = self.authorise()
        return shown.token(self.access, self.refresh, self.life, self.clock())

    def _refused(self, params: Body) -> Answer | None:
        if params.get("method") not in APIS:
            return shown.error(15, "不存在的方法名", "Invalid Method")
        if params.get("v") != "2.0":
            return shown.error(4, "缺少版本参数", "Missing Version")
        if params.get("app_key") != APP_KEY:
            return shown.error(21, "无效app_key", "Invalid app_key")
        return self._untimely(params) or self._closed(params)

    def _untimely(self, params: Body) -> Answer | None:
        try:
            sent = _stamp(params["timestamp"])
        except (KeyError, ValueError):
            return shown.error(7, "缺少时间戳参数", "Missing Timestamp")
        if abs(self.clock() - sent.timestamp()) > SIX_MINUTES:
            return shown.error(8, "非法的时间戳参数", "Invalid Timestamp")
        return None

    def _closed(self, params: Body) -> Answer | None:
        if "sign" not in params:
            return shown.error(11, "缺少签名参数", "Missing Signature")
        if params["sign"] != sign(params, APP_SECRET):
            return shown.error(12, "无效签名", "Invalid Signature")
        ends = self._tokens.get(str(params.get("access_token")), 0.0)
        if ends == float("inf") or ends <= self.clock():
            return shown.error(19, "token已过期", "Invalid access_token")
        if self.is_throttled():
            return shown.error(2, "限制时间内调用失败次数", "App Call Limited")
        return None


GOOD = {"success": True, "englishErrCode": "", "chineseErrCode": "", "numberCode": 0}
FAILED = {
    "apiResult": {
        "success": False,
        "englishErrCode": "param error",
        "chineseErrCode": "时间跨度不能超过一个月",
        "numberCode": 10400001,
    }
}
APIS: dict[str, Callable[[JdDouble, str, Body], Answer]] = {
    "jingdong.pop.order.search": JdDouble.orders,
    "jingdong.pop.order.enSearch": JdDouble.orders,
    "jingdong.pop.afs.soa.refundapply.queryPageList": JdDouble.refunds,
    "jingdong.asc.serviceAndRefund.view": JdDouble.returns,
    "jingdong.pop.PopCommentJsfService.getVenderCommentsForJos": JdDouble.comments,
}
SIGNED = ("360buy_param_json", "access_token", "app_key", "method", "timestamp", "v")


def sign(params: Body, secret: str) -> str:
    """The signature that JD computes, over the six parameters that it knows."""
    digest = hashlib.md5(secret.encode(), usedforsecurity=False)
    for name in SIGNED:
        if name in params:
            digest.update(f"{name}{params[name]}".encode())
    digest.update(secret.encode())
    return digest.hexdigest().upper()


def _page(
    found: list[Body], page: Any, size: Any, largest: int, deepest: int = 1_000_000
) -> list[Body]:
    number, length = int(page), int(size)
    if not (0 < length <= largest and 0 < number <= deepest):
        raise ValueError("no such page")
    return list(page_of(found, number, length))


def _time(written: str) -> datetime:
    return datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def _stamp(written: str) -> datetime:
    """Both forms of a timestamp; the longer one has milliseconds and an offset."""
    if len(written) > len("2026-01-02 00:05:00"):
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S.%f%z")
    return _time(written)
