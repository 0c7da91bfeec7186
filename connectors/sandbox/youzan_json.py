"""How Youzan writes things: envelopes, orders, refunds, reviews, cipher texts."""

import base64
import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from zlib import crc32

from connectors.sandbox.server import Answer
from connectors.sandbox.youzan_world import CHINA, Person

Body = dict[str, Any]
SHOP = 10_000_001


def success(data: Any) -> Answer:
    """The envelope of version 4 and most of 1 and 3."""
    whole = {"trace_id": "yz7-demo-1", "code": 200, "success": True}
    return Answer({**whole, "message": "successful", "data": data})


def business_error(code: int, message: str, data: Any = None) -> Answer:
    """An error of the API itself; note the HTTP status, 200."""
    whole = {"trace_id": "yz7-demo-1", "code": code, "success": False}
    return Answer({**whole, "message": message, "data": data})


def gateway_error(code: int, message: str) -> Answer:
    """An error of the gateway before the API."""
    error = {"err_code": code, "err_msg": message, "trace_id": "yz7-demo-1"}
    return Answer({"gw_err_resp": error})


def old_error(code: int, message: str) -> Answer:
    """An error in the envelope of old APIs."""
    return Answer({"error_response": {"code": code, "msg": message}})


def closed(plain: str) -> str:
    """A cipher text that anybody can open, in the form of the real ones."""
    return f"${base64.b64encode(plain[::-1].encode()).decode()}$1$" if plain else ""


def opened(cipher: str) -> str:
    """The plain text of `closed`, empty when there is none."""
    try:
        return base64.b64decode(cipher[1:-3]).decode()[::-1]
    except ValueError:
        return ""


def written(moment: datetime | None) -> str:
    """China time; never is an empty text."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def order(state: Body) -> Body:
    """`full_order_info` as `youzan.trades.sold.get` gives it."""
    person: Person = state["person"]
    province, city, district = person.place
    info = {
        "tid": state["key"],
        "status": state["status"],
        "type": 0,
        "close_type": state["close_type"],
        "refund_state": state["refund_state"],
        "created": written(state["created"]),
        "update_time": written(state["updated"]),
        "pay_time": written(state.get("paid")),
        "consign_time": written(state.get("sent")),
        "confirm_time": "",
        "success_time": written(state.get("got")) or "1970-01-01 08:00:00",
        "node_kdt_id": SHOP,
        "order_tags": {"is_payed": "paid" in state, "is_refund": False},
        "order_extra": {"is_from_cart": "true", "buyer_name": closed(person.name)},
    }
    address = {
        "receiver_name": closed(person.name),
        "receiver_tel": closed(person.phone),
        "delivery_province": province,
        "delivery_city": city,
        "delivery_district": district,
        "delivery_address": closed("示例路 1 号"),
    }
    buyer = {
        "yz_open_id": person.open_id,
        "buyer_phone": closed(person.phone),
        "fans_nickname": closed(person.name),
        "outer_user_id": person.wechat,
    }
    pay = {
        "total_fee": money(state["payment"]),
        "post_fee": money(state["postage"]),
        "payment": money(state["payment"]),
    }
    whole = {
        "order_info": info,
        "buyer_info": buyer,
        "pay_info": pay,
        "address_info": address,
        "remark_info": {"buyer_message": "", "trade_memo": ""},
        "orders": [_line(line) for line in state["lines"]],
    }
    return {"full_order_info": whole}


def refund(state: Body) -> Body:
    """One of `refunds` of `youzan.trade.refund.search`."""
    return {
        "refund_id": state["key"],
        "tid": state["tid"],
        "oid": state["oid"],
        "kdt_id": SHOP,
        "status": state["status"],
        "refund_type": "BUYER_APPLY_REFUND",
        "return_goods": state["return_goods"],
        "reason": state["reason"],
        "refund_fee": money(state["fee"]),
        "cs_status": 1,
        "created": written(state["created"]),
        "modified": written(state["updated"]),
    }


def review(state: Body) -> Body:
    """One of `items` of `youzan.item.reviews.query`."""
    return {
        "id": int(state["key"]),
        "order_no": state["tid"],
        "kdt_id": SHOP,
        "goods_id": state["line"]["item_id"],
        "sku_id": state["line"]["sku_id"],
        "rate": state["rate"],
        "desc_rate": state["stars"],
        "serv_rate": 5,
        "logi_rate": 4,
        "review": state["words"],
        "picture": [],
        "fans_nickname": "小***",
        "buyer_id": 0,
        "created_time": written(state["created"]),
        "update_time": written(state["updated"]),
    }


def customer(person: Person, finished: list[Decimal]) -> Body:
    """One of `record_list` of `youzan.scrm.customer.list`."""
    return {
        "yz_open_id": person.open_id,
        "show_name": person.name,
        "mobile": person.phone,
        "gender": person.gender,
        "is_member": int(len(finished) > 1),
        "trade_count": len(finished),
        "points": int(sum(finished)),
        "created_at": int(person.created.timestamp()),
        "created_member_at": 0,
        "is_mobile_enable": True,
    }


def tags(names: list[str]) -> list[Body]:
    """The answer of `youzan.scrm.tag.relation.get`."""
    return [{"id": crc32(one.encode()), "name": one} for one in names]


def money(amount: Decimal) -> str:
    """Yuan with two places, as text."""
    return f"{amount:.2f}"


def _line(line: Body) -> Body:
    kind, choice = line["sku"]
    sku = [{"k": kind, "k_id": 1, "v": choice, "v_id": 2}]
    return {
        "oid": line["oid"],
        "item_type": 0,
        "title": line["title"],
        "num": line["num"],
        "price": money(line["price"]),
        "discount_price": money(line["price"]),
        "total_fee": money(line["price"] * line["num"]),
        "payment": money(line["payment"]),
        "points_price": "0",
        "item_id": line["item_id"],
        "sku_id": line["sku_id"],
        "outer_sku_id": line["outer"],
        "sku_properties_name": json.dumps(sku, ensure_ascii=False),
        "is_present": False,
    }
