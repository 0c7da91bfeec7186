"""What Shopify's values become: statuses, money, times, people, odd ones named."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Stream
from connectors.shopify import Config, streams

SAMPLES = Path(__file__).parents[3] / "shared/data/api_fixtures/shopify"
needs_samples = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the recorded answers are not here"
)
SHOP = {
    "base_url": "https://demo.myshopify.com",
    "access_token": "shpat_demo",
    "since": "2026-01-01",
}


def money(amount: Any) -> dict[str, Any]:
    """In the shop's currency; the buyer has paid in another."""
    theirs = {"amount": "1.0", "currencyCode": "USD"}
    return {
        "shopMoney": {"amount": amount, "currencyCode": "CNY"},
        "presentmentMoney": theirs,
    }


def payment(kind: str, status: str, time: str) -> dict[str, str]:
    return {"kind": kind, "status": status, "processedAt": time}


ORDER: dict[str, Any] = {
    "id": "gid://shopify/Order/450789469",
    "name": "#1001",
    "createdAt": "2026-01-01T04:00:00Z",
    "updatedAt": "2026-01-01T04:01:05Z",
    "cancelledAt": None,
    "closedAt": None,
    "test": False,
    "currencyCode": "CNY",
    "displayFinancialStatus": "PAID",
    "displayFulfillmentStatus": "UNFULFILLED",
    "totalPriceSet": money("129.14"),
    "transactions": [
        payment("AUTHORIZATION", "SUCCESS", "2026-01-01T04:00:01Z"),
        payment("CAPTURE", "FAILURE", "2026-01-01T04:00:02Z"),
        payment("CAPTURE", "SUCCESS", "2026-01-01T04:01:03Z"),
    ],
    "fulfillments": [],
    "email": "buyer@example.com",
    "phone": None,
    "customer": {
        "id": "gid://shopify/Customer/207119551",
        "firstName": "San",
        "lastName": "Zhang",
    },
    "billingAddress": {"phone": "+8613800000000", "countryCodeV2": "CN"},
    "lineItems": {
        "nodes": [
            {
                "id": "gid://shopify/LineItem/466157049",
                "title": "Honey",
                "variantTitle": "500g",
                "quantity": 2,
                "product": {"id": "gid://shopify/Product/632910392"},
                "originalUnitPriceSet": money("69.57"),
                "discountAllocations": [
                    {"allocatedAmountSet": money("10.0")},
                ],
            }
        ]
    },
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


def order(**changes: Any) -> dict[str, Any]:
    (row,) = rows(stream("orders"), {**ORDER, **changes})
    return row


def line(**changes: Any) -> dict[str, Any]:
    record = deepcopy(ORDER)
    record["lineItems"]["nodes"][0] |= changes
    (row,) = rows(stream("orders"), record)
    return row


def test_an_order_becomes_a_typed_row() -> None:
    assert order() == {
        "place": None,
        "problem": None,
        "order_number": "450789469",
        "status": "paid",
        "ordered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
        "paid_at": datetime(2026, 1, 1, 4, 1, 3, tzinfo=UTC),
        "shipped_at": None,
        "finished_at": None,
        "updated_at": datetime(2026, 1, 1, 4, 1, 5, tzinfo=UTC),
        "currency": "CNY",
        "order_amount": Decimal("129.14"),
        "buyer_id": "207119551",
        "phone": "+8613800000000",
        "email": "buyer@example.com",
        "buyer_name": "San Zhang",
        "country": "CN",
        "line_id": "466157049",
        "product_id": "632910392",
        "product_title": "Honey",
        "variant": "500g",
        "quantity": Decimal("2"),
        "unit_price": Decimal("69.57"),
        "line_amount": Decimal("129.14"),
    }


@pytest.mark.parametrize(
    "money, goods, more, status",
    [
        ("PENDING", "UNFULFILLED", {}, "unpaid"),
        ("AUTHORIZED", "UNFULFILLED", {}, "unpaid"),
        ("PARTIALLY_PAID", "UNFULFILLED", {}, "unpaid"),
        ("PAID", "UNFULFILLED", {}, "paid"),
        ("PAID", "IN_PROGRESS", {}, "paid"),
        ("PAID", "OPEN", {}, "paid"),
        ("PAID", "PENDING_FULFILLMENT", {}, "paid"),
        ("PAID", "SCHEDULED", {}, "paid"),
        ("PAID", "REQUEST_DECLINED", {}, "paid"),
        ("PAID", "RESTOCKED", {}, "paid"),
        ("PAID", "ON_HOLD", {}, "on_hold"),
        ("PAID", "PARTIALLY_FULFILLED", {}, "part_shipped"),
        ("PARTIALLY_REFUNDED", "FULFILLED", {}, "shipped"),
        ("PAID", "FULFILLED", {"closedAt": "2026-01-09T00:00:00Z"}, "finished"),
        ("PAID", "UNFULFILLED", {"cancelledAt": "2026-01-02T00:00:00Z"}, "cancelled"),
        ("VOIDED", "UNFULFILLED", {}, "cancelled"),
        ("EXPIRED", "UNFULFILLED", {}, "cancelled"),
        ("REFUNDED", "FULFILLED", {"closedAt": "2026-01-09T00:00:00Z"}, "refunded"),
        (
            "REFUNDED",
            "UNFULFILLED",
            {"cancelledAt": "2026-01-02T00:00:00Z"},
            "refunded",
        ),
    ],
)
def test_every_status_has_its_word(
    money: str, goods: str, more: dict[str, str], status: str
) -> None:
    row = order(displayFinancialStatus=money, displayFulfillmentStatus=goods, **more)
    assert (row["status"], row["problem"]) == (status, None)


@pytest.mark.parametrize(
    "changes, problem",
    [
        (
            {"displayFinancialStatus": "GIVEN"},
            "displayFinancialStatus: 'GIVEN' is not one",
        ),
        (
            {"displayFinancialStatus": None},
            "displayFinancialStatus: 'None' is not one of",
        ),
        (
            {"displayFulfillmentStatus": "LOST"},
            "displayFulfillmentStatus: 'LOST' is not",
        ),
        ({"updatedAt": "2026-02-30"}, "updatedAt: '2026-02-30' is not a time"),
        (
            {"totalPriceSet": money("1,234.5")},
            "totalPriceSet: '1,234.5' is not a number",
        ),
        ({"lineItems": {"nodes": ["?"]}}, "nodes: "),
    ],
)
def test_what_cannot_be_read_is_none_and_named(
    changes: dict[str, Any], problem: str
) -> None:
    assert order(**changes)["problem"].startswith(problem)


@pytest.mark.parametrize(
    "amount, wanted", [("10.0", "10.0"), ("0.1", "0.1"), ("7", "7")]
)
def test_money_is_exact_however_many_decimals_it_has(amount: str, wanted: str) -> None:
    assert order(totalPriceSet=money(amount))["order_amount"] == Decimal(wanted)


def test_a_line_bears_its_share_of_every_discount() -> None:
    assert line(discountAllocations=[])["line_amount"] == Decimal("139.14")
    two = [{"allocatedAmountSet": money("10.0")}, {"allocatedAmountSet": money("0.14")}]
    assert line(discountAllocations=two)["line_amount"] == Decimal("129.00")
    assert line(originalUnitPriceSet=None)["line_amount"] is None


def test_what_has_no_product_or_variant_has_none() -> None:
    row = line(product=None, variantTitle="Default Title")
    assert (row["product_id"], row["variant"], row["problem"]) == (None, None, None)


def test_lines_with_one_id_have_none() -> None:
    record = deepcopy(ORDER)
    record["lineItems"]["nodes"] *= 2
    assert [row["line_id"] for row in rows(stream("orders"), record)] == [None, None]


def test_an_order_without_lines_still_gives_a_row() -> None:
    row = order(lineItems={"nodes": []})
    assert (row["order_number"], row["line_id"], row["problem"]) == (
        "450789469",
        None,
        None,
    )


def test_the_first_fulfilment_is_when_it_was_shipped() -> None:
    days = [{"createdAt": f"2026-01-0{day}T00:00:00Z"} for day in (4, 3)]
    assert order(fulfillments=days)["shipped_at"] == datetime(2026, 1, 3, tzinfo=UTC)


REFUND = {
    "id": "gid://shopify/Refund/509562969",
    "createdAt": "2026-01-03T08:39:34Z",
    "updatedAt": "2026-01-03T08:40:00Z",
    "note": "broken",
    "totalRefundedSet": money("64.57"),
    "order": {"id": "gid://shopify/Order/450789469"},
}


def test_a_refund_becomes_a_typed_row() -> None:
    assert rows(stream("refunds"), REFUND) == [
        {
            "place": None,
            "problem": None,
            "refund_number": "509562969",
            "order_number": "450789469",
            "status": "refunded",
            "requested_at": datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 3, 8, 40, tzinfo=UTC),
            "currency": "CNY",
            "reason": "broken",
            "amount": Decimal("64.57"),
        }
    ]
    nothing = {**REFUND, "totalRefundedSet": money("0.0")}
    assert rows(stream("refunds"), nothing)[0]["status"] == "closed"


