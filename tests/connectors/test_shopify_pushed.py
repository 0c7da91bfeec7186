"""Shopify's webhooks: verified, and read as pulled records are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import CallbackRefused, Received, Request
from connectors.sandbox import shopify_json as shown
from connectors.sandbox.shopify import SHOP
from connectors.sandbox.shopify_tokens import CLIENT_SECRET
from connectors.sandbox.youzan_world import Story
from connectors.shopify import callbacks
from connectors.shopify.pushed import ShopifyCallbacks
from connectors.webhooks import signature
from tests.connectors.busy_shop import AS_OF, UNTIL, make_busy, make_refunds_busy
from tests.connectors.shopify_shop import ShopifyShop, shopify_shop, told

VECTOR = b'{"id":1001,"status":"processing","total":"29.35"}'


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop() as running:
        yield running


@pytest.fixture
def door(shop: ShopifyShop) -> ShopifyCallbacks:
    found = callbacks("shopify_main", shop.config())
    assert found is not None
    return found


def request(push: tuple[dict[str, str], bytes], **changes: str) -> Request:
    return Request("POST", {}, {**push[0], **changes}, push[1])


def order(shop: ShopifyShop, story: Story, **changes: Any) -> dict[str, Any]:
    state = story.at(AS_OF)
    assert state is not None
    return {**shop.double.rest.order({**state, "key": story.key}), **changes}


def read(shop: ShopifyShop, received: Received, name: str) -> list[dict[str, Any]]:
    stream = shop.streams()[name]
    return [
        dict(zip(stream.columns, row, strict=True))
        for record in received.records[name]
        for row in stream.rows(record)
    ]


def test_the_known_signature_is_reproduced(shop: ShopifyShop) -> None:
    wanted = "eUnEQASvif7MLtXaxl+qpqeX0IKy/E7HM3LVbwR/O7s="
    assert signature(VECTOR, "whsec_demo") == wanted
    headers, body = shop.double.pushed("orders/updated", json.loads(VECTOR))
    assert headers["x-shopify-hmac-sha256"] == signature(body, CLIENT_SECRET)


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/paid"])
def test_a_pushed_order_gives_the_rows_of_a_pulled_one(
    shop: ShopifyShop, door: ShopifyCallbacks, topic: str
) -> None:
    """Two languages, one order."""
    make_busy(shop.world, shop.world.orders)
    pulled = told(shop.streams()["orders"])
    numbers = {row["order_number"] for row in pulled}
    assert len(numbers) > 30
    for story in shop.world.orders:
        number = str(shown.order_id(story.key))
        if number not in numbers:
            continue
        received = door.receive(request(shop.double.pushed(topic, order(shop, story))))
        pushed = read(shop, received, "orders")
        assert {row.pop("place") for row in pushed} == {f"webhook {topic}, {number}"}
        assert pushed == [row for row in pulled if row["order_number"] == number]


def test_a_pushed_order_brings_its_refunds(
    shop: ShopifyShop, door: ShopifyCallbacks
) -> None:
    refunds = make_refunds_busy(shop.world, UNTIL)
    story = next(one for one in shop.world.orders if one.key in refunds)
    received = door.receive(
        request(shop.double.pushed("orders/updated", order(shop, story)))
    )
    pushed = read(shop, received, "refunds")
    number = str(shown.order_id(story.key))
    found = [
        row for row in told(shop.streams()["refunds"]) if row["order_number"] == number
    ]
    assert found
    for row in pushed:
        del row["place"]
    assert pushed == found
    state = refunds[story.key].at(AS_OF)
    assert state is not None
    alone = shown.rest_refund({**state, "key": refunds[story.key].key})
    received = door.receive(request(shop.double.pushed("refunds/create", alone)))
    assert (
        read(shop, received, "refunds")[0]["refund_number"]
        == pushed[0]["refund_number"]
    )


def test_a_pushed_customer_gives_the_row_of_a_pulled_one(
    shop: ShopifyShop, door: ShopifyCallbacks
) -> None:
    people = shop.world.people[:20]
    since = min(one.created for one in people)
    pulled = {
        row["buyer_id"]: row for row in told(shop.streams(since=since)["customers"])
    }
    known = [one for one in people if str(shown.customer_id(one)) in pulled]
    assert len(known) > 10
    for person in known:
        push = shown.rest_customer(person, person.created)
        received = door.receive(request(shop.double.pushed("customers/update", push)))
        (row,) = read(shop, received, "customers")
        assert row.pop("place") == f"webhook customers/update, {row['buyer_id']}"
        assert row == pulled[row["buyer_id"]]


@pytest.mark.parametrize(
    "topic, record",
    [
        ("orders/delete", {"id": 450789469}),
        ("customers/redact", {"shop_id": 1, "customer": {"id": 2}}),
        ("products/update", {"id": 1, "created_at": "2026-01-01T12:00:00+08:00"}),
        ("orders/updated", {"id": None, "created_at": "2026-01-01T12:00:00+08:00"}),
        ("orders/create", {"id": 1, "created_at": "2026-01-01", "test": True}),
        ("refunds/create", {"id": 1, "created_at": "2026-01-01", "transactions": []}),
        ("", {}),
    ],
)
def test_what_tells_no_whole_record_is_left_to_the_pull(
    shop: ShopifyShop, door: ShopifyCallbacks, topic: str, record: Any
) -> None:
    assert door.receive(request(shop.double.pushed(topic, record))) == Received({})


def test_a_stream_that_is_not_wanted_gets_nothing(shop: ShopifyShop) -> None:
    door = callbacks("shopify_main", shop.config(streams=["customers"]))
    assert door is not None
    story = next(one for one in shop.world.orders if one.at(UNTIL))
    push = shop.double.pushed("orders/updated", order(shop, story))
    assert door.receive(request(push)) == Received({})


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"x-shopify-hmac-sha256": ""}, "Hmac-SHA256 is wrong: check client_secret"),
        ({"x-shopify-hmac-sha256": "签"}, "Hmac-SHA256 is wrong"),
        (
            {"x-shopify-shop-domain": "other.myshopify.com"},
            "another shop: check base_url",
        ),
    ],
)
def test_what_is_not_from_this_shop_is_refused(
    shop: ShopifyShop, door: ShopifyCallbacks, changes: dict[str, str], said: str
) -> None:
    push = shop.double.pushed("orders/updated", {"id": 1})
    with pytest.raises(CallbackRefused, match=f"shopify_main: .*{said}") as caught:
        door.receive(request(push, **changes))
    assert CLIENT_SECRET not in str(caught.value)


def test_a_body_that_was_changed_is_refused(
    shop: ShopifyShop, door: ShopifyCallbacks
) -> None:
    headers, _ = shop.double.pushed("orders/updated", {"id": 1})
    with pytest.raises(CallbackRefused, match="is wrong"):
        door.receive(request((headers, b'{"id":2}')))


@pytest.mark.parametrize("body", [b"", b"?", b"[]", b'"x"'])
def test_a_signed_body_that_is_no_object_is_refused(
    door: ShopifyCallbacks, body: bytes
) -> None:
    signed = {"x-shopify-hmac-sha256": signature(body, CLIENT_SECRET)}
    with pytest.raises(CallbackRefused, match="no JSON object"):
        door.receive(request((signed, body)))


def test_the_shop_is_known_by_its_address_or_by_its_name(shop: ShopifyShop) -> None:
    address = "https://Demo.myshopify.com"
    assert shop.config(base_url=address, domain=None).shop == SHOP
    assert shop.config(domain="Other.myshopify.com").shop == "other.myshopify.com"


def test_without_a_secret_there_is_no_door(shop: ShopifyShop) -> None:
    assert callbacks("shopify_main", shop.config(client_secret=None)) is None
