"""Signatures, throttles, errors: what goes wrong between Taobao and us."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.sandbox.server import Fault
from connectors.sandbox.taobao import APP_SECRET, sign
from connectors.sandbox.taobao_json import ban, error
from connectors.taobao.client import signature
from tests.connectors.busy_shop import SINCE, Clock, make_busy, pulled
from tests.connectors.taobao_shop import TaobaoShop, taobao_shop

ITEM = {
    "app_key": "12345678",
    "fields": "num_iid,title,nick,price,num",
    "format": "json",
    "method": "taobao.item.seller.get",
    "num_iid": "11223344",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "v": "2.0",
}
USER = {
    "app_key": "test",
    "fields": "nick",
    "format": "xml",
    "method": "taobao.user.seller.get",
    "session": "test",
    "timestamp": "2013-05-06 13:52:03",
    "v": "2.0",
}
TRADES = {
    "method": "taobao.trades.sold.increment.get",
    "app_key": "12345678",
    "session": "6100demoSession",
    "timestamp": "2026-01-02 00:05:00",
    "format": "json",
    "v": "2.0",
    "fields": "tid,tid_str,status,payment,modified,orders",
    "start_modified": "2026-01-01 23:30:00",
    "end_modified": "2026-01-02 00:00:00",
    "page_no": "1",
    "page_size": "50",
    "use_has_next": "true",
}
BUYER = {**TRADES, "buyer_nick": "测试买家"}
# The first and the third are published; the md5 of TRADES and BUYER were reproduced
# by a published client, the others computed from Taobao's rules.
VECTORS = [
    ("helloworld", ITEM, "md5", "66987CB115214E59E6EC978214934FB8"),
    ("helloworld", ITEM, "hmac", "D56D7858309C31B6251083A874D48273"),
    ("test", USER, "md5", "72CB4D809B375A54502C09360D879C64"),
    (
        "helloworld",
        ITEM,
        "hmac-sha256",
        "04DB15AD0774D5CFCE2C837DE43E3FCEA9011ED74F3038FB6AB5F3C4CEA119E8",
    ),
    ("helloworld", TRADES, "md5", "8913F906200DD8A10D602CD302C1AB64"),
    ("helloworld", BUYER, "md5", "04E2C10ADAA19548943DCAC160FF2843"),
    ("helloworld", TRADES, "hmac", "050E6E1F5B2BCED2B96C62043402BF4A"),
    (
        "helloworld",
        TRADES,
        "hmac-sha256",
        "FE52FCA1B83702FAA119175DDEF2DF80280678B5D33725FAE1CEC29B07B1D087",
    ),
]
WINDOW = (SINCE, SINCE + timedelta(minutes=100))


@pytest.fixture
def shop() -> Iterator[TaobaoShop]:
    with taobao_shop() as running:
        make_busy(running.world, running.world.orders)
        make_busy(running.world, running.world.refunds)
        yield running


@pytest.mark.parametrize("secret, params, method, expected", VECTORS)
def test_the_published_signatures_are_reproduced(
    secret: str, params: dict[str, str], method: str, expected: str
) -> None:
    whole = {**params, "sign_method": method}
    assert signature(whole, secret, method) == expected
    assert sign({**whole, "sign": "?", "empty": ""}, secret) == expected


@pytest.mark.parametrize("method", ["md5", "hmac", "hmac-sha256"])
def test_the_double_takes_each_signature(shop: TaobaoShop, method: str) -> None:
    assert pulled(shop.streams(sign_method=method)["orders"])
    assert {seen.form()["sign_method"] for seen in shop.double.seen} == {method}


def test_each_try_is_signed_with_its_own_time(shop: TaobaoShop) -> None:
    stream = shop.streams()["orders"]
    times = iter(range(100))
    start = datetime.now(UTC)
    stream.client.clock = lambda: start + timedelta(seconds=next(times))
    shop.double.fail_with({}, 502, times=2)
    list(stream.pages(SINCE, SINCE + timedelta(minutes=1)))
    tries = [seen.form() for seen in shop.double.seen[:3]]
    assert len({one["timestamp"] for one in tries}) == 3
    assert len({one["sign"] for one in tries}) == 3


def test_a_wait_of_more_than_ten_minutes_is_signed_anew(shop: TaobaoShop) -> None:
    stream = shop.streams()["orders"]
    clock = Clock()
    shop.double.clock = clock.seconds
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    stream.client.pace = type(stream.client.pace)(longest_wait=1000)
    shop.double.faults.append(Fault("answer", ban(700)))
    assert pulled(stream)
    assert clock.slept == 700


def test_the_time_is_that_of_china(shop: TaobaoShop) -> None:
    now = datetime(2026, 1, 1, 16, 5, tzinfo=UTC)
    stream = shop.streams()["orders"]
    stream.client.clock = lambda: now
    shop.double.clock = now.timestamp
    list(stream.pages(*WINDOW))
    form = shop.double.seen[0].form()
    assert form["timestamp"] == "2026-01-02 00:05:00"
    assert form["start_modified"] == "2011-12-08 06:00:00"


@pytest.mark.parametrize(
    "settings", [{"app_secret": "another-secret"}, {"app_key": "87654321"}]
)
def test_wrong_credentials_are_told_with_the_way_out(
    shop: TaobaoShop, settings: dict[str, str]
) -> None:
    with pytest.raises(SourceRefused, match=r"code 2[59].*check app_key, app_secret"):
        shop.streams(**settings)["orders"].check()


def test_a_clock_that_is_wrong_is_refused(shop: TaobaoShop) -> None:
    stream = shop.streams()["orders"]
    stream.client.clock = lambda: datetime.now(UTC) - timedelta(minutes=11)
    with pytest.raises(SourceRefused, match=r"code 31.*check this machine's clock"):
        stream.check()


def test_a_throttle_is_waited_out_for_the_seconds_it_tells(shop: TaobaoShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    shop.double.faults.append(Fault("answer", ban(3), after=1))
    assert pulled(shop.streams()["orders"]) == wanted
    assert shop.waits == [3.0]


def test_the_quota_of_calls_is_waited_for(shop: TaobaoShop) -> None:
    """The double lets nobody in a second before it said."""
    wanted = pulled(shop.streams(page_size=5)["orders"])
    stream = shop.streams(page_size=5)["orders"]
    clock = Clock()
    shop.double.clock = clock.seconds
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    shop.double.calls_a_minute = 4
    assert pulled(stream) == wanted
    assert clock.slept > 60


def test_a_day_s_quota_is_left_to_a_later_run(shop: TaobaoShop) -> None:
    shop.double.faults.append(Fault("answer", ban(40_000)))
    with pytest.raises(SourceUnavailable, match="ban will last for 40000") as caught:
        pulled(shop.streams()["orders"])
    assert getattr(caught.value, "wait", None) == 40_000
    assert shop.waits == []


def test_a_throttle_without_seconds_waits_as_configured(shop: TaobaoShop) -> None:
    shop.double.fail_with(error(8, "Call Limited").body)
    assert pulled(shop.streams(throttle_pause=7)["orders"])
    assert shop.waits == [7.0]


@pytest.mark.parametrize(
    "code, kind",
    [
        (10, ""),
        (15, ""),
        (15, "isp.remote-service-timeout"),
        (15, "isp.top-remote-connection-timeout"),
        (50, "isp.unknown-error"),
    ],
)
def test_what_is_taobao_s_fault_is_tried_again(
    shop: TaobaoShop, code: int, kind: str
) -> None:
    shop.double.fail_with(error(code, "Remote service error", kind, "稍后再试").body)
    assert pulled(shop.streams()["orders"])
    assert len(shop.waits) == 1


@pytest.mark.parametrize(
    "code, kind",
    [(11, ""), (15, "isv.trade-not-exist"), (22, ""), (41, ""), (12345, "")],
)
def test_other_codes_need_a_person_at_once(
    shop: TaobaoShop, code: int, kind: str
) -> None:
    shop.double.fail_with(error(code, "No", kind, "不行").body)
    with pytest.raises(SourceRefused, match=f"page 1: code {code}: No"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.seen) == 1


@pytest.mark.parametrize("act", ["reset", "half"])
def test_an_answer_that_breaks_off_is_asked_for_again(
    shop: TaobaoShop, act: Any
) -> None:
    wanted = pulled(shop.streams(page_size=5)["refunds"])
    shop.double.fail(act, after=2)
    assert pulled(shop.streams(page_size=5)["refunds"]) == wanted
    assert len(shop.waits) == 1


def test_a_page_of_html_is_asked_for_again(shop: TaobaoShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    shop.double.fail_with(b"<html>Bad gateway</html>", 502)
    shop.double.fail_with(b"<html>Please log in</html>", 200)
    assert pulled(shop.streams()["orders"]) == wanted
    assert len(shop.waits) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"trades_sold_increment_get_response": {"total_results": 3}},
        {"trades_sold_increment_get_response": {"trades": {"trade": []}}},
        {"trades_sold_increment_get_response": {"has_next": False}},
        {"trades_sold_get_response": {"total_results": 0}},
        {},
        ["?"],
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    shop: TaobaoShop, body: Any
) -> None:
    shop.double.fail_with(body, times=99)
    with pytest.raises(SourceUnavailable, match=r"holds no|no object"):
        pulled(shop.streams()["orders"])


def test_no_secret_of_the_shop_is_ever_sent_in_an_address(shop: TaobaoShop) -> None:
    shop.double.expire_tokens()
    pulled(shop.streams()["orders"])
    assert all(seen.query == {} and seen.method == "POST" for seen in shop.double.seen)
    gateway = shop.double.calls("router")
    assert all(APP_SECRET not in seen.body.decode() for seen in gateway)