def paid_back(**changes: Any) -> dict[str, Any]:
    payment = {
        "kind": "refund",
        "status": "success",
        "amount": "9.99",
        "currency": "CNY",
    }
    return {**payment, **changes}


@pytest.mark.parametrize(
    "payments, status, amount",
    [
        ([paid_back(), paid_back(amount="0.01")], "refunded", "10.00"),
        ([paid_back(), paid_back(status="failure")], "refunded", "9.99"),
        ([paid_back(status="pending")], "open", "0"),
        ([paid_back(kind="void")], "closed", "0"),
        ([], "closed", "0"),
    ],
)
def test_a_pushed_refund_is_the_sum_of_what_came_through(
    payments: list[Any], status: str, amount: str
) -> None:
    """Its lines hold floats, which are left alone."""
    record = {
        "id": 509562969,
        "order_id": 450789469,
        "created_at": "2026-01-03T16:39:34+08:00",
        "refund_line_items": [{"subtotal": 64.57}],
        "transactions": payments,
    }
    (row,) = rows(stream("refunds"), record)
    assert (row["status"], row["amount"]) == (status, Decimal(amount))
    assert row["updated_at"] == datetime(2026, 1, 3, 8, 39, 34, tzinfo=UTC)


@pytest.mark.parametrize("amount", ["lots", None, 1e30])
def test_a_refund_of_unreadable_money_has_no_status(amount: Any) -> None:
    record = {
        "id": 1,
        "created_at": "2026-01-01",
        "transactions": [paid_back(amount=amount)],
    }
    for one in (record, {**REFUND, "totalRefundedSet": money(amount)}):
        (row,) = rows(stream("refunds"), one)
        assert (row["status"], row["amount"]) == (None, None)
        assert amount is None or f"{str(amount)!r} is not a number" in row["problem"]


