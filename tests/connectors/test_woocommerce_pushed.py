"""WooCommerce's webhooks: verified, and read as pulled records are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import CallbackRefused, Received, Request
from connectors.sandbox import woocommerce_json as shown
from connectors.sandbox.woocommerce import WEBHOOK_SECRET
from connectors.webhooks import signature
from connectors.woocommerce import callbacks
from connectors.woocommerce.pushed import WooCallbacks
from tests.connectors.busy_shop import UNTIL, make_busy, pulled
from tests.connectors.woocommerce_shop import WooShop, woo_shop

VECTOR = b'{"id":1001,"status":"processing","total":"29.35"}'


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with woo_shop() as running:
        yield running


@pytest.fixture
def door(shop: WooShop) -> WooCallbacks:
    found = callbacks("woo_main", shop.config())
    assert found is not None
    return found


def request(headers: dict[str, str], body: bytes) -> Request:
    return Request("POST", {}, headers, body)


def test_the_known_signature_is_reproduced(shop: WooShop) -> None:
    wanted = "eUnEQASvif7MLtXaxl+qpqeX0IKy/E7HM3LVbwR/O7s="
    assert signature(VECTOR, WEBHOOK_SECRET) == wanted
    headers, body = shop.double.pushed("order.updated", json.loads(VECTOR))
    assert headers["x-wc-webhook-signature"] == signature(body, WEBHOOK_SECRET)


@pytest.mark.parametrize("topic", ["order.created", "order.updated", "order.restored"])
def test_a_pushed_order_gives_the_rows_of_a_pulled_one(
    shop: WooShop, door: WooCallbacks, topic: str
) -> None:
    (story,) = make_busy(shop.world, shop.world.orders, 1)
    received = door.receive(
        request(*shop.double.pushed(topic, shop.double.shown_order(story)))
    )
    (record,) = received.records["orders"]
    stream = shop.streams()["orders"]
    pushed = [
        dict(zip(stream.columns, row, strict=True)) for row in stream.rows(record)
    ]
    assert {row.pop("place") for row in pushed} == {
        f"webhook {topic}, {shop.number(story)}"
    }
    found = [one for one in pulled(stream) if one["order_number"] == shop.number(story)]
    assert found
    for row in found:
        del row["place"]
    assert pushed == found


def test_a_pushed_customer_is_read(shop: WooShop, door: WooCallbacks) -> None:
    person = shop.world.people[1]
    push = shop.double.pushed("customer.updated", shown.customer(person))
    (record,) = door.receive(request(*push)).records["customers"]
    (row,) = shop.streams()["customers"].rows(record)
    assert shown.email(person) in row


def test_the_ping_of_a_new_webhook_is_answered(door: WooCallbacks) -> None:
    assert door.receive(request({}, b"webhook_id=4")) == Received({})


@pytest.mark.parametrize(
    "topic, record",
    [
        ("order.deleted", {"id": 727}),
        ("product.updated", {"id": 93, "date_created_gmt": "2026-01-01T04:00:00"}),
        ("coupon.created", {"id": 5}),
        ("", {}),
        ("order.updated", {"id": None, "date_created_gmt": "2026-01-01T04:00:00"}),
    ],
)
def test_what_tells_no_whole_record_is_left_to_the_pull(
    shop: WooShop, door: WooCallbacks, topic: str, record: Any
) -> None:
    received = door.receive(request(*shop.double.pushed(topic, record)))
    assert (dict(received.records), received.answer) == ({}, b"success")


def test_a_stream_that_is_not_wanted_gets_nothing(shop: WooShop) -> None:
    door = callbacks("woo_main", shop.config(streams=["refunds"]))
    assert door is not None
    story = next(one for one in shop.world.orders if one.at(UNTIL))
    push = shop.double.pushed("order.updated", shop.double.shown_order(story))
    assert not door.receive(request(*push)).records


@pytest.mark.parametrize(
    "change, body, said",
    [
        (
            {"x-wc-webhook-signature": ""},
            None,
            "Signature is wrong: check webhook_secret",
        ),
        ({"x-wc-webhook-signature": "签"}, None, "Signature is wrong"),
        ({}, b'{"id":2}', "Signature is wrong"),
        ({}, b"webhook_id=4&more=5", "Signature is wrong"),
    ],
)
def test_what_is_not_from_this_shop_is_refused(
    shop: WooShop,
    door: WooCallbacks,
    change: dict[str, str],
    body: bytes | None,
    said: str,
) -> None:
    headers, sent = shop.double.pushed("order.updated", {"id": 1})
    with pytest.raises(CallbackRefused, match=f"woo_main: .*{said}") as caught:
        door.receive(request({**headers, **change}, body or sent))
    assert WEBHOOK_SECRET not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"?", b"[]", b'"x"'])
def test_a_signed_body_that_is_no_object_is_refused(
    door: WooCallbacks, body: bytes
) -> None:
    sign = signature(body, WEBHOOK_SECRET)
    with pytest.raises(CallbackRefused, match="no JSON object"):
        door.receive(request({"x-wc-webhook-signature": sign}, body))


def test_without_a_secret_there_is_no_door(shop: WooShop) -> None:
    assert callbacks("woo_main", shop.config(webhook_secret=None)) is None
