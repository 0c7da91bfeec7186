"""Pushes of the shop: verified, answered, and turned into what they are about."""

from collections.abc import Iterator
from hashlib import md5
from typing import Any

import pytest

from connectors.base import CallbackRefused, Request
from connectors.douyin import callbacks
from connectors.douyin.pushed import DouyinCallbacks
from connectors.sandbox.douyin import APP_KEY, APP_SECRET
from connectors.sandbox.douyin_json import SHOP, case_number, order_number
from tests.connectors.busy_shop import AS_OF
from tests.connectors.douyin_shop import DouyinShop, douyin_shop

ANSWER = b'{"code":0,"msg":"success"}'


@pytest.fixture
def shop() -> Iterator[DouyinShop]:
    with douyin_shop() as running:
        yield running


@pytest.fixture
def door(shop: DouyinShop) -> DouyinCallbacks:
    return callbacks("douyin_main", shop.config())


def request(headers: dict[str, str], body: bytes) -> Request:
    return Request("POST", {}, headers, body)


def signed(body: bytes) -> Request:
    digest = md5(APP_KEY.encode() + body + APP_SECRET.encode(), usedforsecurity=False)
    return request({"app-id": APP_KEY, "event-sign": digest.hexdigest()}, body)


def about(shop: DouyinShop, **data: Any) -> Request:
    message = {"tag": "101", "data": {"shop_id": SHOP, **data}}
    return request(*shop.double.pushed(message))


def test_a_push_brings_the_order_that_it_is_about(
    shop: DouyinShop, door: DouyinCallbacks
) -> None:
    story = next(one for one in shop.world.orders if one.at(AS_OF))
    number = order_number(story.key)
    received = door.receive(about(shop, p_id=int(number), s_ids=[], order_status=2))
    assert (received.answer, received.content_type) == (ANSWER, "application/json")
    (record,) = received.records["orders"]
    stream = shop.streams()["orders"]
    row = dict(zip(stream.columns, next(stream.rows(record)), strict=True))
    assert row["order_number"] == number
    assert row["place"] == f"order/orderDetail {number}"


def test_a_push_brings_the_case_and_its_order(
    shop: DouyinShop, door: DouyinCallbacks
) -> None:
    story = next(one for one in shop.world.refunds if one.at(AS_OF))
    case, order = case_number(story.key), order_number(story.facts["tid"])
    received = door.receive(about(shop, aftersale_id=case, p_id=order))
    assert [one["order_id"] for one in received.records["orders"]] == [order]
    (record,) = received.records["refunds"]
    assert record["aftersale_info"]["aftersale_id"] == case


def test_what_is_pushed_twice_is_asked_for_once(
    shop: DouyinShop, door: DouyinCallbacks
) -> None:
    story = next(one for one in shop.world.orders if one.at(AS_OF))
    data = {"shop_id": SHOP, "p_id": order_number(story.key)}
    messages = [{"tag": tag, "data": data} for tag in ("100", "101")]
    received = door.receive(request(*shop.double.pushed(*messages)))
    assert len(received.records["orders"]) == 1
    assert len(shop.double.calls("orderDetail")) == 1


def test_a_shop_that_does_not_answer_costs_no_push(
    shop: DouyinShop, door: DouyinCallbacks
) -> None:
    shop.double.fail_with({}, 500, times=99, path="orderDetail")
    received = door.receive(about(shop, p_id=1))
    assert received.answer == ANSWER
    assert not received.records.get("orders")
    assert len(shop.double.calls("orderDetail")) == 1


def test_without_patience_a_push_is_only_acknowledged(shop: DouyinShop) -> None:
    door = callbacks("douyin_main", shop.config(callback_patience=0))
    received = door.receive(about(shop, p_id=1))
    assert (received.answer, dict(received.records)) == (ANSWER, {})
    assert shop.double.seen == []


@pytest.mark.parametrize(
    "body",
    [
        b'[{"tag":"0","msg_id":"0","data":"{}"}]',
        b'[{"tag":"400","msg_id":"1","data":"{\\"product_id\\":1}"}]',
        b'[{"tag":"101","msg_id":"1","data":{"p_id":1,"shop_id":99}}]',
        b'[{"tag":"101","msg_id":"1","data":"?"}, 5]',
        b"[]",
    ],
)
def test_what_is_about_nothing_of_ours_is_acknowledged(
    shop: DouyinShop, door: DouyinCallbacks, body: bytes
) -> None:
    received = door.receive(signed(body))
    assert (received.answer, dict(received.records)) == (ANSWER, {})
    assert shop.double.seen == []


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"event-sign": "0" * 32}, "the signature is wrong"),
        ({"event-sign": "签"}, "the signature is wrong"),
        ({"event-sign": ""}, "the signature is wrong"),
        ({"app-id": "1"}, "another application: check app_key"),
    ],
)
def test_what_is_not_signed_by_douyin_is_refused(
    shop: DouyinShop, door: DouyinCallbacks, change: dict[str, str], reason: str
) -> None:
    headers, body = shop.double.pushed({"tag": "101", "data": {"p_id": 1}})
    with pytest.raises(CallbackRefused, match=f"douyin_main: .*{reason}") as caught:
        door.receive(request({**headers, **change}, body))
    assert APP_SECRET not in str(caught.value)
    with pytest.raises(CallbackRefused):
        door.receive(request(headers, body.replace(b"101", b"102")))


@pytest.mark.parametrize("body", [b"", b"?", b"{}", b'"x"'])
def test_a_signed_body_that_is_no_list_is_refused(
    door: DouyinCallbacks, body: bytes
) -> None:
    with pytest.raises(CallbackRefused, match="no JSON list"):
        door.receive(signed(body))
