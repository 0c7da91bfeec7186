"""What Douyin's orders and cases become: typed rows, or a named problem."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.douyin import Config, streams

ORDER: dict[str, Any] = {
    "order_id": "6900000000000000001",
    "shop_id": 10000002,
    "order_status": 2,
    "main_status": 2,
    "order_amount": 13914,
    "pay_amount": 12914,
    "create_time": 1767240000,
    "pay_time": 1767240063,
    "update_time": 1767240065,
    "ship_time": 0,
    "finish_time": 0,
    "order_expire_time": 1800,
    "open_id": "demoOpenId",
    "doudian_open_id": "1@#demoDoudianOpenId",
    "encrypt_post_tel": "$demoCipher$1$",
    "mask_post_tel": "1********00",
    "post_addr": {"province": {"name": "浙江省", "id": "330000"}},
    "sku_order_list": [
        {
            "order_id": "6900000000000000001",
            "parent_order_id": "6900000000000000001",
            "product_id": 3500000000000000001,
            "product_id_str": "3500000000000000001",
            "product_name": "手工蜂蜜 500g",
            "sku_id": 1700000000000001,
            "item_num": 2,
            "origin_amount": 6957,
            "sum_amount": 13914,
            "pay_amount": 12914,
            "spec": [{"name": "规格", "value": "500g"}],
        }
    ],
}
CASE: dict[str, Any] = {
    "aftersale_info": {
        "aftersale_id": "7100000000000000001",
        "aftersale_type": 1,
        "aftersale_status": 12,
        "refund_status": 3,
        "refund_amount": 6457,
        "aftersale_num": 1,
        "apply_time": 1767429574,
        "create_time": 1767429574,
        "update_time": 1767430800,
    },
    "order_info": {
        "shop_order_id": "6900000000000000001",
        "related_order_info": [
            {
                "sku_order_id": "6900000000000000001",
                "product_id": 3500000000000000001,
            }
        ],
    },
    "text_part": {"aftersale_status_text": "退款成功", "reason_text": "不想要了"},
}


def stream(name: str) -> Any:
    given = {"app_key": "1", "app_secret": "secret", "shop_id": "1"}
    config = Config.model_validate({**given, "since": "2026-01-01"})
    return next(one for one in streams("douyin_main", config) if one.name == name)


def rows(name: str, record: Any) -> list[dict[str, Any]]:
    """The rows of one record, by column."""
    one = stream(name)
    return [
        dict(zip(one.columns, row, strict=True))
        for row in one.rows(one.record_of(record))
    ]


def test_numbers_in_the_sources_file_need_no_quotes() -> None:
    given = {"app_key": 6839996118945187340, "app_secret": "s", "shop_id": 10000002}
    config = Config.model_validate({**given, "since": "2026-01-01"})
    assert (config.app_key, config.shop_id) == ("6839996118945187340", "10000002")


def test_an_order_becomes_typed_rows() -> None:
    assert rows("orders", ORDER) == [
        {
            "place": None,
            "problem": None,
            "order_number": "6900000000000000001",
            "status": "paid",
            "ordered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
            "paid_at": datetime(2026, 1, 1, 4, 1, 3, tzinfo=UTC),
            "shipped_at": None,
            "finished_at": None,
            "updated_at": datetime(2026, 1, 1, 4, 1, 5, tzinfo=UTC),
            "currency": "CNY",
            "order_amount": Decimal("129.14"),
            "buyer_id": "1@#demoDoudianOpenId",
            "country": "CN",
            "line_id": "6900000000000000001",
            "product_id": "3500000000000000001",
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
        ({"order_status": 1, "main_status": 1, "pay_time": 0}, "unpaid"),
        ({"order_status": 103, "main_status": 103}, "unpaid"),
        ({"order_status": 105, "main_status": 105}, "on_hold"),
        ({"order_status": "2"}, "paid"),
        ({"order_status": 101, "main_status": 101}, "part_shipped"),
        ({"order_status": 3, "main_status": 3}, "shipped"),
        ({"order_status": 5, "main_status": 5}, "finished"),
        ({"order_status": 4, "main_status": 4, "pay_time": 0}, "cancelled"),
        ({"order_status": 4, "main_status": 4}, "refunded"),
        ({"order_status": 2, "main_status": 21}, "refunded"),
        ({"order_status": 3, "main_status": 22}, "refunded"),
        ({"order_status": 5, "main_status": 39}, "refunded"),
    ],
)
def test_two_fields_make_one_status(given: dict[str, Any], status: str) -> None:
    (row,) = rows("orders", {**ORDER, **given})
    assert (row["status"], row["problem"]) == (status, None)


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"order_status": 77}, "order_status: '77' is not one of 1, 103, 105, 2, 101"),
        ({"pay_amount": 12.5}, "pay_amount: '12.5' is not a whole number of fen"),
        ({"pay_amount": "129元"}, "pay_amount: '129元' is not a number"),
        ({"update_time": "soon"}, "update_time: 'soon' is not a time in seconds"),
        ({"sku_order_list": {"a": 1}}, "sku_order_list:"),
    ],
)
def test_what_cannot_be_read_is_named(given: dict[str, Any], problem: str) -> None:
    assert rows("orders", {**ORDER, **given})[0]["problem"].startswith(problem)


def test_an_order_without_permission_for_its_buyer_still_counts() -> None:
    """An application gets the fields of its permissions, the others come empty."""
    record = {**ORDER, "doudian_open_id": "", "post_addr": None}
    (row,) = rows("orders", record)
    assert (row["buyer_id"], row["country"], row["problem"]) == (None, None, None)


def test_lines_with_one_number_have_none() -> None:
    record = {**ORDER, "sku_order_list": ORDER["sku_order_list"] * 2}
    assert [row["line_id"] for row in rows("orders", record)] == [None, None]


def test_an_order_without_lines_still_gives_a_row() -> None:
    (row,) = rows("orders", {**ORDER, "sku_order_list": []})
    assert (row["order_number"], row["line_id"]) == (ORDER["order_id"], None)


def test_a_case_becomes_a_typed_row() -> None:
    assert rows("refunds", CASE) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "7100000000000000001",
            "order_number": "6900000000000000001",
            "status": "refunded",
            "requested_at": datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 3, 9, tzinfo=UTC),
            "currency": "CNY",
            "reason": "不想要了",
            "line_id": "6900000000000000001",
            "product_id": "3500000000000000001",
            "quantity": Decimal(1),
            "amount": Decimal("64.57"),
        }
    ]


@pytest.mark.parametrize(
    "status, refund, kind, wanted",
    [
        *((code, 1, 0, "open") for code in (0, 3, 6, 7, 8, 11, 13)),
        *((code, 1, 0, "refused") for code in (27, 29)),
        *((code, 1, 0, "closed") for code in (14, 28, 51, 53)),
        (12, 2, 0, "refunded"),
        (12, 3, 6, "refunded"),
        (28, 3, 0, "refunded"),
        *((12, 0, kind, "closed") for kind in (3, 7, 8)),
        (99, 1, 0, None),
    ],
)
def test_each_state_of_a_case_has_its_meaning(
    status: int, refund: int, kind: int, wanted: str | None
) -> None:
    state = {
        "aftersale_status": status,
        "refund_status": refund,
        "aftersale_type": kind,
    }
    record = {**CASE, "aftersale_info": {**CASE["aftersale_info"], **state}}
    (row,) = rows("refunds", record)
    assert row["status"] == wanted
    assert (row["problem"] is None) == (wanted is not None)


def test_a_case_of_several_lines_names_none() -> None:
    lines = CASE["order_info"]["related_order_info"] * 2
    record = {**CASE, "order_info": {**CASE["order_info"], "related_order_info": lines}}
    (row,) = rows("refunds", record)
    assert (row["line_id"], row["product_id"]) == (None, None)
