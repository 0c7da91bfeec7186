"""Signatures, throttles, errors: what goes wrong between JD and us."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
import requests

from connectors.base import SourceRefused, SourceUnavailable
from connectors.client import Call
from connectors.sandbox.jd import APP_KEY, APP_SECRET, FAILED, sign
from connectors.sandbox.jd_json import answered, error
from connectors.signing import wrapped_md5
from tests.connectors.busy_shop import SINCE, Clock, make_busy, pulled
from tests.connectors.jd_shop import JdShop, jd_shop

SEARCH = "jingdong.pop.order.search"
ASKED = {
    "start_date": "2026-01-01 00:00:00",
    "end_date": "2026-01-02 00:00:00",
    "dateType": "0",
    "sortType": "0",
    "order_state": "WAIT_SELLER_STOCK_OUT,WAIT_GOODS_RECEIVE_CONFIRM,FINISHED_L,"
    "TRADE_CANCELED",
    "optional_fields": "orderId,orderState,orderPayment,modified,itemInfoList",
    "page": "1",
    "page_size": "100",
}
# The first is published by JD, the second was computed from its rules.
VECTORS = [
    (
        "yourappSecret",
        {
            "360buy_param_json": '{"end_date":null,"optional_fields":null,'
            '"order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"200",'
            '"start_date":null}',
            "access_token": "yourtoken",
            "app_key": "yourappkey",
            "method": SEARCH,
            "timestamp": "2021-05-07 09:20:39.683+0800",
            "v": "2.0",
        },
        "D70825340F4084360B9362B60DFD7930",
    ),
    (
        "jd_demo_secret",
        {
            "360buy_param_json": orjson.dumps(
                ASKED, option=orjson.OPT_SORT_KEYS
            ).decode(),
            "access_token": "jd_demo_token",
            "app_key": "jd_demo_key",
            "method": SEARCH,
            "timestamp": "2026-01-02 00:05:00",
            "v": "2.0",
        },
        "F91C99AFF04769FA07C063BA647C8AB0",
    ),
]


@pytest.fixture
def shop() -> Iterator[JdShop]:
    with jd_shop() as running:
        make_busy(running.world, running.paid)
        make_busy(running.world, running.double.cancelled)
        yield running


@pytest.mark.parametrize("secret, params, signature", VECTORS)
def test_the_published_signatures_are_reproduced(
    secret: str, params: dict[str, str], signature: str
) -> None:
    assert wrapped_md5(params, secret) == signature
    assert sign({**params, "sign": "?"}, secret) == signature


def test_a_whole_call_has_the_signature_that_was_computed(shop: JdShop) -> None:
    """From the parameters to the form that is sent."""
    settings = {
        "app_key": "jd_demo_key",
        "app_secret": "jd_demo_secret",
        "access_token": "jd_demo_token",
    }
    client = shop.streams(**settings)["orders"].client
    client.clock = lambda: datetime(2026, 1, 1, 16, 5, tzinfo=UTC)
    with pytest.raises(SourceRefused, match="code 21"):
        client.read(SEARCH, ASKED)
    assert shop.double.seen[0].form() == {**VECTORS[1][1], "sign": VECTORS[1][2]}


def test_the_double_takes_what_other_clients_send(shop: JdShop) -> None:
    """JD's own clients put all into the address, with milliseconds and an offset."""
    business = {**ASKED, "start_date": "2011-12-08 06:00:00"}
    params = {
        "360buy_param_json": json.dumps(
            {**business, "end_date": "2011-12-08 07:00:00"}
        ),
        "access_token": shop.double.access,
        "app_key": APP_KEY,
        "method": SEARCH,
        "timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}.000+0000",
        "v": "2.0",
    }
    whole = {**params, "sign": sign(params, APP_SECRET)}
    answer = requests.post(f"{shop.double.url}/routerjson", params=whole, timeout=5)
    result = answer.json()["jingdong_pop_order_search_responce"]
    assert result["searchorderinfo_result"]["orderTotal"] > 0


def test_each_try_is_signed_with_its_own_time(shop: JdShop) -> None:
    stream = shop.streams()["orders"]
    times = iter(range(100))
    start = datetime.now(UTC)
    stream.client.clock = lambda: start + timedelta(seconds=next(times))
    shop.double.fail_with({}, 502, times=2)
    list(stream.pages(SINCE, SINCE + timedelta(minutes=1)))
    tries = [seen.form() for seen in shop.double.seen[:3]]
    assert len({one["timestamp"] for one in tries}) == 3
    assert len({one["sign"] for one in tries}) == 3


@pytest.mark.parametrize(
    "settings", [{"app_secret": "another-secret"}, {"app_key": "another-key"}]
)
def test_wrong_credentials_are_told_with_the_way_out(
    shop: JdShop, settings: dict[str, str]
) -> None:
    with pytest.raises(SourceRefused, match=r"code (12|21).*check app_key and app_"):
        shop.streams(**settings)["orders"].check()