CUSTOMER = {
    "id": "gid://shopify/Customer/207119551",
    "createdAt": "2025-06-01T04:00:00Z",
    "updatedAt": "2026-01-01T04:01:05Z",
    "tags": ["vip", "repeat"],
    "locale": "zh-CN",
    "firstName": "三",
    "lastName": "张",
    "defaultEmailAddress": {
        "emailAddress": "buyer@example.com",
        "marketingState": "SUBSCRIBED",
    },
    "defaultPhoneNumber": {
        "phoneNumber": "+8613800000000",
        "marketingState": "UNSUBSCRIBED",
    },
    "defaultAddress": {"city": "杭州市", "countryCodeV2": "CN", "phone": "0571"},
}


def test_a_customer_becomes_a_typed_row() -> None:
    assert rows(stream("customers"), CUSTOMER) == [
        {
            "place": None,
            "problem": None,
            "buyer_id": "207119551",
            "phone": "+8613800000000",
            "email": "buyer@example.com",
            "name": "张三",
            "language": "zh-CN",
            "country": "CN",
            "city": "杭州市",
            "tags": '{"vip":null,"repeat":null}',
            "consents": '{"email":true,"sms":false}',
            "registered_at": datetime(2025, 6, 1, 4, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 1, 4, 1, 5, tzinfo=UTC),
        }
    ]


