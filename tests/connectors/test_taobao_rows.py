"""What Taobao's orders, refunds, ratings become: typed rows, or a named problem."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.taobao import Config, streams

ORDER: dict[str, Any] = {
    "tid": 3600000000000000001,
    "tid_str": "3600000000000000001",
    "status": "WAIT_SELLER_SEND_GOODS",
    "type": "fixed",
    "buyer_nick": "我**",
    "buyer_open_uid": "AAHdemoBuyerOpenUid",
    "payment": "129.14",
    "total_fee": "139.14",
    "post_fee": "0.00",
    "received_payment": "0.00",
    "created": "2026-01-01 12:00:00",
    "pay_time": "2026-01-01 12:01:03",
    "modified": "2026-01-01 12:01:05",
    "num": 2,
    "price": "69.57",
    "buyer_message": "尽快发货",
    "receiver_name": "张**",
    "receiver_mobile": "*******0000",
    "receiver_state": "浙江省",
    "receiver_city": "杭州市",
    "orders": {
        "order": [
            {
                "oid": 3600000000000000002,
                "oid_str": "3600000000000000002",
                "num_iid": 650000000001,
                "sku_id": "5000000000001",
                "outer_sku_id": "HNY-500-A",
                "sku_properties_name": "规格:500g",
                "title": "手工蜂蜜 500g",
                "price": "69.57",
                "num": 2,
                "payment": "139.14",
                "divide_order_fee": "129.14",
                "status": "WAIT_SELLER_SEND_GOODS",
                "refund_status": "NO_REFUND",
                "end_time": "2026-01-01 12:01:05",
            }
        ]
    },
}
REFUND: dict[str, Any] = {
    "refund_id": "190000000000000001",
    "tid": 3600000000000000001,
    "oid": 3600000000000000002,
    "buyer_nick": "我**",
    "buyer_open_uid": "AAHdemoBuyerOpenUid",
    "status": "SUCCESS",
    "refund_fee": "64.57",
    "total_fee": "129.14",
    "payment": "64.58",
    "created": "2026-01-03 16:39:34",
    "modified": "2026-01-05 16:40:04",
    "has_good_return": True,
    "reason": "7天无理由退换货",
    "num_iid": 650000000001,
}
RATING: dict[str, Any] = {
    "tid": 3600000000000000001,
    "oid": 3600000000000000002,
    "role": "buyer",
    "nick": "我**",
    "result": "good",
    "created": "2026-01-09 17:16:50",
    "item_title": "手工蜂蜜 500g",
    "num_iid": 650000000001,
    "content": "很好喝😊",
    "reply": "谢谢",
    "valid_score": True,
}


def rows(name: str, record: Any) -> list[dict[str, Any]]:
    """The rows of one record, by column."""
    given = {
        "app_key": "key",
        "app_secret": "secret",
        "access_token": "token",
        "since": "2026-01-01",
    }
    found = streams("tb_main", Config.model_validate(given))
    one = next(stream for stream in found if stream.name == name)
    return [
        dict(zip(one.columns, row, strict=True))
        for row in one.rows(one.record_of(record))
    ]


def test_an_order_becomes_typed_rows() -> None:
    assert rows("orders", ORDER) == [
        {
            "place": None,
            "problem": None,
            "order_number": "3600000000000000001",
            "status": "paid",
            "ordered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
            "paid_at": datetime(2026, 1, 1, 4, 1, 3, tzinfo=UTC),
            "shipped_at": None,
            "finished_at": None,
            "updated_at": datetime(2026, 1, 1, 4, 1, 5, tzinfo=UTC),
            "currency": "CNY",
            "order_amount": Decimal("129.14"),
            "buyer_id": "AAHdemoBuyerOpenUid",
            "country": "CN",
            "line_id": "3600000000000000002",
            "product_id": "650000000001",
            "product_title": "手工蜂蜜 500g",
            "variant": "规格:500g",
            "quantity": Decimal(2),
            "unit_price": Decimal("69.57"),
            "line_amount": Decimal("129.14"),
        }
    ]


@pytest.mark.parametrize(
    "given, status",
    [
        ("TRADE_NO_CREATE_PAY", "unpaid"),
        ("WAIT_BUYER_PAY", "unpaid"),
        ("PAY_PENDING", "unpaid"),
        ("WAIT_PRE_AUTH_CONFIRM", "unpaid"),
        ("WAIT_SELLER_SEND_GOODS", "paid"),
        ("PAID_FORBID_CONSIGN", "on_hold"),
        ("SELLER_CONSIGNED_PART", "part_shipped"),
        ("WAIT_BUYER_CONFIRM_GOODS", "shipped"),
        ("TRADE_BUYER_SIGNED", "finished"),
        ("TRADE_FINISHED", "finished"),
        ("TRADE_CLOSED", "refunded"),
        ("TRADE_CLOSED_BY_TAOBAO", "cancelled"),
    ],
)
def test_each_status_has_its_meaning(given: str, status: str) -> None:
    (row,) = rows("orders", {**ORDER, "status": given})
    assert (row["status"], row["problem"]) == (status, None)


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"status": "ALL_CLOSED"}, "status: 'ALL_CLOSED' is not one of TRADE_NO_"),
        ({"payment": "129,14"}, "payment: '129,14' is not a number"),
        ({"modified": 1767240300}, "modified: '1767240300' is not a time"),
        ({"orders": {"order": "?"}}, "order: '?' is not a list of objects"),
    ],
)
def test_what_cannot_be_read_is_named(given: dict[str, Any], problem: str) -> None:
    (row,) = rows("orders", {**ORDER, **given})
    assert str(row["problem"]).startswith(problem)


@pytest.mark.parametrize("status", ["TRADE_FINISHED", "TRADE_CLOSED"])
def test_only_a_finished_order_has_a_time_of_that(status: str) -> None:
    order = {**ORDER, "status": status, "end_time": "2026-01-09 12:00:00"}
    (row,) = rows("orders", order)
    ended_at = datetime(2026, 1, 9, 4, tzinfo=UTC)
    assert row["finished_at"] == (ended_at if status == "TRADE_FINISHED" else None)


def test_numbers_of_64_bits_stay_whole_without_their_texts() -> None:
    line = {**ORDER["orders"]["order"][0], "oid_str": None}
    order = {**ORDER, "tid_str": None, "orders": {"order": [line]}}
    (row,) = rows("orders", order)
    assert row["order_number"] == "3600000000000000001"
    assert row["line_id"] == "3600000000000000002"


def test_a_line_without_a_share_has_its_own_amount() -> None:
    line = {**ORDER["orders"]["order"][0]}
    del line["divide_order_fee"]
    (row,) = rows("orders", {**ORDER, "orders": {"order": [line]}})
    assert row["line_amount"] == Decimal("139.14")


def test_each_line_is_a_row_of_the_same_order() -> None:
    first = ORDER["orders"]["order"][0]
    lines = [first, {**first, "oid": 3, "oid_str": "3"}]
    found = rows("orders", {**ORDER, "orders": {"order": lines}})
    assert [row["line_id"] for row in found] == ["3600000000000000002", "3"]
    assert {row["order_number"] for row in found} == {"3600000000000000001"}


@pytest.mark.parametrize("lines", [{}, {"order": []}, None])
def test_an_order_without_lines_still_gives_a_row(lines: Any) -> None:
    (row,) = rows("orders", {**ORDER, "orders": lines})
    assert (row["order_number"], row["line_id"]) == ("3600000000000000001", None)


@pytest.mark.parametrize(
    "province, code", [("香港特别行政区", "HK"), ("广东省", "CN"), (None, None)]
)
def test_the_province_tells_the_country(province: Any, code: str | None) -> None:
    (row,) = rows("orders", {**ORDER, "receiver_state": province})
    assert row["country"] == code


def test_masked_names_and_phones_are_nobody_s() -> None:
    (row,) = rows("orders", ORDER)
    assert not [value for value in row.values() if "*" in str(value)]


def test_a_refund_becomes_a_typed_row() -> None:
    assert rows("refunds", REFUND) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "190000000000000001",
            "order_number": "3600000000000000001",
            "status": "refunded",
            "requested_at": datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 5, 8, 40, 4, tzinfo=UTC),
            "currency": "CNY",
            "reason": "7天无理由退换货",
            "buyer_id": "AAHdemoBuyerOpenUid",
            "line_id": "3600000000000000002",
            "product_id": "650000000001",
            "amount": Decimal("64.57"),
        }
    ]


@pytest.mark.parametrize(
    "given, status",
    [
        ("WAIT_SELLER_AGREE", "open"),
        ("WAIT_BUYER_RETURN_GOODS", "open"),
        ("WAIT_SELLER_CONFIRM_GOODS", "open"),
        ("SELLER_REFUSE_BUYER", "refused"),
        ("CLOSED", "closed"),
        ("SUCCESS", "refunded"),
        ("NO_REFUND", None),
    ],
)
def test_each_status_of_a_refund_has_its_meaning(
    given: str, status: str | None
) -> None:
    (row,) = rows("refunds", {**REFUND, "status": given})
    assert row["status"] == status
    assert (row["problem"] is None) == (status is not None)


def test_a_rating_becomes_a_typed_row() -> None:
    assert rows("reviews", RATING) == [
        {
            "place": None,
            "problem": None,
            "review_number": "3600000000000000002",
            "order_number": "3600000000000000001",
            "product_id": "650000000001",
            "rating": 5,
            "body": "很好喝😊",
            "reviewed_at": datetime(2026, 1, 9, 9, 16, 50, tzinfo=UTC),
        }
    ]


@pytest.mark.parametrize(
    "result, rating", [("good", 5), ("neutral", 3), ("bad", 1), ("great", None)]
)
def test_three_words_become_stars(result: str, rating: int | None) -> None:
    (row,) = rows("reviews", {**RATING, "result": result})
    assert row["rating"] == rating
    assert (row["problem"] is None) == (rating is not None)
