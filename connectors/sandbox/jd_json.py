"""How JD's gateway writes things: envelopes, orders, refunds, comments, tokens."""

import base64
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.server import Answer
from connectors.sandbox.youzan_world import CHINA, Person

Body = dict[str, Any]

STATES = {
    "WAIT_CONFIRM": "POP_ORDER_PAUSE",
    "WAIT_SELLER_SEND_GOODS": "WAIT_SELLER_STOCK_OUT",
    "WAIT_BUYER_CONFIRM_GOODS": "WAIT_GOODS_RECEIVE_CONFIRM",
    "TRADE_SUCCESS": "FINISHED_L",
    "TRADE_CLOSED": "TRADE_CANCELED",
}
CHECKS = {
    "WAIT_SELLER_AGREE": 0,
    "SELLER_REFUSE_BUYER": 2,
    "CLOSED": 11,
    "SUCCESS": 3,
}
REASONS = {1: "不想要了", 11: "质量问题", 54: "拍错/多拍", 51: "少件"}
NEVER = "0001-01-01 00:00:00"


def error(code: int, chinese: str, english: str = "") -> Answer:
    """The envelope of errors: codes are texts; note the HTTP status, 200."""
    told = {"code": str(code), "zh_desc": chinese, "en_desc": english}
    return Answer({"error_response": told})


def answered(name: str, body: Body) -> Answer:
    """The answer of an API, in JD's own spelling."""
    return Answer({f"{name.replace('.', '_')}_responce": {"code": "0", **body}})


def token(access: str, refresh: str, life: int, now: float) -> Answer:
    """The answer of `/oauth2/refresh_token`."""
    granted = {
        "access_token": access,
        "expires_in": life,
        "refresh_token": refresh,
        "scope": "snsapi_base",
        "xid": "demoSellerXid",
        "uid": "1000001",
        "time": int(now * 1000),
    }
    return Answer(granted)


def order_number(key: str) -> str:
    """12 digits from the world's `E20260101…`."""
    return str(300_000_000_000 + int(key[15:]))


def refund_number(key: str) -> int:
    """A number from the world's number of a refund."""
    return 40_000_000 + int(key[14:])


def written(moment: datetime | None) -> str:
    """China time; never is the first day of the calendar."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if moment else NEVER


def order(state: Body) -> Body:
    """One of `orderInfoList`: all values are texts, money in yuan."""
    person: Person = state["person"]
    province, city, county = person.place
    goods = sum((line["price"] * line["num"] for line in state["lines"]), Decimal(0))
    payment = f"{state['payment']:.2f}"
    return {
        "orderId": order_number(state["key"]),
        "venderId": "10001",
        "orderType": "22",
        "payType": "4-在线支付",
        "orderTotalPrice": f"{goods + state['postage']:.2f}",
        "orderSellerPrice": payment,
        "orderPayment": payment,
        "freightPrice": f"{state['postage']:.2f}",
        "sellerDiscount": f"{goods + state['postage'] - state['payment']:.2f}",
        "balanceUsed": "0.00",
        "orderState": STATES[state["status"]],
        "orderStartTime": written(state["created"]),
        "orderEndTime": written(state.get("got")),
        "paymentConfirmTime": written(state.get("paid")),
        "modified": written(state["updated"]),
        "orderRemark": "请尽快😊",
        "parentOrderId": "0",
        "pin": "",
        "open_id_buyer": f"open{person.open_id}",
        "xid_buyer": f"xid{person.open_id}",
        "consigneeInfo": {
            "fullname": closed(person.name),
            "mobile": closed(person.phone),
            "fullAddress": closed("某路1号"),
            "province": province.rstrip("省市"),
            "city": city,
            "county": county,
        },
        "itemInfoList": [_line(line) for line in state["lines"]],
    }


def refund(state: Body) -> Body:
    """One of `result`: numbers are numbers here, money in fen."""
    is_checked = state["status"] != "WAIT_SELLER_AGREE"
    return {
        "id": refund_number(state["key"]),
        "orderId": int(order_number(state["tid"])),
        "applyTime": written(state["created"]),
        "checkTime": written(state["updated"]) if is_checked else None,
        "modified": written(state["updated"]),
        "applyRefundSum": int(state["fee"] * 100),
        "status": CHECKS[state["status"]],
        "reason": REASONS[state["reason"]],
        "open_id_buyer": f"open{state['person'].open_id}",
        "systemId": 1,
    }


def service(state: Body, line: Body) -> Body:
    """One of `data`: a return of `line`."""
    is_done = state["status"] == "SUCCESS"
    return {
        "afsRefundId": str(60_000_000 + int(state["key"][14:])),
        "status": 13 if is_done else 10,
        "completeTime": written(state["updated"]) if is_done else None,
        "refoundAmount": f"{state['fee']:.2f}",
        "sameOrderServiceBill": {
            "serviceId": 50_000_000 + int(state["key"][14:]),
            "orderId": int(order_number(state["tid"])),
            "wareId": line["sku_id"],
            "serviceCount": 1,
            "afsApplyTime": written(state["created"]),
            "questionDesc": REASONS[state["reason"]],
            "open_id_buyer": f"open{state['person'].open_id}",
        },
    }


def comment(state: Body) -> Body:
    """One of `comments`."""
    return {
        "commentId": f"c{state['key']}",
        "orderId": int(order_number(state["tid"])),
        "skuid": str(state["line"]["sku_id"]),
        "skuName": state["line"]["title"],
        "score": state["stars"],
        "content": state["words"],
        "creationTime": written(state["created"]),
        "nickName": "j***n",
        "isVenderReply": False,
        "open_id_buyer": f"open{state['person'].open_id}",
    }


def closed(plain: str) -> str:
    """A cipher text that nobody outside can open."""
    return base64.b64encode(plain[::-1].encode()).decode()


def _line(line: Body) -> Body:
    _, choice = line["sku"]
    return {
        "skuId": str(line["sku_id"]),
        "outerSkuId": line["outer"],
        "skuName": f"{line['title']} {choice}",
        "jdPrice": f"{line['price']:.2f}",
        "itemTotal": str(line["num"]),
        "wareId": str(line["item_id"]),
    }
