"""How Pinduoduo writes things: envelopes, orders, refunds, cipher texts, tokens."""

import base64
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.sandbox.server import Answer
from connectors.sandbox.youzan_world import CHINA, Person

Body = dict[str, Any]

# Kind -> the root of the answer, which nobody can guess, and the list in it.
ROOTS = {
    "orders": ("order_sn_increment_get_response", "order_sn_list"),
    "refunds": ("refund_increment_get_response", "refund_list"),
}
REQUIRED = {
    "orders": ("is_lucky_flag", "order_status", "refund_status"),
    "refunds": ("after_sales_status", "after_sales_type"),
}
# Status in the world -> order_status, confirm_status, group_status.
STATES = {
    "WAIT_BUYER_PAY": (1, 0, 0),
    "WAIT_CONFIRM": (1, 0, 0),
    "WAIT_SELLER_SEND_GOODS": (1, 1, 1),
    "WAIT_BUYER_CONFIRM_GOODS": (2, 1, 1),
    "TRADE_SUCCESS": (3, 1, 1),
    "TRADE_CLOSED": (1, 2, 2),
}
AFTER_SALES = {
    "WAIT_SELLER_AGREE": 2,
    "SELLER_REFUSE_BUYER": 6,
    "CLOSED": 11,
    "SUCCESS": 10,
}
REASONS = {1: "不想要了", 11: "质量问题", 54: "拍错/多拍", 51: "少件"}
WHOLLY_REFUNDED = 12


def error(code: int, message: str) -> Answer:
    """The envelope of errors; note the HTTP status, 200."""
    told = {"error_code": code, "error_msg": message, "request_id": "16demo"}
    more = {"sub_code": str(code), "sub_msg": message}
    return Answer({"error_response": {**told, **more}})


def token(access: str, refresh: str, now: int) -> Answer:
    """The answer of `pdd.pop.auth.token.refresh`."""
    granted = {
        "access_token": access,
        "expires_in": 86_399,
        "expires_at": now + 86_399,
        "refresh_token": refresh,
        "refresh_token_expires_in": 2_592_000,
        "refresh_token_expires_at": now + 2_592_000,
        "owner_id": "900001",
        "owner_name": "pdd9000011234",
        "scope": ["pdd.order.list.get"],
    }
    return Answer({"pop_auth_token_refresh_response": granted})


def order_number(key: str) -> str:
    """`260101-000000000000001` from the world's `E20260101…`."""
    return f"{key[3:9]}-{int(key[15:]):015d}"


def written(moment: datetime | None) -> str:
    """China time; never is an empty text."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def order(state: Body) -> Body:
    """One of `order_sn_list`: money in yuan as JSON numbers."""
    person: Person = state["person"]
    province, city, town = person.place
    order_status, confirm, group = STATES[state["status"]]
    is_refunded = state["refund_state"] == WHOLLY_REFUNDED
    goods = sum((line["price"] * line["num"] for line in state["lines"]), Decimal(0))
    is_open = order_status == confirm == 1
    shipped = written(state.get("sent"))
    return {
        "order_sn": order_number(state["key"]),
        "order_status": order_status,
        "confirm_status": 1 if is_refunded else confirm,
        "group_status": 1 if is_refunded else group,
        "refund_status": 4 if is_refunded else 1,
        "after_sales_status": 10 if state["refund_state"] else 0,
        "risk_control_status": 0,
        "trade_type": 0,
        "is_lucky_flag": 1,
        "created_time": written(state["created"]),
        "pay_time": written(state.get("paid")),
        "confirm_time": written(state.get("paid")) if confirm else "",
        "updated_at": written(state["updated"]),
        "shipping_time": shipped or None,
        "receive_time": written(state.get("got")),
        "pay_type": "WEIXIN",
        "goods_amount": float(goods),
        "discount_amount": float(goods + state["postage"] - state["payment"]),
        "postage": float(state["postage"]),
        "pay_amount": float(state["payment"]),
        "country": "中国",
        "province": province,
        "city": city,
        "town": town,
        "receiver_name": closed(person.name, "~") if is_open else "",
        "receiver_name_mask": f"{person.name[:1]}**" if is_open else "",
        "receiver_phone": closed(person.phone, "$") if is_open else "",
        "receiver_phone_mask": "1********00" if is_open else "",
        "buyer_memo": "",
        "remark": "",
        "item_list": [_line(line) for line in state["lines"]],
    }


def refund(state: Body, line: Body) -> Body:
    """One of `refund_list`, of `line`: money in yuan as texts, unlike in orders."""
    return {
        "id": 90_000_000 + int(state["key"][14:]),
        "order_sn": order_number(state["tid"]),
        "after_sales_status": AFTER_SALES[state["status"]],
        "after_sales_type": 3 if state["return_goods"] else 2,
        "after_sale_reason": REASONS[state["reason"]],
        "refund_amount": f"{state['fee']:.2f}",
        "order_amount": f"{state['fee']:.2f}",
        "discount_amount": "0.00",
        "goods_id": line["item_id"],
        "sku_id": str(line["sku_id"]),
        "goods_number": "1",
        "created_time": written(state["created"]),
        "updated_time": written(state["updated"]),
        "speed_refund_flag": 0,
        "user_shipping_status": "0",
        "dispute_refund_status": 0,
    }


def closed(plain: str, sign: str) -> str:
    """A cipher text that nobody outside can open, in the form of the real ones."""
    return f"{sign}{base64.b64encode(plain[::-1].encode()).decode()}{sign}1{sign}"


def _line(line: Body) -> Body:
    _, choice = line["sku"]
    return {
        "goods_id": str(line["item_id"]),
        "sku_id": str(line["sku_id"]),
        "outer_id": line["outer"],
        "goods_name": line["title"],
        "goods_spec": choice,
        "goods_price": float(line["price"]),
        "goods_count": line["num"],
        "goods_img": "https://img.example/1.jpg",
    }
