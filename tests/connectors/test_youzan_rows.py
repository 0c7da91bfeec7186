"""What Youzan's values become: statuses, money, times, people, odd ones named."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.base import SourceError, Stream
from connectors.client import Client, Reply
from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET
from connectors.youzan import Config, streams
from connectors.youzan.client import YouzanClient

SAMPLES = Path(__file__).parents[3] / "shared/data/api_fixtures"
SAMPLES = SAMPLES / "youzan_response_demos.json"

CALLS = ["trades.sold.get", "trade.get", "trade.refund.search", "trade.refund.get"]
CALLS += ["item.reviews.query", "scrm.customer", "scrm.tag"]

ORDER: dict[str, Any] = {
    "order_info": {
        "tid": "E20260101120000000000001",
        "status": "WAIT_SELLER_SEND_GOODS",
        "refund_state": 0,
        "created": "2026-01-01 12:00:00",
        "update_time": "2026-01-01 12:01:05",
        "pay_time": "2026-01-01 12:01:03",
        "consign_time": "",
        "success_time": "1970-01-01 08:00:00",
        "order_extra": {"buyer_name": "$bmFtZQ==$1$"},
    },
    "buyer_info": {
        "yz_open_id": "yzDemo1",
        "buyer_phone": "$cGhvbmU=$1$",
        "outer_user_id": "oDemo1",
    },
    "pay_info": {"payment": "129.14"},
    "address_info": {"delivery_province": "浙江省", "receiver_tel": "13900000000"},
    "orders": [
        {
            "oid": "2900000000000000001",
            "item_id": 500000001,
            "title": "手工蜂蜜 500g",
            "num": 2,
            "price": "69.57",
            "payment": "129.14",
            "sku_properties_name": '[{"k":"规格","v":"500g"},{"k":"口味","v":"椴树"}]',
        }
    ],
}
PLAIN = {"$bmFtZQ==$1$": "林小满", "$cGhvbmU=$1$": "13800000001"}


def stream(name: str, **settings: Any) -> Any:
    """One of the streams of a shop that is never called."""
    config = Config.model_validate(
        {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "grant_id": 1,
            "since": "2026-01-01",
            **settings,
        }
    )
    return {one.name: one for one in streams("shop", config)}[name]


def rows(stream: Stream, record: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        dict(zip(stream.columns, row, strict=True))
        for row in stream.rows(stream.record_of(record))
    ]


def order(**info: Any) -> dict[str, Any]:
    """The order above with other values in `order_info`."""
    whole = {**ORDER, "order_info": {**ORDER["order_info"], **info}}
    return {"full_order_info": whole, "decrypted": PLAIN}


def test_an_order_becomes_a_typed_row() -> None:
    assert rows(stream("orders"), order()) == [
        {
            "place": None,
            "problem": None,
            "order_number": "E20260101120000000000001",
            "status": "paid",
            "ordered_at": datetime(2026, 1, 1, 4, 0, 0, tzinfo=UTC),
            "paid_at": datetime(2026, 1, 1, 4, 1, 3, tzinfo=UTC),
            "shipped_at": None,
            "finished_at": None,
            "updated_at": datetime(2026, 1, 1, 4, 1, 5, tzinfo=UTC),
            "currency": "CNY",
            "order_amount": Decimal("129.14"),
            "buyer_id": "yzDemo1",
            "phone": "13800000001",
            "more_identifiers": None,
            "buyer_name": "林小满",
            "country": "CN",
            "line_id": "2900000000000000001",
            "product_id": "500000001",
            "product_title": "手工蜂蜜 500g",
            "variant": "规格:500g; 口味:椴树",
            "quantity": Decimal("2"),
            "unit_price": Decimal("69.57"),
            "line_amount": Decimal("129.14"),
        }
    ]


@pytest.mark.parametrize(
    "info, status",
    [
        ({"status": "WAIT_BUYER_PAY"}, "unpaid"),
        ({"status": "TRADE_PAID"}, "paid"),
        ({"status": "WAIT_CONFIRM"}, "on_hold"),
        ({"status": "WAIT_SELLER_SEND_GOODS"}, "paid"),
        ({"status": "WAIT_BUYER_CONFIRM_GOODS"}, "shipped"),
        ({"status": "TRADE_SUCCESS"}, "finished"),
        ({"status": "TRADE_SUCCESS", "refund_state": 2}, "finished"),
        ({"status": "TRADE_CLOSED", "refund_state": 12}, "refunded"),
        ({"status": "TRADE_CLOSED", "pay_time": "", "refund_state": 12}, "refunded"),
        ({"status": "TRADE_CLOSED", "pay_time": ""}, "cancelled"),
    ],
)
def test_every_status_has_its_word(info: dict[str, Any], status: str) -> None:
    (row,) = rows(stream("orders"), order(**info))
    assert (row["status"], row["problem"]) == (status, None)


@pytest.mark.parametrize(
    "info, problem",
    [
        ({"status": "TRADE_LOST"}, "status: 'TRADE_LOST' is not one of WAIT_BUYER_PAY"),
        ({"status": 60}, "status: '60' is not one of"),
        ({"pay_time": "2026-02-30 10:00:00"}, "pay_time: '2026-02-30 10:00:00' is not"),
        ({"created": 5}, "created: '5' is not a time"),
    ],
)
def test_what_cannot_be_read_is_none_and_named(
    info: dict[str, Any], problem: str
) -> None:
    (row,) = rows(stream("orders"), order(**info))
    assert row["problem"].startswith(problem)
    column = {"pay_time": "paid_at", "created": "ordered_at", "status": "status"}
    assert row[column[next(iter(info))]] is None


@pytest.mark.parametrize(
    "amount", ["1,234.50", "一百", "1_0", "NaN", "1e3", True, "１"]
)
def test_money_is_read_strictly(amount: Any) -> None:
    record = order()
    record["full_order_info"]["pay_info"] = {"payment": amount}
    (row,) = rows(stream("orders"), record)
    assert row["order_amount"] is None
    assert row["problem"] == f"payment: {str(amount)!r} is not a number"


@pytest.mark.parametrize("amount", ["0.10", 0.1, 12, "-5.00"])
def test_money_is_exact(amount: Any) -> None:
    record = order()
    record["full_order_info"]["pay_info"] = {"payment": amount}
    assert rows(stream("orders"), record)[0]["order_amount"] == Decimal(str(amount))


@pytest.mark.parametrize("never", ["", 0, "0", None, "0001-01-01 00:00:00"])
def test_never_is_none_and_no_problem(never: Any) -> None:
    (row,) = rows(stream("orders"), order(pay_time=never))
    assert (row["paid_at"], row["problem"]) == (None, None)


def test_an_openid_belongs_to_an_app() -> None:
    (row,) = rows(stream("orders", wechat_app_id="wx01"), order())
    assert json.loads(row["more_identifiers"]) == [
        {"kind": "openid", "scope": "wx01", "value": "oDemo1"}
    ]


def test_the_receiver_of_a_gift_is_not_the_buyer() -> None:
    record = order()
    record["full_order_info"]["buyer_info"] = {"yz_open_id": "yzDemo1"}
    assert rows(stream("orders"), record)[0]["phone"] is None


@pytest.mark.parametrize("phone", ["138****0001", "$bG9zdA==$1$", "", 0, None])
def test_a_masked_or_unopened_phone_is_none(phone: Any) -> None:
    record = order()
    record["full_order_info"]["buyer_info"] = {"buyer_phone": phone}
    assert rows(stream("orders"), record)[0]["phone"] is None


def test_an_order_without_lines_still_gives_a_row() -> None:
    record = order()
    record["full_order_info"]["orders"] = []
    (row,) = rows(stream("orders"), record)
    assert (row["order_number"], row["line_id"]) == ("E20260101120000000000001", None)


def test_lines_with_one_id_have_none() -> None:
    record = order()
    record["full_order_info"]["orders"] = ORDER["orders"] * 2
    assert [row["line_id"] for row in rows(stream("orders"), record)] == [None, None]


def test_lines_that_are_no_objects_are_named() -> None:
    record = order()
    record["full_order_info"]["orders"] = [*ORDER["orders"], "?"]
    (row,) = rows(stream("orders"), record)
    assert "orders:" in row["problem"]


@pytest.mark.parametrize(
    "given, status",
    [
        ("WAIT_SELLER_AGREE", "open"),
        ("WAIT_BUYER_RETURN_GOODS", "open"),
        ("WAIT_SELLER_CONFIRM_GOODS", "open"),
        ("SELLER_REFUSE_BUYER", "refused"),
        ("SELLER_REFUSE_BUYER_RETURN_GOODS", "refused"),
        ("CLOSED", "closed"),
        ("SUCCESS", "refunded"),
    ],
)
def test_a_refund_becomes_a_typed_row(given: str, status: str) -> None:
    record = {
        "refund_id": "202601031639340000010001",
        "tid": "E20260101120000000000001",
        "oid": 2900000000000000001,
        "status": given,
        "reason": 54,
        "refund_fee": "64.57",
        "created": "2026-01-03 16:39:34",
        "modified": "2026-01-05 16:40:04",
    }
    assert rows(stream("refunds"), record) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "202601031639340000010001",
            "order_number": "E20260101120000000000001",
            "status": status,
            "requested_at": datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 5, 8, 40, 4, tzinfo=UTC),
            "currency": "CNY",
            "reason": "54",
            "line_id": "2900000000000000001",
            "amount": Decimal("64.57"),
        }
    ]


@pytest.mark.parametrize(
    "given, rating",
    [
        ({"rate": 30, "desc_rate": 4}, 4),
        ({"rate": 30}, 5),
        ({"rate": 20}, 3),
        ({"rate": 10, "desc_rate": 0}, 1),
        ({"rate": 99}, None),
    ],
)
def test_a_rating_is_one_to_five(given: dict[str, Any], rating: int | None) -> None:
    (row,) = rows(stream("reviews"), {"id": 1, **given})
    assert row["rating"] == rating
    assert (row["problem"] is None) == (rating is not None)


def test_a_customer_becomes_a_typed_row() -> None:
    record = {
        "yz_open_id": "yzDemo1",
        "show_name": "匿名用户",
        "mobile": "13800000001",
        "gender": 2,
        "is_member": 1,
        "points": 120,
        "created_at": 1767240000,
        "tags": [{"id": 1, "name": "老客户"}, {"id": 2, "name": "茶友"}],
    }
    moment = datetime(2026, 1, 1, 4, tzinfo=UTC)
    assert rows(stream("customers"), record) == [
        {
            "place": None,
            "problem": None,
            "buyer_id": "yzDemo1",
            "phone": "13800000001",
            "name": None,
            "gender": "female",
            "points": 120,
            "level": "member",
            "tags": '{"老客户":null,"茶友":null}',
            "registered_at": moment,
            "updated_at": moment,
        }
    ]


def test_tags_that_were_not_asked_for_are_unknown_rather_than_none() -> None:
    assert rows(stream("customers"), {"yz_open_id": "a"})[0]["tags"] is None
    assert rows(stream("customers"), {"yz_open_id": "a", "tags": []})[0]["tags"] == "{}"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the real samples are not here")
@pytest.mark.parametrize("api", CALLS)
def test_real_answers_become_typed_rows_or_a_named_error(api: str) -> None:
    """Youzan's own examples of 2020; older versions of some calls among them."""
    client = YouzanClient("shop", stream("orders").config)
    found = 0
    for sample in json.loads(SAMPLES.read_text()):
        if not sample["api"].startswith(f"youzan.{api}"):
            continue
        found += 1
        trouble = client.trouble(Reply(200, {}, sample["json"]))
        if sample["kind"] == "errorResponseDemo":
            assert trouble is not None
            assert trouble.code and trouble.code in trouble.said
            continue
        assert trouble is None, sample
        for name, record in records_in(sample["json"]):
            for row in rows(stream(name), record):
                check_row(name, row)
    assert found