@pytest.mark.parametrize("state", ["NOT_SUBSCRIBED", "PENDING", "INVALID", None])
def test_who_was_never_asked_has_neither_agreed_nor_refused(state: str | None) -> None:
    mail = {"emailAddress": "buyer@example.com", "marketingState": state}
    record = {**CUSTOMER, "defaultEmailAddress": mail, "defaultPhoneNumber": None}
    (row,) = rows(stream("customers"), record)
    assert (row["consents"], row["phone"]) == (None, "0571")


def test_tags_that_were_not_given_are_unknown_rather_than_none() -> None:
    given = {**CUSTOMER, "tags": None}
    assert rows(stream("customers"), given)[0]["tags"] is None
    assert rows(stream("customers"), {**CUSTOMER, "tags": []})[0]["tags"] == "{}"


KINDS = {"_at": datetime, "amount": Decimal, "quantity": Decimal, "unit_price": Decimal}


def check_typed(name: str, record: dict[str, Any]) -> list[dict[str, Any]]:
    found = rows(stream(name), record)
    for row in found:
        assert row["problem"] is None
        assert None not in [row[column] for column in stream(name).key]
        for column, value in row.items():
            kinds = [kind for end, kind in KINDS.items() if column.endswith(end)]
            assert value is None or isinstance(value, kinds[0] if kinds else str)
    return found


def recorded(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


@needs_samples
def test_a_real_order_of_webhooks_becomes_typed_rows() -> None:
    found = check_typed("orders", recorded("order")["order"])
    assert [row["line_amount"] for row in found] == [Decimal("199.00")] * 3
    (head, *_) = found
    assert head["order_number"] == "450789469"
    assert head["ordered_at"] == datetime(2008, 1, 10, 16, tzinfo=UTC)
    assert (head["status"], head["paid_at"]) == ("unpaid", None)
    assert (head["order_amount"], head["currency"]) == (Decimal("409.94"), "USD")
    assert (head["country"], head["phone"]) == ("US", "555-625-1199")
    assert head["shipped_at"] == datetime(2014, 1, 22, 20, 58, 27, tzinfo=UTC)


@needs_samples
def test_a_real_refund_of_webhooks_becomes_a_typed_row() -> None:
    (row,) = check_typed("refunds", recorded("refund")["refund"])
    assert (row["amount"], row["status"]) == (Decimal("209.00"), "refunded")
    assert row["order_number"] == "450789469"


@needs_samples
def test_a_real_customer_of_webhooks_becomes_a_typed_row() -> None:
    (row,) = check_typed("customers", recorded("customer")["customer"])
    assert (row["buyer_id"], row["name"]) == ("207119551", "Bob Norman")
    assert (row["tags"], row["consents"]) == ("{}", None)


@needs_samples
@pytest.mark.parametrize(
    "file, root, name",
    [
        ("order", "order", "orders"),
        ("orders", "orders", "orders"),
        ("refund", "refund", "refunds"),
        ("customer", "customer", "customers"),
        ("customers_search", "customers", "customers"),
    ],
)
def test_every_sample_of_a_supported_kind_becomes_typed_rows(
    file: str, root: str, name: str
) -> None:
    answer = recorded(file)[root]
    for record in answer if isinstance(answer, list) else [answer]:
        assert check_typed(name, record)
