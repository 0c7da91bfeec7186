"""The published client `WooCommerce` talks to our double as it talks to a shop."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from woocommerce import API
from woocommerce.oauth import OAuth

from connectors.sandbox.woocommerce_keys import KEY, SECRET
from connectors.woocommerce.oauth import signature
from connectors.woocommerce.stream import in_utc
from tests.connectors.busy_shop import UNTIL, make_busy
from tests.connectors.woocommerce_shop import WooShop, woo_shop


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with woo_shop() as running:
        make_busy(running.world, running.world.orders)
        yield running


def library(shop: WooShop, secret: str = SECRET) -> Any:
    return API(url=shop.double.url, consumer_key=KEY, consumer_secret=secret)


def test_its_orders_are_those_of_our_stream(shop: WooShop) -> None:
    since, until = UNTIL - timedelta(hours=3), UNTIL
    params = {
        "modified_after": in_utc(since - timedelta(seconds=1)),
        "modified_before": in_utc(until),
        "dates_are_gmt": "true",
        "orderby": "id",
        "order": "asc",
        "per_page": 9,
    }
    theirs: list[Any] = []
    page, is_more = 0, True
    while is_more:
        page += 1
        answer = library(shop).get("orders", params={**params, "page": page})
        assert answer.status_code == 200
        theirs += answer.json()
        is_more = "next" in answer.links
    assert page == int(answer.headers["X-WP-TotalPages"]) > 1
    assert len(theirs) == int(answer.headers["X-WP-Total"])
    ours = [
        one
        for page in shop.streams()["orders"].pages(since, until)
        for one in page.records
    ]
    assert sorted(map(str, ours)) == sorted(map(str, theirs))


def test_it_reads_one_order_its_refunds_reviews_and_customers(shop: WooShop) -> None:
    client = library(shop)
    refunded = client.get("orders", params={"status": "any", "per_page": 100}).json()
    order = next(one for one in refunded if one["refunds"])
    assert client.get(f"orders/{order['id']}").json() == order
    (refund, *_) = client.get(f"orders/{order['id']}/refunds").json()
    assert f"-{refund['amount']}" == order["refunds"][0]["total"]
    assert client.get("products/reviews").json()[0]["rating"] in range(1, 6)
    assert client.get("customers").json()[0]["role"] == "customer"


def test_a_wrong_secret_is_told_to_it(shop: WooShop) -> None:
    answer = library(shop, "cs_another").get("orders")
    assert answer.status_code == 401
    assert answer.json()["message"].startswith("Invalid signature")


def test_over_https_it_sends_a_password(shop: WooShop) -> None:
    """The double stands for a site behind TLS; the library is told it is HTTPS."""
    shop.double.sees_https = True
    client = library(shop)
    client.is_ssl = True
    assert client.get("orders").status_code == 200
    client.query_string_auth = True
    assert client.get("orders").status_code == 200
    client.consumer_secret = "cs_another"
    assert client.get("orders").json()["message"] == "Consumer secret is invalid."


def test_it_signs_as_we_do(shop: WooShop) -> None:
    """The vector that our own signature is held to was made with this library."""
    stamp = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    url = "http://shop.local/wp-json/wc/v3/orders?page=1&modified_after=2026-01-01T00:00:00"
    signer = OAuth(
        url, "ck_abc123", "cs_def456", version="wc/v3", oauth_timestamp=stamp
    )
    signer.generate_nonce = lambda: "n0nce"
    signed = dict(parse_qsl(urlsplit(signer.get_oauth_url()).query))
    theirs = signed.pop("oauth_signature")
    assert signature("GET", url.partition("?")[0], signed, "cs_def456") == theirs
