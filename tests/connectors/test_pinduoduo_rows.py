"""What Pinduoduo's orders and refunds become: typed rows, or a named problem."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.pinduoduo import Config, streams

ORDER: dict[str, Any] = {
    "order_sn": "260101-000000000000001",
    "order_status": 1,
    "confirm_status": 1,
    "group_status": 1,
    "refund_status": 1,
    "after_sales_status": 0,
    "risk_control_status": 0,
    "trade_type": 0,
    "created_time": "2026-01-01 12:00:00",
    "pay_time": "2026-01-01 12:01:03",
    "confirm_time": "2026-01-01 12:05:00",
    "updated_at": "2026-01-01 12:05:00",
    "shipping_time": "",
    "receive_time": None,
    "goods_amount": 139.14,
    "discount_amount": 10.0,
    "postage": 0,
    "pay_amount": 129.14,
    "province": "浙江省",
    "country": "中国",
    "receiver_name": "~demoCipher~1~",
    "receiver_phone": "$demoCipher$1$",
    "receiver_phone_mask": "1********00",
    "item_list": [
        {
            "goods_id": "700000001",
            "sku_id": "1700000001",
            "outer_id": "HNY-500-A",
            "goods_name": "手工蜂蜜 500g",
            "goods_spec": "500g",
            "goods_price": 69.57,
            "goods_count": 2,
        }
    ],
}
REFUND: dict[str, Any] = {
    "id": 90000001,
    "order_sn": "260101-000000000000001",
    "after_sales_status": 10,
    "after_sales_type": 2,
    "after_sale_reason": "不想要了",
    "refund_amount": "64.57",
    "order_amount": "129.14",
    "goods_id": 700000001,
    "sku_id": "1700000001",
    "goods_number": "1",
    "created_time": "2026-01-03 16:39:34",
    "updated_time": "2026-01-03 17:00:00",
}


def stream(name: str, **settings: Any) -> Any:
    given = {
        "client_id": "id",
        "client_secret": "secret",
        "access_token": "token",
        "since": "2026-01-01",
    }
    config = Config.model_validate({**given, **settings})
    return next(one for one in streams("pdd_main", config) if one.name == name)


def rows(name: str, record: Any, **settings: Any) -> list[dict[str, Any]]:
    """The rows of one record, by column."""
    one = stream(name, **settings)
    return [
        dict(zip(one.columns, row, strict=True))
        for row in one.rows(one.record_of(record))
    ]


def test_an_order_becomes_typed_rows() -> None:
    assert rows("orders", ORDER) == [
        {
            "place": None,
            "problem": None,
            "order_number": "260101-000000000000001",
            "status": "paid",
            "ordered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
            "paid_at": datetime(2026, 1, 1, 4, 1, 3, tzinfo=UTC),
            "shipped_at": None,
            "finished_at": None,
            "updated_at": datetime(2026, 1, 1, 4, 5, tzinfo=UTC),
            "currency": "CNY",
            "order_amount": Decimal("129.14"),
            "phone": None,
            "country": "CN",
            "line_id": "1700000001",
            "product_id": "700000001",
            "product_title": "手工蜂蜜 500g",
            "variant": "500g",
            "quantity": Decimal(2),
            "unit_price": Decimal("69.57"),
        }
    ]


@pytest.mark.parametrize(
    "given, status",
    [
        ({}, "paid"),
        ({"order_status": 2}, "shipped"),
        ({"order_status": "2"}, "shipped"),
        ({"order_status": 3}, "finished"),
        ({"confirm_status": 0, "pay_time": "", "confirm_time": ""}, "unpaid"),
        ({"confirm_status": 0, "group_status": 0}, "on_hold"),
        ({"group_status": 0}, "on_hold"),
        ({"risk_control_status": 1}, "on_hold"),
        ({"risk_control_status": 1, "order_status": 2}, "shipped"),
        ({"confirm_status": 2}, "cancelled"),
        ({"group_status": 2}, "cancelled"),
        ({"refund_status": 4, "order_status": 3}, "refunded"),
        ({"refund_status": 4, "confirm_status": 2}, "refunded"),
        ({"refund_status": 2, "order_status": 3}, "finished"),
    ],
)
def test_four_fields_make_one_status(given: dict[str, Any], status: str) -> None:
    (row,) = rows("orders", {**ORDER, **given})
    assert (row["status"], row["problem"]) == (status, None)


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"order_status": 9}, "order_status: '9' is not one of 1, 2, 3"),
        ({"pay_amount": "129,14"}, "pay_amount: '129,14' is not a number"),
        ({"pay_amount": 1e30}, "pay_amount: '1e+30' is not a number"),
        ({"updated_at": 1767240300}, "updated_at: '1767240300' is not a time"),
        ({"item_list": "?"}, "item_list: '?' is not a list of objects"),
    ],
)
def test_what_cannot_be_read_is_named(given: dict[str, Any], problem: str) -> None:
    assert rows("orders", {**ORDER, **given})[0]["problem"] == problem


@pytest.mark.parametrize("amount", [139.14, 0.1, 1234567.89, 12, "12.50"])
def test_money_is_exact(amount: Any) -> None:
    (row,) = rows("orders", {**ORDER, "pay_amount": amount})
    assert row["order_amount"] == Decimal(str(amount))


@pytest.mark.parametrize(
    "phone, known",
    [
        ("13800000001", "13800000001"),
        ("+8613800000001", "+8613800000001"),
        ("13800000001-1234", None),
        ("$bG9zdA==$1$", None),
        ("138****0001", None),
        ("", None),
        (None, None),
    ],
)
def test_a_phone_is_plain_or_none(phone: Any, known: str | None) -> None:
    for given in (
        {"contact_mobile": phone, "receiver_phone": ""},
        {"receiver_phone": phone},
    ):
        record = {**ORDER, **given}
        assert rows("orders", record, receiver_is_buyer=True)[0]["phone"] == known
        assert rows("orders", record)[0]["phone"] is None


@pytest.mark.parametrize(
    "province, code", [("香港特别行政区", "HK"), ("广东省", "CN"), ("", None)]
)
def test_the_province_tells_the_country(province: str, code: str | None) -> None:
    assert rows("orders", {**ORDER, "province": province})[0]["country"] == code


def test_lines_of_one_sku_have_no_key() -> None:
    record = {**ORDER, "item_list": ORDER["item_list"] * 2}
    assert [row["line_id"] for row in rows("orders", record)] == [None, None]


@pytest.mark.parametrize("lines", [[], None])
def test_an_order_without_lines_still_gives_a_row(lines: Any) -> None:
    (row,) = rows("orders", {**ORDER, "item_list": lines})
    assert (row["order_number"], row["line_id"]) == (ORDER["order_sn"], None)


def test_a_refund_becomes_a_typed_row() -> None:
    assert rows("refunds", REFUND) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "90000001",
            "order_number": "260101-000000000000001",
            "status": "refunded",
            "requested_at": datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 3, 9, tzinfo=UTC),
            "currency": "CNY",
            "reason": "不想要了",
            "line_id": "1700000001",
            "product_id": "700000001",
            "quantity": Decimal(1),
            "amount": Decimal("64.57"),
        }
    ]


@pytest.mark.parametrize(
    "status, codes",
    [
        ("open", (2, 3, 4, 5, 7, 8, 14, 15, 18, 21, 22, 27, 31, 32)),
        ("refused", (6, 9)),
        ("closed", (0, 11, 12, 13, 16, 17, 24, 25)),
        ("refunded", (10,)),
        (None, (1, 99)),
    ],
)
def test_each_after_sales_status_has_its_meaning(
    status: str | None, codes: tuple[int, ...]
) -> None:
    for code in codes:
        (row,) = rows("refunds", {**REFUND, "after_sales_status": code})
        assert row["status"] == status
        assert (row["problem"] is None) == (status is not None)