def records_in(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    """The records of the calls that the connector makes, with their stream."""
    data = answer.get("response", {})
    if "full_order_info" in data:
        return [("orders", data)]
    if "refunds" in data:
        return [("refunds", one) for one in data["refunds"]]
    if "refund_id" in data:
        return [("refunds", data)]
    if "item_reviews_models" in data:
        items = data["item_reviews_models"]["data"]["items"]
        return [("reviews", one) for one in items]
    if "record_list" in data:
        return [("customers", one) for one in data["record_list"]]
    return []


KINDS = {
    "_at": datetime,
    "amount": Decimal,
    "quantity": Decimal,
    "unit_price": Decimal,
    "points": int,
    "rating": int,
}


def check_row(name: str, row: dict[str, Any]) -> None:
    # The old order has the number 60 for its status, which no page explains.
    assert row["problem"] is None or row["problem"].startswith("status: '60'")
    for column, value in row.items():
        kinds = [kind for end, kind in KINDS.items() if column.endswith(end)]
        if value is not None:
            assert isinstance(value, kinds[0] if kinds else str), (name, column, value)


def test_every_error_of_youzan_is_told_with_its_code() -> None:
    client: Client = YouzanClient("shop", stream("orders").config)
    for body in (
        {"gw_err_resp": {"err_code": 4203, "err_msg": "?"}},
        {"error_response": {"code": 4203, "msg": "?"}},
        {"code": 4203, "success": False, "message": "?"},
        {"response": {"item_reviews_models": {"code": 4203, "success": False}}},
    ):
        trouble = client.trouble(Reply(200, {}, body))
        assert trouble is not None
        assert trouble.code == "4203"
    assert not issubclass(SourceError, ValueError)
