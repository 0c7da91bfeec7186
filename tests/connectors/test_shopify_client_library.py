"""The published client `ShopifyAPI` talks to our double as it talks to Shopify."""

import json
import time
import urllib.error
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import shopify
from pyactiveresource.connection import ClientError, UnauthorizedAccess

from connectors.sandbox.shopify import UNKNOWN, VERSION, redirect_hmac
from connectors.sandbox.shopify_json import order_id, refund_id, zulu
from connectors.sandbox.shopify_tokens import CLIENT_SECRET
from connectors.shopify.stream import PAGE
from tests.connectors.busy_shop import AS_OF, UNTIL, make_busy, make_refunds_busy
from tests.connectors.shopify_shop import ShopifyShop, shopify_shop

SINCE = UNTIL - timedelta(hours=4)
# Published by Shopify, with the secret `hush`.
VECTOR = {
    "code": "a94a110d86d2452eb3e2af4cfb8a3828",
    "shop": "some-shop.myshopify.com",
    "timestamp": "1337178173",
}
SIGNED = "2cb1a277650a659f1b11e92a4a64275b128e037f2c3390e3c8fd2d8721dac9e2"


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop() as running:
        make_busy(running.world, running.world.orders)
        with library(running):
            yield running


class library:
    """The client, told that the shop is our double; it keeps that for the process."""

    def __init__(self, shop: ShopifyShop, token: str | None = None) -> None:
        self.shop = shop
        self.token = token or shop.double.access

    def __enter__(self) -> None:
        shopify.ApiVersion.define_version(shopify.Release(VERSION))
        port = int(self.shop.double.url.rpartition(":")[2])
        shopify.Session.setup(api_key="demo", secret="hush", protocol="http", port=port)
        shopify.Session.myshopify_domain = "localhost"
        session = shopify.Session("shop.localhost", VERSION, self.token)
        # Its own name for the shop, which no resolver need know.
        session.url = f"127.0.0.1:{port}"
        shopify.ShopifyResource.activate_session(session)

    def __exit__(self, *_: object) -> None:
        shopify.ShopifyResource.clear_session()
        shopify.Session.setup(protocol="https", port=None)
        shopify.Session.myshopify_domain = "myshopify.com"


def ask(query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shopify.GraphQL().execute(query, variables))
    return found


def test_its_orders_are_those_of_our_stream(shop: ShopifyShop) -> None:
    stream = shop.streams()["orders"]
    query = PAGE.format(root="orders", fields=stream.fields(False))
    search = f"updated_at:>='{zulu(SINCE)}' AND updated_at:<'{zulu(UNTIL)}'"
    theirs: list[Any] = []
    after = None
    while True:
        answer = ask(query, {"first": 9, "after": after, "query": search})
        theirs += answer["data"]["orders"]["nodes"]
        info = answer["data"]["orders"]["pageInfo"]
        assert answer["extensions"]["cost"]["throttleStatus"]["restoreRate"] == 100.0
        if not info["hasNextPage"]:
            break
        after = info["endCursor"]
    ours = [one for page in stream.pages(SINCE, UNTIL) for one in page.records]
    assert len(theirs) > 18
    assert [dict(one) for one in ours] == theirs


def test_its_bulk_operation_ends_with_a_file(shop: ShopifyShop) -> None:
    inner = "{ orders { edges { node { id lineItems { edges { node { id } } } } } } }"
    started = ask(
        "mutation ($q: String!) { bulkOperationRunQuery(query: $q, groupObjects: true)"
        " { bulkOperation { id status } userErrors { field message } } }",
        {"q": inner},
    )["data"]["bulkOperationRunQuery"]
    assert started["userErrors"] == []
    operation = started["bulkOperation"]
    while operation["status"] in ("CREATED", "RUNNING"):
        operation = ask(
            "query ($id: ID!) { node(id: $id) { ... on BulkOperation { id status url"
            " objectCount rootObjectCount } } }",
            {"id": operation["id"]},
        )["data"]["node"]
    with urllib.request.urlopen(operation["url"]) as answer:
        lines = [json.loads(line) for line in answer]
    assert len(lines) == int(operation["objectCount"])
    roots = [one for one in lines if "__parentId" not in one]
    assert len(roots) == int(operation["rootObjectCount"]) > 20
    known: set[str] = set()
    for line in lines:
        assert line.get("__parentId", line["id"]) in {*known, line["id"]}
        known.add(line["id"])


def test_its_rest_orders_are_paged_by_links(shop: ShopifyShop) -> None:
    page = shopify.Order.find(
        status="any", limit=7, updated_at_min=zulu(SINCE), updated_at_max=zulu(UNTIL)
    )
    numbers = [order.id for order in page]
    while page.has_next_page():
        page = page.next_page()
        numbers += [order.id for order in page]
    wanted = {
        order_id(one.key)
        for one in shop.world.orders
        if (state := one.at(AS_OF)) and SINCE <= state["updated"] <= UNTIL
    }
    assert len(numbers) == len(wanted) > 14
    assert set(numbers) == wanted


def test_its_rest_orders_are_the_open_ones_unless_it_asks_for_any(
    shop: ShopifyShop,
) -> None:
    assert len(shopify.Order.find(limit=250)) < len(
        shopify.Order.find(limit=250, status="any")
    )


def test_it_reads_refunds_and_customers(shop: ShopifyShop) -> None:
    refunds = make_refunds_busy(shop.world, UNTIL)
    key, story = next(iter(refunds.items()))
    (refund,) = shopify.Refund.find(order_id=order_id(key))
    assert refund.id == refund_id(story.key)
    assert refund.transactions[0].kind == "refund"
    assert shopify.Customer.find(limit=1)[0].email.endswith("@example.com")


def test_it_is_told_that_it_calls_too_often(shop: ShopifyShop) -> None:
    shop.double.rest.size = 1
    shopify.Customer.find(limit=1)
    with pytest.raises(ClientError) as caught:
        shopify.Customer.find(limit=1)
    assert caught.value.response.code == 429
    assert caught.value.response.headers["Retry-After"] == "2.0"


def test_a_wrong_token_is_told_to_it(shop: ShopifyShop) -> None:
    with library(shop, "shpat_wrong"), pytest.raises(UnauthorizedAccess) as caught:
        shopify.Customer.find(limit=1)
    assert json.loads(caught.value.response.body) == {"errors": UNKNOWN}


def test_it_believes_the_double_s_redirects(shop: ShopifyShop) -> None:
    assert redirect_hmac(VECTOR, "hush") == SIGNED
    assert shopify.Session.calculate_hmac(VECTOR) == SIGNED
    params = {**VECTOR, "timestamp": str(int(time.time())), "state": "a=b&c%d"}
    params["hmac"] = redirect_hmac(params, "hush")
    assert shopify.Session.validate_params(params)
    params["hmac"] = redirect_hmac(params, CLIENT_SECRET)
    assert not shopify.Session.validate_params(params)
