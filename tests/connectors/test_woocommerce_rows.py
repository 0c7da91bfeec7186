"""What WooCommerce's values become: statuses, money, times, people, odd ones named."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Stream
from connectors.client import Reply
from connectors.woocommerce import Config, streams
from connectors.woocommerce.client import WooClient

FIXTURES = Path(__file__).parents[3] / "shared/data/api_fixtures"
SAMPLES = FIXTURES / "woocommerce_v3_examples.json"
needs_samples = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the recorded answers are not here"
)
KEYS = {"consumer_key": "ck_demo", "consumer_secret": "cs_demo"}
SHOP = {"base_url": "https://shop.example", "since": "2026-01-01", **KEYS}

ORDER: dict[str, Any] = {
    "id": 727,
    "status": "processing",
    "currency": "CNY",
    "date_created": "2026-01-01T12:00:00",
    "date_created_gmt": "2026-01-01T04:00:00",
    "date_modified_gmt": "2026-01-01T04:01:05",
    "date_paid_gmt": "2026-01-01T04:01:03",
    "date_completed_gmt": None,
    "total": "129.14",
    "customer_id": 26,
    "billing": {
        "first_name": "三",
        "last_name": "张",
        "country": "CN",
        "email": "buyer@example.com",
        "phone": "13800000000",
    },
    "meta_data": [{"id": 1, "key": "_demo", "value": {"any": "json"}}],
    "line_items": [
        {
            "id": 315,
            "name": "手工蜂蜜",
            "product_id": 93,
            "quantity": 2,
            "subtotal": "139.14",
            "total": "120.00",
            "total_tax": "9.14",
            "price": 60,
            "meta_data": [
                {"key": "pa_size", "display_key": "规格", "display_value": "500g"},
                {"key": "_hidden", "display_key": "_hidden", "display_value": "x"},
            ],
        }
    ],
}


def stream(name: str, **settings: Any) -> Any:
    """One of the streams of a shop that is never called."""
    config = Config.model_validate({**SHOP, **settings})
    return {one.name: one for one in streams("shop", config)}[name]


def rows(stream: Stream, record: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        dict(zip(stream.columns, row, strict=True))
        for row in stream.rows(stream.record_of(record))
    ]


def test_an_order_becomes_a_typed_row() -> None:
    assert rows(stream("orders"), ORDER) == [
        {
            "place": None,
            "problem": None,
            "order_number": "727",
            "status": "paid",
            "ordered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
            "paid_at": datetime(2026, 1, 1, 4, 1, 3, tzinfo=UTC),
            "finished_at": None,
            "updated_at": datetime(2026, 1, 1, 4, 1, 5, tzinfo=UTC),
            "currency": "CNY",
            "order_amount": Decimal("129.14"),
            "buyer_id": "26",
            "phone": "13800000000",
            "email": "buyer@example.com",
            "buyer_name": "张三",
            "country": "CN",
            "line_id": "315",
            "product_id": "93",
            "product_title": "手工蜂蜜",
            "variant": "规格:500g",
            "quantity": Decimal("2"),
            "unit_price": Decimal("60"),
            "line_amount": Decimal("129.14"),
        }
    ]


@pytest.mark.parametrize(
    "given, status",
    [
        ("pending", "unpaid"),
        ("failed", "unpaid"),
        ("checkout-draft", "unpaid"),
        ("processing", "paid"),
        ("on-hold", "on_hold"),
        ("completed", "finished"),
        ("cancelled", "cancelled"),
        ("trash", "cancelled"),
        ("refunded", "refunded"),
    ],
)
def test_every_status_has_its_word(given: str, status: str) -> None:
    (row,) = rows(stream("orders"), {**ORDER, "status": given})
    assert (row["status"], row["problem"]) == (status, None)


def test_a_status_of_a_plugin_is_named_until_it_is_explained() -> None:
    record = {**ORDER, "status": "handed-over"}
    (row,) = rows(stream("orders"), record)
    assert row["status"] is None
    assert row["problem"].startswith("status: 'handed-over' is not one of pending,")
    assert row["problem"].endswith("add it to `statuses`")
    (row,) = rows(stream("orders", statuses={"handed-over": "shipped"}), record)
    assert (row["status"], row["problem"]) == ("shipped", None)


def test_a_guest_has_no_account() -> None:
    (row,) = rows(stream("orders"), {**ORDER, "customer_id": 0})
    assert (row["buyer_id"], row["email"]) == (None, "buyer@example.com")


@pytest.mark.parametrize(
    "given, price",
    [
        (64.57, "64.57"),
        (43.333333333333336, "43.333333"),
        (1e-07, "0"),
        (100.0, "100"),
        (-9, "-9"),
        ("69.57", "69.57"),
    ],
)
def test_a_price_is_a_number_without_the_noise_of_floats(
    given: Any, price: str
) -> None:
    line = {**ORDER["line_items"][0], "price": given}
    (row,) = rows(stream("orders"), {**ORDER, "line_items": [line]})
    assert (str(row["unit_price"]), row["problem"]) == (price, None)


@pytest.mark.parametrize("amount", ["1,234.50", "一百", "NaN", "1e3", True, "１"])
def test_money_is_read_strictly(amount: Any) -> None:
    (row,) = rows(stream("orders"), {**ORDER, "total": amount})
    assert row["order_amount"] is None
    assert row["problem"] == f"total: {str(amount)!r} is not a number"


def test_times_are_taken_from_the_twins_in_utc() -> None:
    (row,) = rows(stream("orders"), {**ORDER, "date_created": "2030-01-01T00:00:00"})
    assert row["ordered_at"] == datetime(2026, 1, 1, 4, tzinfo=UTC)
    (row,) = rows(stream("orders"), {**ORDER, "date_paid_gmt": "yesterday"})
    assert row["paid_at"] is None
    assert row["problem"] == "date_paid_gmt: 'yesterday' is not a time"


def test_an_order_without_lines_still_gives_a_row() -> None:
    (row,) = rows(stream("orders"), {**ORDER, "line_items": []})
    assert (row["order_number"], row["line_id"]) == ("727", None)


def test_lines_with_one_id_have_none() -> None:
    record = {**ORDER, "line_items": ORDER["line_items"] * 2}
    assert [row["line_id"] for row in rows(stream("orders"), record)] == [None, None]


def refund(**changes: Any) -> dict[str, Any]:
    line = {
        "id": 331,
        "product_id": 93,
        "quantity": -1,
        "total": "-64.57",
        "meta_data": [{"id": 2, "key": "_refunded_item_id", "value": "315"}],
    }
    record = {
        "id": 730,
        "order_id": 727,
        "currency": "CNY",
        "date_created_gmt": "2026-01-03T08:39:34",
        "amount": "64.57",
        "reason": "不想要了",
        "line_items": [line],
    }
    return {**record, **changes}


def test_a_refund_becomes_a_typed_row() -> None:
    assert rows(stream("refunds"), refund()) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "730",
            "order_number": "727",
            "status": "refunded",
            "requested_at": datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC),
            "currency": "CNY",
            "reason": "不想要了",
            "line_id": "315",
            "product_id": "93",
            "quantity": Decimal("1"),
            "amount": Decimal("64.57"),
        }
    ]


def test_a_refund_of_several_lines_or_of_no_money_names_none() -> None:
    several = refund(line_items=refund()["line_items"] * 2)
    (row,) = rows(stream("refunds"), several)
    assert (row["line_id"], row["amount"]) == (None, Decimal("64.57"))
    (row,) = rows(stream("refunds"), refund(amount="0.00", line_items=[]))
    assert (row["status"], row["quantity"]) == ("closed", None)


def test_a_refund_of_unreadable_money_has_no_status() -> None:
    (row,) = rows(stream("refunds"), refund(amount="lots"))
    assert (row["status"], row["amount"]) == (None, None)
    assert row["problem"] == "amount: 'lots' is not a number"


def test_a_review_becomes_a_typed_row() -> None:
    record = {
        "id": 22,
        "date_created_gmt": "2026-01-09T09:16:50",
        "product_id": 93,
        "reviewer_email": "buyer@example.com",
        "review": "<p>很好喝 &amp; 好看</p>\n",
        "rating": 5,
    }
    assert rows(stream("reviews"), record) == [
        {
            "place": None,
            "problem": None,
            "review_number": "22",
            "product_id": "93",
            "rating": 5,
            "body": "很好喝 & 好看",
            "reviewed_at": datetime(2026, 1, 9, 9, 16, 50, tzinfo=UTC),
            "email": "buyer@example.com",
        }
    ]


@pytest.mark.parametrize(
    "given, rating, is_odd",
    [
        (1, 1, False),
        (0, None, False),
        (6, None, True),
        ("5", None, True),
        (True, None, True),
    ],
)
def test_a_rating_is_one_to_five_and_none_is_zero(
    given: Any, rating: int | None, is_odd: bool
) -> None:
    (row,) = rows(stream("reviews"), {"id": 1, "rating": given})
    assert (row["rating"], row["problem"] is not None) == (rating, is_odd)


def test_a_customer_becomes_a_typed_row() -> None:
    record = {
        "id": 25,
        "date_created_gmt": "2026-01-01T04:00:00",
        "date_modified_gmt": "2026-01-02T04:00:00",
        "email": "john@example.com",
        "first_name": "",
        "last_name": "",
        "billing": {
            "first_name": "John",
            "last_name": "Doe",
            "city": "San Francisco",
            "country": "US",
            "email": "other@example.com",
            "phone": "(555) 555-5555",
        },
    }
    assert rows(stream("customers"), record) == [
        {
            "place": None,
            "problem": None,
            "buyer_id": "25",
            "phone": "(555) 555-5555",
            "email": "john@example.com",
            "name": "John Doe",
            "country": "US",
            "city": "San Francisco",
            "registered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 2, 4, tzinfo=UTC),
        }
    ]


KINDS = {
    "_at": datetime,
    "amount": Decimal,
    "quantity": Decimal,
    "unit_price": Decimal,
    "rating": int,
}
# A refund names neither its order nor its currency: the stream adds what it asked for.
ADDED = {"refunds": {"order_id": 723, "currency": "USD"}}


def check_typed(name: str, record: dict[str, Any]) -> None:
    whole = {**record, **ADDED.get(name, {})}
    for row in rows(stream(name), whole):
        assert row["problem"] is None
        assert None not in [row[column] for column in stream(name).key]
        for column, value in row.items():
            kinds = [kind for end, kind in KINDS.items() if column.endswith(end)]
            assert value is None or isinstance(value, kinds[0] if kinds else str)


DOCUMENTS = {
    "_orders.md": "orders",
    "_order-refunds.md": "refunds",
    "_product-reviews.md": "reviews",
    "_customers.md": "customers",
}


@needs_samples
def test_a_real_order_is_read_to_the_cent() -> None:
    (order, *_) = next(
        sample["json"]
        for sample in json.loads(SAMPLES.read_text())
        if sample["doc"] == "_orders.md" and isinstance(sample["json"], list)
    )
    (row, *more) = rows(stream("orders"), order)
    assert row["order_amount"] == Decimal("29.35")
    lines = [
        Decimal(one["total"]) + Decimal(one["total_tax"]) for one in order["line_items"]
    ]
    assert [one["line_amount"] for one in (row, *more)] == lines
    assert (row["buyer_id"], row["buyer_name"]) == (None, "John Doe")


@needs_samples
def test_every_example_of_a_supported_call_becomes_typed_rows() -> None:
    found = 0
    for sample in json.loads(SAMPLES.read_text()):
        name, answer = DOCUMENTS.get(sample["doc"]), sample["json"]
        listed = answer if isinstance(answer, list) else [answer]
        for record in listed:
            if name and "id" in record:
                check_typed(name, record)
                found += 1
    assert found > 20


def test_every_error_is_told_with_its_code() -> None:
    client = WooClient("shop", Config.model_validate(SHOP))
    for status in (400, 401, 403, 404):
        body = {
            "code": "some_code",
            "message": "Some words.",
            "data": {"status": status},
        }
        trouble = client.trouble(Reply(status, {}, body))
        assert trouble is not None
        assert (trouble.code, trouble.said) == (
            "some_code",
            "code some_code: Some words.",
        )
    assert client.trouble(Reply(200, {}, [])) is None
