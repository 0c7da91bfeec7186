"""The invented shop as WooCommerce would show it: its JSON objects and errors."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.server import Answer
from connectors.sandbox.youzan_world import Person, Story, World

Body = dict[str, Any]
SITE_ZONE = ZoneInfo("Asia/Shanghai")
STATUS = {
    "WAIT_BUYER_PAY": "pending",
    "WAIT_CONFIRM": "on-hold",
    "WAIT_SELLER_SEND_GOODS": "processing",
    "WAIT_BUYER_CONFIRM_GOODS": "processing",
    "TRADE_SUCCESS": "completed",
}


def order_id(key: str) -> int:
    """The number of an order, from its key in the world."""
    return 1_000 + int(key[-10:])


def refund_id(key: str) -> int:
    """The number of a refund: orders, refunds and posts share one row of numbers."""
    return 500_000 + int(key[-10:])


def account_id(person: Person) -> int:
    """The number of an account; every fifth person buys as a guest, with number 0."""
    number = int(person.open_id[-12:-6])
    return number + 1 if number % 5 else 0


def order(state: Body, refunds: list[Body]) -> Body:
    """One of `/orders`; `refunds` are whole ones, of which it shows little."""
    person: Person = state["person"]
    lines = [_line(one) for one in state["lines"]]
    return {
        "id": order_id(state["key"]),
        "parent_id": 0,
        "number": str(order_id(state["key"])),
        "order_key": f"wc_order_{state['key'][-6:]}",
        "created_via": "checkout",
        "version": "9.8.0",
        "status": _status(state),
        "currency": "CNY",
        "prices_include_tax": False,
        **_times("date_created", state["created"]),
        **_times("date_modified", state["updated"]),
        **_times("date_paid", state.get("paid")),
        **_times("date_completed", state.get("got")),
        "discount_total": "0.00",
        "shipping_total": str(state["postage"]),
        "total": str(state["payment"]),
        "total_tax": "0.00",
        "customer_id": account_id(person),
        "customer_note": "",
        "billing": _address(person),
        "shipping": {**_address(person), "phone": ""},
        "payment_method": "alipay",
        "transaction_id": "",
        "meta_data": [{"id": 1, "key": "_demo", "value": {"any": ["json"]}}],
        "line_items": lines,
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [
            {"id": one["id"], "reason": one["reason"], "total": f"-{one['amount']}"}
            for one in refunds
        ],
        "needs_payment": _status(state) == "pending",
        "currency_symbol": "¥",
    }


def refund(state: Body, line: Body) -> Body:
    """One of `/orders/{id}/refunds`; its line counts backwards."""
    money = Decimal(state["fee"])
    return {
        "id": refund_id(state["key"]),
        **_times("date_created", state["updated"]),
        "amount": str(money),
        "reason": "不想要了",
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [
            {
                "id": refund_id(state["key"]) + 7_000_000,
                "name": line["title"],
                "product_id": line["item_id"],
                "quantity": -line["num"],
                "total": f"-{money}",
                "total_tax": "0.00",
                "meta_data": [
                    {"id": 2, "key": "_refunded_item_id", "value": _line_id(line)}
                ],
                "price": -float(money / line["num"]),
            }
        ],
    }


def review(story: Story, written: datetime, author: Person) -> Body:
    """One of `/products/reviews`."""
    return {
        "id": int(story.key),
        **_times("date_created", written),
        "product_id": story.facts["line"]["item_id"],
        "product_name": story.facts["line"]["title"],
        "status": "approved",
        "reviewer": author.name,
        "reviewer_email": email(author),
        "review": f"<p>{story.facts['words']}</p>\n",
        "rating": story.facts["stars"],
        "verified": True,
    }


def customer(person: Person) -> Body:
    """One of `/customers`."""
    return {
        "id": account_id(person),
        **_times("date_created", person.created),
        **_times("date_modified", person.created),
        "email": email(person),
        "first_name": person.name[1:],
        "last_name": person.name[0],
        "role": "customer",
        "username": email(person).partition("@")[0],
        "billing": _address(person),
        "shipping": _address(person),
        "is_paying_customer": True,
        "meta_data": [],
    }


def email(person: Person) -> str:
    """The world's people have no addresses of their own."""
    return f"{person.open_id}@example.com"


def authors(world: World) -> dict[str, Person]:
    """Who placed which order, by the order's key."""
    return {one.key: one.facts["person"] for one in world.orders}


def error(status: int, code: str, message: str, **data: Any) -> Answer:
    """The envelope of every error."""
    body = {"code": code, "message": message, "data": {"status": status, **data}}
    return Answer(body, status)


def unauthorised(message: str, code: str = "authentication_error") -> Answer:
    """A key, signature or nonce that is not accepted."""
    return error(401, f"woocommerce_rest_{code}", message)


def _status(state: Body) -> str:
    if state["status"] == "TRADE_CLOSED":
        return "cancelled" if state["close_type"] == 1 else "refunded"
    return STATUS[state["status"]]


def _times(name: str, moment: datetime | None) -> Body:
    """The site's time and its twin in UTC, neither of which says so."""
    if moment is None:
        return {name: None, f"{name}_gmt": None}
    return {
        name: moment.astimezone(SITE_ZONE).strftime("%Y-%m-%dT%H:%M:%S"),
        f"{name}_gmt": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    }


def _line_id(line: Body) -> str:
    return str(line["oid"])[-9:].lstrip("0")


def _line(line: Body) -> Body:
    return {
        "id": int(_line_id(line)),
        "name": line["title"],
        "product_id": line["item_id"],
        "variation_id": line["sku_id"],
        "quantity": line["num"],
        "tax_class": "",
        "subtotal": str(line["price"] * line["num"]),
        "total": str(line["payment"]),
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [
            {
                "id": 3,
                "key": line["sku"][0],
                "value": line["sku"][1],
                "display_key": line["sku"][0],
                "display_value": line["sku"][1],
            }
        ],
        "sku": line["outer"],
        # A number among texts, and divided with floats.
        "price": float(line["payment"]) / line["num"],
    }


def _address(person: Person) -> Body:
    province, city, _ = person.place
    return {
        "first_name": person.name[1:],
        "last_name": person.name[0],
        "company": "",
        "address_1": "文三路1号",
        "city": city,
        "state": province,
        "postcode": "310000",
        "country": "CN",
        "email": email(person),
        "phone": person.phone,
    }
