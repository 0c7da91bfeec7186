"""Youzan's pushes: who sent them, and what of them is an order."""

import json
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import CallbackRefused, Received, Request
from connectors.sandbox.youzan_push import pushed_order, signed
from connectors.sandbox.youzan_world import Story
from connectors.youzan import Config, callbacks, streams
from connectors.youzan.pushed import THANKS, deciphered
from tests.connectors.youzan_shop import (
    AS_OF,
    CLIENT_ID,
    CLIENT_SECRET,
    SHOP,
    SINCE,
    Shop,
)


def receive(push: Any, **keys: str) -> Received:
    headers, body = signed(push, **keys)
    return callbacks("shop", config()).receive(Request("POST", {}, headers, body))


def changed_lately(shop: Shop) -> Story:
    """An order that a pull since the usual start brings too."""
    states = ((one, one.at(AS_OF - timedelta(hours=1))) for one in shop.world.orders)
    return next(one for one, state in states if state and state["updated"] > SINCE)


def config(**settings: Any) -> Config:
    given = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "grant_id": SHOP,
        "since": "2011-01-01",
    }
    return Config.model_validate({**given, **settings})


def test_the_published_signature_is_accepted() -> None:
    youzan = callbacks(
        "shop", config(client_id="yz_client_id", client_secret="yz_client_secret")
    )
    body = b'{"id":"E20260102000000000000001","type":"trade_TradePaid"}'
    headers = {"event-sign": "8193608e4d546982f304b379146df0f4"}
    received = youzan.receive(Request("POST", {}, headers, body))
    assert received == Received({}, THANKS, "application/json")
    with pytest.raises(CallbackRefused, match="Event-Sign is wrong"):
        youzan.receive(Request("POST", {}, headers, body + b" "))


def test_the_published_cipher_text_is_opened() -> None:
    secret = "0123456789abcdef0123456789abcdef"
    assert deciphered("jAacZ7d0wG/XQdKy5BvVDQ==", secret) == b'{"tid":"E2026"}'
    assert deciphered("jAacZ7d0wG/XQdKy5BvVDA==", secret) != b'{"tid":"E2026"}'
    assert deciphered("no base64", secret) == b""


def test_a_pushed_order_is_read_like_a_pulled_one(shop: Shop) -> None:
    story = changed_lately(shop)
    (record,) = receive(pushed_order(story, AS_OF)).records["orders"]
    orders = {one.name: one for one in streams("shop", config())}["orders"]
    kept = orders.record_of(json.loads(orders.raw(record)))
    pushed = [dict(zip(orders.columns, row, strict=True)) for row in orders.rows(kept)]
    assert pushed[0]["order_number"] == story.key
    assert pushed[0]["problem"] is None
    pulled = shop.streams(decrypt=False)["orders"]
    found = {
        row[pulled.columns.index("line_id")]: row
        for page in pulled.pull(None, AS_OF)
        for one in page.records
        for row in pulled.rows(one)
    }
    assert found
    for row in pushed:
        for name, value in zip(pulled.columns, found[row["line_id"]], strict=True):
            assert name == "place" or row[name] == value


@pytest.mark.parametrize(
    "changes",
    [
        {"msg": "%7B%22tid%22%3A%22E1%22%7D"},
        {"msg": None},
        {"msg": "jAacZ7d0wG/XQdKy5BvVDQ=="},
        {"msg": "%7B%22full_order_info%22%3A5%7D"},
        {"msg": {"full_order_info": {"order_info": {"tid": []}}}},
        {"test": True},
    ],
)
def test_what_tells_no_whole_order_is_left_to_the_pull(
    shop: Shop, changes: dict[str, Any]
) -> None:
    story = changed_lately(shop)
    received = receive(pushed_order(story, AS_OF, **changes))
    assert received == Received({}, THANKS, "application/json")


@pytest.mark.parametrize(
    ("push", "keys", "said"),
    [
        ({}, {"secret": "another-secret"}, "Event-Sign is wrong"),
        ({}, {"client_id": "another"}, "Event-Sign is wrong"),
        (b"hello", {}, "no JSON object"),
        ([1], {}, "no JSON object"),
        ({"kdt_id": 5}, {}, "another shop: check grant_id"),
    ],
)
def test_what_is_not_from_this_shop_is_refused(
    push: Any, keys: dict[str, str], said: str
) -> None:
    with pytest.raises(CallbackRefused, match=said) as caught:
        receive(push, **keys)
    assert CLIENT_SECRET not in str(caught.value)
