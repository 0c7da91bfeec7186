"""A good row of each entity, and what breaks each of its rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

LONG_AGO = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
TOMORROW = datetime(2100, 1, 1, tzinfo=UTC)

GOOD: dict[str, dict[str, Any]] = {
    "orders": {
        "order_number": "A",
        "status": "paid",
        "ordered_at": LONG_AGO,
        "updated_at": LONG_AGO,
        "currency": "CNY",
        "buyer_id": "b1",
        "product_id": "tea",
        "quantity": 2,
        "unit_price": 9.9,
    },
    "refunds": {
        "refund_number": "R",
        "order_number": "A",
        "status": "open",
        "requested_at": LONG_AGO,
        "currency": "CNY",
        "amount": 3,
    },
    "reviews": {
        "review_number": "V",
        "order_number": "A",
        "rating": 5,
        "reviewed_at": LONG_AGO,
    },
    "customers": {
        "buyer_id": "b1",
        "phone": "+86 138 0000 0000",
        "email": "li@example.cn",
        "points": 3,
        "registered_at": LONG_AGO,
        "updated_at": LONG_AGO,
    },
    "interactions": {
        "kind": "visit",
        "interaction_key": "1",
        "happened_at": LONG_AGO,
        "buyer_id": "b1",
    },
}

# What breaks each rule of each entity; `is_no_repeat` has a test of its own.
BREAKS: dict[str, dict[str, dict[str, Any]]] = {
    "orders": {
        "is_readable": {"problem": "quantity 'many' is not a number"},
        "has_order_number": {"order_number": None},
        "has_status": {"status": None},
        "status_is_known": {"status": "Payd"},
        "has_time": {"ordered_at": None},
        "time_is_past": {"ordered_at": TOMORROW},
        "change_is_past": {"updated_at": TOMORROW},
        "paid_after_order": {"paid_at": LONG_AGO - timedelta(seconds=1)},
        "has_currency": {"currency": None},
        "currency_is_a_code": {"currency": "yuan"},
        "currency_has_a_rate": {"currency": "XTS"},
        "has_product": {"product_id": None},
        "has_quantity": {"quantity": None},
        "quantity_is_positive": {"quantity": 0},
        "has_price": {"unit_price": None},
        "price_is_not_negative": {"unit_price": -1},
        "price_is_not_zero": {"unit_price": 0},
        "line_amount_is_not_negative": {"line_amount": -1},
        "order_amount_is_not_negative": {"order_amount": -1},
        "has_buyer": {"buyer_id": None},
    },
    "refunds": {
        "is_readable": {"problem": "no number"},
        "has_refund_number": {"refund_number": None},
        "has_status": {"status": None},
        "status_is_known": {"status": "done"},
        "has_time": {"requested_at": None},
        "time_is_past": {"requested_at": TOMORROW},
        "change_is_past": {"updated_at": TOMORROW},
        "has_currency": {"currency": None},
        "currency_is_a_code": {"currency": "CN"},
        "currency_has_a_rate": {"currency": "XTS"},
        "has_amount": {"amount": None},
        "amount_is_not_negative": {"amount": -3},
        "amount_is_not_zero": {"amount": 0},
        "names_an_order": {"order_number": None},
    },
    "reviews": {
        "is_readable": {"problem": "no stars"},
        "has_review_number": {"review_number": None},
        "has_time": {"reviewed_at": None},
        "time_is_past": {"reviewed_at": TOMORROW},
        "change_is_past": {"updated_at": TOMORROW},
        "rating_has_five_steps": {"rating": 6},
        "has_writer": {"order_number": None},
    },
    "customers": {
        "is_readable": {"problem": "no birthday"},
        "is_somebody": {"buyer_id": None, "phone": "138****0000", "email": None},
        "phone_is_readable": {"phone": "138****0000"},
        "email_is_an_address": {"email": "l*@example.cn"},
        "registration_is_past": {"registered_at": TOMORROW},
        "change_is_past": {"updated_at": TOMORROW},
        "points_are_not_negative": {"points": -1},
    },
    "interactions": {
        "is_readable": {"problem": "no time"},
        "has_kind": {"kind": None},
        "has_key": {"interaction_key": None},
        "has_time": {"happened_at": None},
        "time_is_past": {"happened_at": TOMORROW},
        "is_somebody": {"buyer_id": None},
    },
}
