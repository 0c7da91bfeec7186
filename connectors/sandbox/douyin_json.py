"""How Douyin's shop gateway writes things: envelopes, orders, cases, tokens."""

import base64
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.server import Answer
from connectors.sandbox.youzan_world import Person

Body = dict[str, Any]
SHOP = 10_000_002

# Status in the world -> order_status.
STATES = {
    "WAIT_BUYER_PAY": 1,
    "WAIT_CONFIRM": 105,
    "WAIT_SELLER_SEND_GOODS": 2,
    "WAIT_BUYER_CONFIRM_GOODS": 3,
    "TRADE_SUCCESS": 5,
    "TRADE_CLOSED": 4,
}
# Status in the world -> aftersale_status, refund_status.
CASES = {
    "WAIT_SELLER_AGREE": (6, 1),
    "SELLER_REFUSE_BUYER": (27, 1),
    "CLOSED": (28, 1),
    "SUCCESS": (12, 3),
}
REASONS = {1: "不想要了", 11: "质量问题", 54: "拍错/多拍", 51: "少件"}
WHOLLY_REFUNDED = 12


def success(data: Any) -> Answer:
    """Both envelopes at once: old clients look at `err_no`."""
    said = {"code": 10000, "msg": "success", "sub_code": "", "sub_msg": ""}
    old = {"err_no": 0, "message": "success"}
    return Answer({"log_id": "20260102demo", **said, **old, "data": data})


def error(code: int, sub_code: str, message: str) -> Answer:
    """The envelope of errors; note the HTTP status, 200."""
    said = {"code": code, "msg": message, "sub_code": sub_code, "sub_msg": message}
    old = {"err_no": code, "message": message}
    return Answer({"log_id": "20260102demo", **said, **old, "data": None})


def order_number(key: str) -> str:
    """19 digits from the world's `E20260101…`."""
    return f"69{int(key[15:]):017d}"


def case_number(key: str) -> str:
    """19 digits from the world's number of a refund."""
    return f"71{int(key[14:]):017d}"


def seconds(moment: datetime | None) -> int:
    """Since 1970; never is 0."""
    return int(moment.timestamp()) if moment else 0


def fen(amount: Decimal) -> int:
    """Whole fen."""
    return int(amount * 100)


def order(state: Body) -> Body:
    """One of `shop_order_list`."""
    person: Person = state["person"]
    status = STATES[state["status"]]
    number = order_number(state["key"])
    goods = sum((line["price"] * line["num"] for line in state["lines"]), Decimal(0))
    return {
        "order_id": number,
        "shop_id": SHOP,
        "shop_name": "示例抖店",
        "order_level": 2,
        "order_type": 0,
        "trade_type": 0,
        "biz": 2,
        "order_status": status,
        "main_status": _main_status(state, status),
        "b_type": 2,
        "order_amount": fen(goods),
        "pay_amount": fen(state["payment"]),
        "post_amount": fen(state["postage"]),
        "promotion_amount": fen(goods + state["postage"] - state["payment"]),
        **_times(state),
        "order_expire_time": 1800,
        "cancel_reason": "",
        "buyer_words": "",
        "open_id": person.wechat,
        "doudian_open_id": f"1@#{person.open_id}",
        "encrypt_post_tel": closed(person.phone, "$"),
        "encrypt_post_receiver": closed(person.name, "#"),
        "mask_post_receiver": f"{person.name[:1]}*",
        "mask_post_tel": "1********00",
        "post_addr": _address(person),
        "logistics_info": [],
        "sku_order_list": [_line(line, state, number) for line in state["lines"]],
    }


def case(state: Body, line: Body) -> Body:
    """One of `items` of `/afterSale/List`, of `line`."""
    status, refund = CASES[state["status"]]
    asked = seconds(state["created"])
    info = {
        "aftersale_id": case_number(state["key"]),
        "aftersale_type": 0 if state["return_goods"] else 2,
        "aftersale_status": status,
        "refund_status": refund,
        "refund_amount": fen(state["fee"]),
        "refund_post_amount": 0,
        "refund_type": 1,
        "aftersale_num": 1,
        "part_type": 0,
        "related_id": line["oid"],
        "apply_time": asked,
        "create_time": asked,
        "update_time": seconds(state["updated"]),
    }
    related = {
        "sku_order_id": line["oid"],
        "order_status": 3,
        "pay_amount": fen(line["payment"]),
        "item_num": line["num"],
        "product_id": line["item_id"],
        "product_name": line["title"],
    }
    order_info = {
        "shop_order_id": order_number(state["tid"]),
        "related_order_info": [related],
    }
    texts = {"reason_text": REASONS[state["reason"]], "aftersale_type_text": "仅退款"}
    return {"aftersale_info": info, "order_info": order_info, "text_part": texts}


def closed(plain: str, sign: str) -> str:
    """A cipher text in the form of the real ones."""
    return f"{sign}{base64.b64encode(plain[::-1].encode()).decode()}{sign}1{sign}"


def _main_status(state: Body, status: int) -> int:
    if state["refund_state"] != WHOLLY_REFUNDED:
        return status
    return 39 if "got" in state else 22 if "sent" in state else 21


def _times(state: Body) -> Body:
    return {
        "create_time": seconds(state["created"]),
        "pay_time": seconds(state.get("paid")),
        "update_time": seconds(state["updated"]),
        "ship_time": seconds(state.get("sent")),
        "finish_time": seconds(state.get("got")),
    }


def _address(person: Person) -> Body:
    names = zip(("province", "city", "town"), person.place, strict=True)
    return {level: {"name": name, "id": "0"} for level, name in names}


def _line(line: Body, state: Body, number: str) -> Body:
    kind, choice = line["sku"]
    return {
        "order_id": line["oid"],
        "parent_order_id": number,
        "order_level": 3,
        "product_id": line["item_id"],
        "product_id_str": str(line["item_id"]),
        "product_name": line["title"],
        "sku_id": line["sku_id"],
        "code": line["outer"],
        "item_num": line["num"],
        "origin_amount": fen(line["price"]),
        "sum_amount": fen(line["price"] * line["num"]),
        "pay_amount": fen(line["payment"]),
        "order_status": STATES[state["status"]],
        "spec": [{"name": kind, "value": choice}],
        "after_sale_info": {"after_sale_status": 0, "refund_status": 0},
        "is_comment": 0,
    }
