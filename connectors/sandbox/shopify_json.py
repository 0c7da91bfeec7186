"""The invented shop as Shopify would show it: GraphQL's objects, and REST's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.shopify_graphql import Connection
from connectors.sandbox.youzan_world import Person

Body = dict[str, Any]
SHOP_ZONE = ZoneInfo("Asia/Shanghai")
STATUS = {
    "WAIT_BUYER_PAY": ("PENDING", "UNFULFILLED"),
    "WAIT_CONFIRM": ("PAID", "ON_HOLD"),
    "WAIT_SELLER_SEND_GOODS": ("PAID", "UNFULFILLED"),
    "WAIT_BUYER_CONFIRM_GOODS": ("PAID", "FULFILLED"),
    "TRADE_SUCCESS": ("PAID", "FULFILLED"),
}
PARTLY_REFUNDED = 2
REST_GOODS = {"UNFULFILLED": None, "ON_HOLD": None, "FULFILLED": "fulfilled"}


def order_id(key: str) -> int:
    """The number of an order, from its key in the world."""
    return 450_000_000 + int(key[-10:])


def refund_id(key: str) -> int:
    """The number of a refund."""
    return 509_000_000 + int(key[-10:])


def customer_id(person: Person) -> int:
    """The number of a customer."""
    return 207_000_000 + int(person.open_id[-12:-6])


def email(person: Person) -> str:
    """The world's people have no addresses of their own."""
    return f"{person.open_id}@example.com"


def gid(kind: str, number: Any) -> str:
    """How GraphQL names a thing."""
    return f"gid://shopify/{kind}/{number}"


def order(state: Body, refunds: Sequence[Body]) -> Body:
    """One node of `orders`; `refunds` are states of its refunds that went through."""
    person: Person = state["person"]
    money, goods = _status(state)
    paid, sent = state.get("paid"), state.get("sent")
    lines = [_line(one) for one in state["lines"]]
    return {
        "__typename": "Order",
        "id": gid("Order", order_id(state["key"])),
        "legacyResourceId": str(order_id(state["key"])),
        "name": f"#{order_id(state['key']) - 450_000_000 + 1000}",
        "createdAt": zulu(state["created"]),
        "processedAt": zulu(state["created"]),
        "updatedAt": zulu(state["updated"]),
        "cancelledAt": zulu(state["updated"]) if _is_cancelled(state) else None,
        "closedAt": zulu(state.get("got")),
        "test": False,
        "currencyCode": "CNY",
        "displayFinancialStatus": money,
        "displayFulfillmentStatus": goods,
        "totalPriceSet": _money(state["payment"]),
        "transactions": [
            {"kind": "SALE", "status": "SUCCESS", "processedAt": zulu(paid)}
            for _ in range(paid is not None)
        ],
        "fulfillments": [{"createdAt": zulu(sent)} for _ in range(sent is not None)],
        "email": email(person),
        "phone": None,
        "customer": customer(person, person.created),
        "billingAddress": {**_address(person), "phone": person.phone},
        "lineItems": Connection(lines, _number),
        "refunds": [refund(one) for one in refunds],
    }


def refund(state: Body) -> Body:
    """One of an order's `refunds`."""
    amount = {"amount": _decimals(state["fee"]), "currencyCode": "CNY"}
    return {
        "id": gid("Refund", refund_id(state["key"])),
        "createdAt": zulu(state["updated"]),
        "updatedAt": zulu(state["updated"]),
        "note": "不想要了",
        "totalRefundedSet": {"shopMoney": amount, "presentmentMoney": amount},
    }


def customer(person: Person, changed: datetime) -> Body:
    """One node of `customers`."""
    is_asked = person.gender != 0
    state = "SUBSCRIBED" if person.gender == 1 else "UNSUBSCRIBED"
    return {
        "__typename": "Customer",
        "id": gid("Customer", customer_id(person)),
        "legacyResourceId": str(customer_id(person)),
        "createdAt": zulu(person.created),
        "updatedAt": zulu(changed),
        "firstName": person.name[1:],
        "lastName": person.name[0],
        "displayName": person.name,
        "locale": "zh-CN",
        "tags": list(person.tags),
        "defaultEmailAddress": {
            "emailAddress": email(person),
            "marketingState": state if is_asked else "NOT_SUBSCRIBED",
        },
        "defaultPhoneNumber": {
            "phoneNumber": f"+86{person.phone}",
            "marketingState": "NOT_SUBSCRIBED",
        },
        "defaultAddress": {**_address(person), "phone": person.phone},
    }


