"""How Taobao's gateway writes things: envelopes, trades, refunds, ratings, tokens."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.server import Answer
from connectors.sandbox.youzan_world import CHINA, Person

Body = dict[str, Any]

STATES = {
    "WAIT_BUYER_PAY": "WAIT_BUYER_PAY",
    "WAIT_CONFIRM": "PAID_FORBID_CONSIGN",
    "WAIT_SELLER_SEND_GOODS": "WAIT_SELLER_SEND_GOODS",
    "WAIT_BUYER_CONFIRM_GOODS": "WAIT_BUYER_CONFIRM_GOODS",
    "TRADE_SUCCESS": "TRADE_FINISHED",
}
RESULTS = {30: "good", 20: "neutral", 10: "bad"}
REASONS = {1: "7天无理由退换货", 11: "质量问题", 54: "拍错/多拍", 51: "少件"}
# Kinds of trade that are in a list when nobody asks for kinds.
DEFAULT_TYPES = {
    "orders": ("guarantee_trade", "auto_delivery", "ec", "cod", "step"),
    "refunds": ("guarantee_trade", "auto_delivery"),
}


def error(code: int, message: str, sub_code: str = "", sub_message: str = "") -> Answer:
    """The envelope of errors; note the HTTP status, 200."""
    told = {"code": code, "msg": message, "request_id": "15demo0000004"}
    more = {"sub_code": sub_code, "sub_msg": sub_message} if sub_code else {}
    return Answer({"error_response": {**told, **more}})


def ban(seconds: int) -> Answer:
    """Too many calls: the time to wait is in the middle of a sentence."""
    kind = "accesscontrol.limited-by-app-access-count"
    return error(
        7, "App Call Limited", kind, f"This ban will last for {seconds} more seconds"
    )


def listed(name: str, records: Sequence[Body], **paging: Any) -> Answer:
    """The answer of an API; a list that is empty is not there at all."""
    wrapper, item = WRAPPED[name]
    found = {wrapper: {item: list(records)}} if records else {}
    root = f"{name.removeprefix('taobao.').replace('.', '_')}_response"
    return Answer({root: {**paging, "request_id": "15demo0000001", **found}})


WRAPPED = {
    "taobao.trades.sold.increment.get": ("trades", "trade"),
    "taobao.refunds.receive.get": ("refunds", "refund"),
    "taobao.traderates.get": ("trade_rates", "trade_rate"),
}


def token(access: str, refresh: str, life: int) -> Answer:
    """The answer of `/token`."""
    ends = dict.fromkeys(("r1_expires_in", "r2_expires_in", "w1_expires_in"), life)
    granted = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": life,
        "refresh_token": refresh,
        "re_expires_in": life,
        **ends,
        "w2_expires_in": 1800,
        "taobao_user_nick": "%E7%A4%BA%E4%BE%8B%E5%BA%97%E9%93%BA",
        "taobao_user_id": "2088000001",
    }
    return Answer(granted)


def trade_number(key: str) -> int:
    """A number of 64 bits from the world's `E20260101…`."""
    return 3_600_000_000_000_000_000 + int(key[15:])


def line_number(oid: str) -> int:
    """A number of 64 bits from the world's line."""
    return 1_000_000_000_000_000_000 + int(oid)


def refund_number(key: str) -> str:
    """A number in a text, from the world's number of a refund."""
    return f"19{int(key[14:]):016d}"


def type_of(key: str) -> str:
    """Each seventh trade is paid in steps."""
    return "step" if int(key[-10:]) % 7 == 0 else "fixed"


def written(moment: datetime) -> str:
    """China time."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def trade(state: Body) -> Body:
    """One of `trades`: money in yuan as text; times that are not yet are left out."""
    person: Person = state["person"]
    province, city, district = person.place
    goods = sum((line["price"] * line["num"] for line in state["lines"]), Decimal(0))
    times = {
        "pay_time": state.get("paid"),
        "consign_time": state.get("sent"),
        "end_time": state.get("got"),
    }
    return {
        "tid": trade_number(state["key"]),
        "tid_str": str(trade_number(state["key"])),
        "status": _status(state),
        "type": type_of(state["key"]),
        "created": written(state["created"]),
        **{name: written(time) for name, time in times.items() if time},
        "modified": written(state["updated"]),
        "payment": f"{state['payment']:.2f}",
        "total_fee": f"{goods:.2f}",
        "post_fee": f"{state['postage']:.2f}",
        "discount_fee": "0.00",
        "received_payment": f"{state['payment'] if state.get('got') else 0:.2f}",
        "buyer_nick": f"{person.name[:1]}**",
        "buyer_open_uid": f"AAH{person.open_id}",
        "buyer_message": "尽快发货😊",
        "receiver_name": f"{person.name[:1]}**",
        "receiver_mobile": f"*******{person.phone[-4:]}",
        "receiver_state": province,
        "receiver_city": city,
        "receiver_district": district,
        "trade_from": "WAP,WAP",
        "orders": {"order": [_line(line, state) for line in state["lines"]]},
    }


def refund(state: Body, line: Body) -> Body:
    """One of `refunds`, of `line`; `payment` is what the shop keeps."""
    return {
        "refund_id": refund_number(state["key"]),
        "tid": trade_number(state["tid"]),
        "oid": line_number(line["oid"]),
        "status": state["status"],
        "created": written(state["created"]),
        "modified": written(state["updated"]),
        "refund_fee": f"{state['fee']:.2f}",
        "payment": "0.00",
        "total_fee": f"{state['fee']:.2f}",
        "reason": REASONS[state["reason"]],
        "has_good_return": state["return_goods"],
        "refund_phase": "onsale",
        "num_iid": line["item_id"],
        "title": line["title"],
    }


def rating(state: Body) -> Body:
    """One of `trade_rates`: it has no number of its own."""
    line = state["line"]
    return {
        "tid": trade_number(state["tid"]),
        "oid": line_number(line["oid"]),
        "role": "buyer",
        "nick": "我**",
        "rated_nick": "示例店铺",
        "result": RESULTS[state["rate"]],
        "created": written(state["created"]),
        "item_title": line["title"],
        "item_price": f"{line['price']:.2f}",
        "num_iid": line["item_id"],
        "content": state["words"],
        "reply": "谢谢",
        "valid_score": True,
    }


def _status(state: Body) -> str:
    if state["status"] == "TRADE_CLOSED":
        return "TRADE_CLOSED" if state.get("paid") else "TRADE_CLOSED_BY_TAOBAO"
    return STATES[state["status"]]


def _line(line: Body, state: Body) -> Body:
    name, choice = line["sku"]
    return {
        "oid": line_number(line["oid"]),
        "oid_str": str(line_number(line["oid"])),
        "num_iid": line["item_id"],
        "sku_id": str(line["sku_id"]),
        "outer_iid": line["outer"],
        "sku_properties_name": f"{name}:{choice}",
        "title": line["title"],
        "price": f"{line['price']:.2f}",
        "num": line["num"],
        "payment": f"{line['payment']:.2f}",
        "divide_order_fee": f"{line['payment']:.2f}",
        "status": _status(state),
        "refund_status": "NO_REFUND",
    }
