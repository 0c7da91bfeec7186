"""What JD's orders, refunds, returns, comments become: rows, or a named problem."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.jd import Config, streams

ORDER: dict[str, Any] = {
    "orderId": "300000000001",
    "venderId": "10001",
    "orderType": "22",
    "payType": "4-在线支付",
    "orderTotalPrice": "139.14",
    "orderSellerPrice": "134.14",
    "orderPayment": "129.14",
    "freightPrice": "0.00",
    "sellerDiscount": "5.00",
    "orderState": "WAIT_SELLER_STOCK_OUT",
    "orderStateRemark": "等待出库",
    "orderStartTime": "2026-01-01 12:00:00",
    "orderEndTime": "0001-01-01 00:00:00",
    "paymentConfirmTime": "2026-01-01 12:01:03",
    "modified": "2026-01-01 12:01:05",
    "orderRemark": "尽快😊",
    "parentOrderId": "0",
    "pin": "",
    "open_id_buyer": "demoOpenIdBuyer",
    "xid_buyer": "demoXidBuyer",
    "consigneeInfo": {
        "fullname": "demoTdeCipher",
        "mobile": "demoTdeCipher",
        "province": "浙江",
        "city": "杭州市",
    },
    "itemInfoList": [
        {
            "skuId": "100000000001",
            "outerSkuId": "HNY-500-A",
            "skuName": "手工蜂蜜 500g",
            "jdPrice": "69.57",
            "itemTotal": "2",
            "wareId": "10000001",
        }
    ],
}
REFUND: dict[str, Any] = {
    "id": 40000001,
    "orderId": 300000000001,
    "applyTime": "2026-01-03 16:39:34",
    "checkTime": "2026-01-03 17:00:00",
    "modified": "2026-01-03 17:05:00",
    "applyRefundSum": 12914,
    "status": 3,
    "reason": "不想要了",
    "open_id_buyer": "demoOpenIdBuyer",
}
RETURN: dict[str, Any] = {
    "afsRefundId": "60000001",
    "status": 13,
    "completeTime": "2026-01-12 10:00:00",
    "refoundAmount": "64.57",
    "sameOrderServiceBill": {
        "serviceId": 50000001,
        "orderId": 300000000001,
        "wareId": 100000000001,
        "serviceCount": 1,
        "afsApplyTime": "2026-01-09 09:00:00",
        "questionDesc": "质量问题",
        "open_id_buyer": "demoOpenIdBuyer",
    },
}
COMMENT: dict[str, Any] = {
    "commentId": "c2000001",
    "orderId": 300000000001,
    "skuid": "100000000001",
    "score": 5,
    "content": "很好喝",
    "creationTime": "2026-01-09 17:16:50",
    "nickName": "j***n",
    "open_id_buyer": "demoOpenIdBuyer",
}


def rows(name: str, record: Any, **settings: Any) -> list[dict[str, Any]]:
    """The rows of one record, by column."""
    given = {
        "app_key": "key",
        "app_secret": "secret",
        "access_token": "token",
        "since": "2026-01-01",
    }
    found = streams("jd_main", Config.model_validate({**given, **settings}))
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
            "order_number": "300000000001",
            "status": "paid",
            "ordered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
            "paid_at": datetime(2026, 1, 1, 4, 1, 3, tzinfo=UTC),
            "finished_at": None,
            "updated_at": datetime(2026, 1, 1, 4, 1, 5, tzinfo=UTC),
            "currency": "CNY",
            "order_amount": Decimal("129.14"),
            "buyer_id": "demoOpenIdBuyer",
            "country": "CN",
            "line_id": "100000000001",
            "product_id": "100000000001",
            "product_title": "手工蜂蜜 500g",
            "quantity": Decimal(2),
            "unit_price": Decimal("69.57"),
        }
    ]


@pytest.mark.parametrize(
    "given, status",
    [
        ("WAIT_SELLER_STOCK_OUT", "paid"),
        ("WAIT_SEND_CODE", "paid"),
        ("LOCKED", "on_hold"),
        ("PAUSE", "on_hold"),
        ("POP_ORDER_PAUSE", "on_hold"),
        ("WAIT_SELLER_DELIVERY", "shipped"),
        ("WAIT_GOODS_RECEIVE_CONFIRM", "shipped"),
        ("SEND_TO_DISTRIBUTION_CENER", "shipped"),
        ("DISTRIBUTION_CENTER_RECEIVED", "shipped"),
        ("RECEIPTS_CONFIRM", "finished"),
        ("FINISHED_L", "finished"),
        ("DELIVERY_RETURN", "refunded"),
        ("TRADE_CANCELED", "refunded"),
    ],
)
def test_each_state_has_its_meaning(given: str, status: str) -> None:
    (row,) = rows("orders", {**ORDER, "orderState": given})
    assert (row["status"], row["problem"]) == (status, None)


@pytest.mark.parametrize("never", ["", None, "0001-01-01 00:00:00", "1970-01-01 08:00"])
def test_an_order_that_was_cancelled_unpaid_gives_no_money_back(never: Any) -> None:
    order = {**ORDER, "orderState": "TRADE_CANCELED", "paymentConfirmTime": never}
    (row,) = rows("orders", order)
    assert (row["status"], row["paid_at"], row["problem"]) == ("cancelled", None, None)


@pytest.mark.parametrize("state", ["FINISHED_L", "TRADE_CANCELED"])
def test_only_a_finished_order_has_a_time_of_that(state: str) -> None:
    order = {**ORDER, "orderState": state, "orderEndTime": "2026-01-09 12:00:00"}
    (row,) = rows("orders", order)
    ended_at = datetime(2026, 1, 9, 4, tzinfo=UTC)
    assert row["finished_at"] == (ended_at if state == "FINISHED_L" else None)


@pytest.mark.parametrize(
    "given, problem",
    [
        ({"orderState": "NEW"}, "orderState: 'NEW' is not one of WAIT_SELLER_"),
        ({"orderPayment": "129,14"}, "orderPayment: '129,14' is not a number"),
        ({"modified": 1767240300}, "modified: '1767240300' is not a time"),
        ({"itemInfoList": "?"}, "itemInfoList: '?' is not a list of objects"),
    ],
)
def test_what_cannot_be_read_is_named(given: dict[str, Any], problem: str) -> None:
    (row,) = rows("orders", {**ORDER, **given})
    assert str(row["problem"]).startswith(problem)


@pytest.mark.parametrize(
    "field, amount",
    [
        ("orderPayment", "129.14"),
        ("orderSellerPrice", "134.14"),
        ("orderTotalPrice", "139.14"),
    ],
)
def test_which_amount_counts_is_a_setting(field: str, amount: str) -> None:
    (row,) = rows("orders", ORDER, order_amount=field)
    assert row["order_amount"] == Decimal(amount)


def test_which_number_of_the_buyer_counts_is_a_setting() -> None:
    (row,) = rows("orders", ORDER, buyer_field="xid_buyer")
    assert row["buyer_id"] == "demoXidBuyer"


def test_a_locked_order_comes_without_details() -> None:
    locked = {"orderId": "300000000002", "orderState": "LOCKED"}
    (row,) = rows("orders", locked)
    assert (row["order_number"], row["status"]) == ("300000000002", "on_hold")
    assert (row["line_id"], row["problem"]) == (None, None)


def test_lines_of_one_sku_have_no_key() -> None:
    record = {**ORDER, "itemInfoList": ORDER["itemInfoList"] * 2}
    assert [row["line_id"] for row in rows("orders", record)] == [None, None]


@pytest.mark.parametrize(
    "province, code",
    [("浙江", "CN"), ("香港", "HK"), ("台湾", "TW"), ("海外", None), ("", None)],
)
def test_the_province_tells_the_country(province: str, code: str | None) -> None:
    (row,) = rows("orders", {**ORDER, "consigneeInfo": {"province": province}})
    assert row["country"] == code


def test_cipher_texts_are_nobody_s() -> None:
    (row,) = rows("orders", ORDER)
    assert "demoTdeCipher" not in row.values()


def test_a_refund_becomes_a_typed_row() -> None:
    assert rows("refunds", REFUND) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "40000001",
            "order_number": "300000000001",
            "status": "refunded",
            "requested_at": datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 3, 9, 5, tzinfo=UTC),
            "currency": "CNY",
            "reason": "不想要了",
            "buyer_id": "demoOpenIdBuyer",
            "amount": Decimal("129.14"),
        }
    ]


@pytest.mark.parametrize(
    "status, codes",
    [
        ("open", (0, 1, 5, 6, 7, 10)),
        ("refused", (2, 4, 8)),
        ("refunded", (3, 9)),
        ("closed", (11,)),
        (None, (12, "x")),
    ],
)
def test_each_status_of_a_refund_has_its_meaning(
    status: str | None, codes: tuple[Any, ...]
) -> None:
    for code in codes:
        for given in (code, str(code)):
            (row,) = rows("refunds", {**REFUND, "status": given})
            assert row["status"] == status
            assert (row["problem"] is None) == (status is not None)


@pytest.mark.parametrize(
    "missing, minute",
    [((), (9, 5)), (("modified",), (9, 0)), (("modified", "checkTime"), (8, 39))],
)
def test_the_latest_time_that_is_there_counts(
    missing: tuple[str, ...], minute: tuple[int, int]
) -> None:
    (row,) = rows("refunds", {**REFUND, **dict.fromkeys(missing)})
    assert (row["updated_at"].hour, row["updated_at"].minute) == minute


def test_yuan_where_fen_should_be_are_named() -> None:
    (row,) = rows("refunds", {**REFUND, "applyRefundSum": "129.14"})
    assert row["amount"] is None
    assert row["problem"] == "applyRefundSum: '129.14' is not a whole number of fen"


def test_the_unit_of_a_refund_is_a_setting() -> None:
    record = {**REFUND, "applyRefundSum": "129.14"}
    (row,) = rows("refunds", record, refund_unit="yuan")
    assert row["amount"] == Decimal("129.14")


def test_a_return_becomes_a_typed_row() -> None:
    assert rows("returns", RETURN) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "afs-50000001",
            "order_number": "300000000001",
            "status": "refunded",
            "requested_at": datetime(2026, 1, 9, 1, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 12, 2, tzinfo=UTC),
            "currency": "CNY",
            "reason": "质量问题",
            "buyer_id": "demoOpenIdBuyer",
            "product_id": "100000000001",
            "quantity": Decimal(1),
            "amount": Decimal("64.57"),
        }
    ]


@pytest.mark.parametrize("status", [14, 10, None])
def test_a_return_that_is_not_paid_back_is_open(status: Any) -> None:
    record = {**RETURN, "status": status, "completeTime": None}
    (row,) = rows("returns", record)
    assert (row["status"], row["updated_at"]) == ("open", row["requested_at"])


def test_the_unit_of_a_return_is_a_setting() -> None:
    record = {**RETURN, "refoundAmount": 6457}
    (row,) = rows("returns", record, return_unit="fen")
    assert row["amount"] == Decimal("64.57")


def test_a_comment_becomes_a_typed_row() -> None:
    assert rows("reviews", COMMENT) == [
        {
            "place": None,
            "problem": None,
            "review_number": "c2000001",
            "order_number": "300000000001",
            "product_id": "100000000001",
            "rating": 5,
            "body": "很好喝",
            "reviewed_at": datetime(2026, 1, 9, 9, 16, 50, tzinfo=UTC),
            "buyer_id": "demoOpenIdBuyer",
        }
    ]


@pytest.mark.parametrize("given", [1767950210000, "1767950210000"])
def test_a_comment_s_time_may_be_in_milliseconds(given: Any) -> None:
    (row,) = rows("reviews", {**COMMENT, "creationTime": given})
    assert row["reviewed_at"] == datetime(2026, 1, 9, 9, 16, 50, tzinfo=UTC)


@pytest.mark.parametrize("score", [0, 6, "good", None])
def test_a_score_is_one_to_five(score: Any) -> None:
    (row,) = rows("reviews", {**COMMENT, "score": score})
    assert row["rating"] is None
    assert "score" in row["problem"]