def test_a_clock_that_is_wrong_is_refused(shop: JdShop) -> None:
    stream = shop.streams()["orders"]
    stream.client.clock = lambda: datetime.now(UTC) - timedelta(minutes=7)
    with pytest.raises(SourceRefused, match=r"code 8:.*check this machine's clock"):
        stream.check()


def test_the_quota_of_calls_is_waited_for(shop: JdShop) -> None:
    """Code 2, told with HTTP 200 and without a time to wait."""
    wanted = pulled(shop.streams(page_size=5)["orders"])
    stream = shop.streams(page_size=5)["orders"]
    clock = Clock()
    shop.double.clock = clock.seconds
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    shop.double.calls_a_minute = 4
    assert pulled(stream) == wanted
    assert clock.slept > 0


def test_a_day_s_quota_is_left_to_a_later_run(shop: JdShop) -> None:
    shop.double.fail_with(error(2, "限制时间内调用失败次数").body, times=99)
    with pytest.raises(SourceUnavailable, match=r"5 tries.*ask JD for more calls"):
        pulled(shop.streams(throttle_pause=3)["orders"])
    assert shop.waits == [3.0] * 4


@pytest.mark.parametrize("code", [1, 43, 65, 66, 67, 69])
def test_a_busy_code_is_tried_again(shop: JdShop, code: int) -> None:
    shop.double.fail_with(error(code, "平台连接后端服务不可用").body)
    assert pulled(shop.streams()["orders"])
    assert len(shop.waits) == 1


def test_what_is_busy_can_be_told(shop: JdShop) -> None:
    shop.double.fail_with(error(777, "稍后再试").body)
    assert pulled(shop.streams(busy_codes=["777"])["orders"])


@pytest.mark.parametrize("code", [3, 23, 24, 60, 64, 12345])
def test_other_codes_need_a_person_at_once(shop: JdShop, code: int) -> None:
    shop.double.fail_with(error(code, "不行").body)
    with pytest.raises(SourceRefused, match=f"page 1: code {code}: 不行"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.seen) == 1


def test_a_code_within_the_answer_is_an_error_too(shop: JdShop) -> None:
    root = {"jingdong_pop_order_search_responce": {"code": "24", "zh_desc": "无权"}}
    shop.double.fail_with(root)
    with pytest.raises(SourceRefused, match="code 24: 无权"):
        pulled(shop.streams()["orders"])


def test_an_answer_that_says_it_has_failed_is_none(shop: JdShop) -> None:
    """HTTP 200, code 0, and a result without success."""
    failed = answered(SEARCH, {"searchorderinfo_result": FAILED}).body
    shop.double.fail_with(failed)
    assert pulled(shop.streams()["orders"])
    shop.double.fail_with(failed, times=99)
    with pytest.raises(SourceUnavailable, match=r"not answer: 时间跨度.*10400001"):
        pulled(shop.streams()["orders"])


@pytest.mark.parametrize("act", ["reset", "half"])
def test_an_answer_that_breaks_off_is_asked_for_again(shop: JdShop, act: Any) -> None:
    wanted = pulled(shop.streams(page_size=5)["refunds"])
    shop.double.fail(act, after=2)
    assert pulled(shop.streams(page_size=5)["refunds"]) == wanted
    assert len(shop.waits) == 1


@pytest.mark.parametrize(
    "body",
    [
        answered(SEARCH, {"searchorderinfo_result": {"orderTotal": 3}}).body,
        answered(SEARCH, {"searchorderinfo_result": {"orderInfoList": []}}).body,
        answered(SEARCH, {}).body,
        answered("jingdong.pop.order.get", {"orderTotal": 0}).body,
        {},
        ["?"],
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    shop: JdShop, body: Any
) -> None:
    shop.double.fail_with(body, times=99)
    with pytest.raises(SourceUnavailable, match=r"holds no|no object"):
        pulled(shop.streams()["orders"])


def test_an_api_that_is_spelled_right_is_understood(shop: JdShop) -> None:
    result = {"searchorderinfo_result": {"orderTotal": 0}}
    shop.double.fail_with({"jingdong_pop_order_search_response": result}, times=9)
    assert pulled(shop.streams()["orders"]) == []


def test_no_secret_is_sent_in_an_address_but_where_jd_wants_it(shop: JdShop) -> None:
    shop.double.access, shop.double.refresh = shop.double.authorise()
    stream = shop.streams()["orders"]
    shop.double.revoke_tokens()
    pulled(stream)
    gateway, renewals = shop.double.calls("routerjson"), shop.double.calls("refresh")
    assert all(seen.query == {} and seen.method == "POST" for seen in gateway)
    assert all(APP_SECRET not in seen.body.decode() for seen in gateway)
    assert [seen.query["app_secret"] for seen in renewals] == [APP_SECRET]


def test_a_renewal_that_fails_shows_no_address(shop: JdShop) -> None:
    client = shop.streams()["orders"].client
    shop.double.stop()
    call = Call("x", f"{shop.double.url}/?app_secret={APP_SECRET}", is_signed=False)
    with pytest.raises(SourceUnavailable) as caught:
        client.call(call)
    assert APP_SECRET not in str(caught.value)