def rest_order(state: Body, refunds: Sequence[Body]) -> Body:
    """One of `orders.json`, which is what webhooks tell too."""
    person: Person = state["person"]
    money, goods = _status(state)
    sent = state.get("sent")
    return {
        "id": order_id(state["key"]),
        "admin_graphql_api_id": gid("Order", order_id(state["key"])),
        "name": f"#{order_id(state['key']) - 450_000_000 + 1000}",
        "created_at": local(state["created"]),
        "processed_at": local(state.get("paid") or state["created"]),
        "updated_at": local(state["updated"]),
        "cancelled_at": local(state["updated"]) if _is_cancelled(state) else None,
        "closed_at": local(state.get("got")),
        "currency": "CNY",
        "financial_status": money.lower(),
        "fulfillment_status": REST_GOODS[goods],
        "total_price": str(state["payment"]),
        "taxes_included": True,
        "email": email(person),
        "phone": None,
        "test": False,
        "tags": "",
        "customer": rest_customer(person, person.created),
        "billing_address": {
            "first_name": person.name[1:],
            "last_name": person.name[0],
            "city": person.place[1],
            "country_code": "CN",
            "phone": person.phone,
        },
        "line_items": [_rest_line(one) for one in state["lines"]],
        "fulfillments": [
            {"created_at": local(sent), "status": "success"}
            for _ in range(sent is not None)
        ],
        "refunds": [rest_refund(one) for one in refunds],
    }


def rest_refund(state: Body) -> Body:
    """One of `orders/{id}/refunds.json`; its lines hold floats, its payments do not."""
    number = refund_id(state["key"])
    return {
        "id": number,
        "order_id": order_id(state["tid"]),
        "created_at": local(state["updated"]),
        "processed_at": local(state["updated"]),
        "note": "不想要了",
        "refund_line_items": [
            {
                "id": number + 1,
                "line_item_id": int(state["oid"][-9:]),
                "quantity": 1,
                "subtotal": float(state["fee"]),
            }
        ],
        "transactions": [
            {
                "id": number + 2,
                "order_id": order_id(state["tid"]),
                "kind": "refund",
                "status": "success",
                "amount": str(state["fee"]),
                "currency": "CNY",
            }
        ],
        "order_adjustments": [],
    }


def rest_customer(person: Person, changed: datetime) -> Body:
    """One of `customers.json`."""
    node = customer(person, changed)
    return {
        "id": customer_id(person),
        "admin_graphql_api_id": node["id"],
        "created_at": local(person.created),
        "updated_at": local(changed),
        "first_name": node["firstName"],
        "last_name": node["lastName"],
        "email": email(person),
        "phone": f"+86{person.phone}",
        "locale": "zh-CN",
        "tags": ", ".join(person.tags),
        "email_marketing_consent": {
            "state": node["defaultEmailAddress"]["marketingState"].lower()
        },
        "sms_marketing_consent": {"state": "not_subscribed"},
        "default_address": {
            "city": person.place[1],
            "country_code": "CN",
            "phone": person.phone,
        },
    }


def zulu(moment: datetime | None) -> str | None:
    """`2026-01-01T04:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def local(moment: datetime | None) -> str | None:
    """`2026-01-01T12:00:00+08:00`: REST tells the shop's own time."""
    if moment is None:
        return None
    return moment.astimezone(SHOP_ZONE).isoformat(timespec="seconds")


def _status(state: Body) -> tuple[str, str]:
    if state["status"] == "TRADE_CLOSED":
        return ("VOIDED" if state["close_type"] == 1 else "REFUNDED"), "UNFULFILLED"
    money, goods = STATUS[state["status"]]
    is_partly = state["refund_state"] == PARTLY_REFUNDED
    return ("PARTIALLY_REFUNDED" if is_partly else money), goods


def _is_cancelled(state: Body) -> bool:
    return bool(state["status"] == "TRADE_CLOSED")


def _decimals(amount: Decimal) -> str:
    """Shopify cuts zeros off, but for one: 129.5, 130.0."""
    whole, _, cents = str(amount).partition(".")
    return f"{whole}.{cents.rstrip('0') or '0'}"


def _money(amount: Decimal) -> Body:
    bag = {"amount": _decimals(amount), "currencyCode": "CNY"}
    return {"shopMoney": bag, "presentmentMoney": bag}


def _address(person: Person) -> Body:
    return {"city": person.place[1], "countryCodeV2": "CN"}


def _line(line: Body) -> Body:
    saved = line["price"] * line["num"] - line["payment"]
    return {
        "id": gid("LineItem", int(line["oid"][-9:])),
        "title": line["title"],
        "sku": line["outer"],
        "variantTitle": line["sku"][1],
        "quantity": line["num"],
        "product": {"id": gid("Product", line["item_id"])},
        "variant": {"id": gid("ProductVariant", line["sku_id"])},
        "originalUnitPriceSet": _money(line["price"]),
        "discountAllocations": [
            {"allocatedAmountSet": _money(saved)} for _ in range(saved > 0)
        ],
    }


def _number(line: Body) -> tuple[int]:
    return (int(line["id"].rpartition("/")[2]),)


def _rest_line(line: Body) -> Body:
    saved = line["price"] * line["num"] - line["payment"]
    return {
        "id": int(line["oid"][-9:]),
        "product_id": line["item_id"],
        "variant_id": line["sku_id"],
        "title": line["title"],
        "variant_title": line["sku"][1],
        "name": f"{line['title']} - {line['sku'][1]}",
        "sku": line["outer"],
        "quantity": line["num"],
        "price": str(line["price"]),
        "total_discount": "0.00",
        "discount_allocations": [
            {"amount": str(saved), "discount_application_index": 0}
            for _ in range(saved > 0)
        ],
    }
