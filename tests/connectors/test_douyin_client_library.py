"""The published client `doudian` talks to our double as it talks to Douyin."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from doudian import AppType, DouDian

from connectors.douyin.client import signature
from connectors.sandbox.douyin import APP_KEY, APP_SECRET
from connectors.sandbox.douyin_json import SHOP, order_number
from connectors.sandbox.youzan_world import CHINA
from tests.connectors.busy_shop import AS_OF
from tests.connectors.douyin_shop import DouyinShop, douyin_shop


@pytest.fixture
def shop() -> Iterator[DouyinShop]:
    with douyin_shop() as running:
        yield running


def library(shop: DouyinShop, secret: str = APP_SECRET) -> DouDian:
    """The client with the double for its gateway, which it sets by itself.

    It writes the local time of day and lets it pass for that of China.
    """
    shop.double.clock = lambda: datetime.now().replace(tzinfo=CHINA).timestamp()

    class Local(DouDian):  # type: ignore[misc]
        _gate_way = property(lambda self: shop.double.url, lambda self, value: None)

    return Local(APP_KEY, secret, AppType.SELF, shop_id=str(SHOP))


def test_its_orders_are_those_of_our_stream(shop: DouyinShop) -> None:
    since, until = AS_OF - timedelta(days=2), AS_OF - timedelta(minutes=5)
    window = {
        "update_time_start": int(since.timestamp()),
        "update_time_end": int(until.timestamp()) - 1,
    }
    order = {"order_by": "update_time", "order_asc": True, "page": 0, "size": 100}
    answer = library(shop).request("/order/searchList", {**window, **order})
    theirs = answer["data"]["shop_order_list"]
    assert len(theirs) > 3
    shop.double.clock = time.time
    ours = [
        one
        for page in shop.streams()["orders"].pages(since, until)
        for one in page.records
    ]
    assert sorted(map(str, ours)) == sorted(map(str, theirs))


def test_it_renews_a_token_that_is_about_to_end(shop: DouyinShop) -> None:
    client = library(shop)
    client._token["expires_in"] = int(datetime.now(UTC).timestamp()) + 60
    story = next(one for one in shop.world.orders if one.at(AS_OF))
    number = order_number(story.key)
    answer = client.request("/order/orderDetail", {"shop_order_id": number})
    assert answer["data"]["shop_order_detail"]["order_id"] == number
    paths = [seen.path for seen in shop.double.calls("token")]
    assert paths == ["/token/create", "/token/refresh"]


def test_it_gets_no_token_with_a_wrong_secret(shop: DouyinShop) -> None:
    client = library(shop, "another-secret")
    assert client._token is None
    assert shop.double.calls("token")


def test_it_understands_the_double_s_pushes(shop: DouyinShop) -> None:
    client = library(shop)
    headers, body = shop.double.pushed({"tag": "101", "data": {"p_id": 1, "买": "家"}})
    assert client.callback(headers, body)[0]["tag"] == "101"
    assert client.callback({**headers, "event-sign": "0"}, body) is None


def test_it_signs_as_we_do(shop: DouyinShop) -> None:
    params = {
        "app_key": APP_KEY,
        "method": "order.searchList",
        "param_json": '{"a":"真"}',
        "timestamp": "2026-01-02 00:00:00",
        "v": "2",
    }
    theirs = library(shop)._sign(
        params["method"], params["param_json"], params["timestamp"]
    )
    assert signature(params, APP_SECRET, "hmac-sha256") == theirs
