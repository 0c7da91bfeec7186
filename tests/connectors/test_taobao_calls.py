"""Signatures, throttles, windows: what goes wrong between Taobao's pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.sandbox.server import Fault
from connectors.sandbox.taobao import APP_SECRET, sign
from connectors.sandbox.taobao_json import ban, error, trade_number, type_of
from connectors.taobao.client import signature
from tests.connectors.busy_shop import AS_OF, SINCE, UNTIL, Clock, make_busy, pulled
from tests.connectors.taobao_shop import LONG_AGO, TaobaoShop, taobao_shop

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


def test_a_list_without_records_is_not_there_at_all(shop: TaobaoShop) -> None:
    empty = {"trades_sold_increment_get_response": {"total_results": 0}}
    shop.double.fail_with(empty, times=99)
    assert pulled(shop.streams()["orders"]) == []


def test_a_last_page_that_has_run_empty_meanwhile_is_no_error(
    shop: TaobaoShop,
) -> None:
    """The only record of the last page changes between the first call and the next."""
    stream = shop.streams(page_size=3)["orders"]
    found = [one["tid_str"] for page in stream.pages(*WINDOW) for one in page.records]
    surplus = (len(found) - 1) % 3
    busy = {str(trade_number(one.key)): one for one in shop.world.orders}
    for tid in found[:surplus]:
        shop.world.touch(busy[tid], AS_OF - timedelta(hours=1))

    def drop(name: str, params: Any) -> None:
        if int(params["page_no"]) > 1 and len(shop.double.seen) == calls + 2:
            shop.world.touch(busy[found[surplus]], AS_OF - timedelta(hours=1))

    calls = len(shop.double.seen)
    shop.double.before = drop
    again = [one["tid_str"] for page in stream.pages(*WINDOW) for one in page.records]
    assert sorted(again) == sorted(found[surplus + 1 :])
    asked = shop.double.seen[calls + 1].form()["page_no"]
    assert int(asked) == (len(found) - surplus - 1) // 3 + 1


def test_no_question_spans_more_than_a_day(shop: TaobaoShop) -> None:
    """The double refuses more, as Taobao does."""
    odd = SINCE - timedelta(days=3, seconds=7, microseconds=5)
    settings = {"since": odd, "overlap": timedelta(minutes=15), "window": 86_400}
    assert pulled(shop.streams(**settings)["orders"])
    spans = []
    for seen in shop.double.seen:
        start, end = (seen.form()[f"{one}_modified"] for one in ("start", "end"))
        spans.append(datetime.fromisoformat(end) - datetime.fromisoformat(start))
    assert timedelta(hours=23) < max(spans) <= timedelta(days=1)


@pytest.mark.parametrize("window", [60, 86_401])
def test_a_window_that_taobao_does_not_take_is_refused_at_once(
    shop: TaobaoShop, window: int
) -> None:
    with pytest.raises(ValueError, match="window"):
        shop.streams(window=window)


def test_pages_are_read_from_the_last_to_the_first(shop: TaobaoShop) -> None:
    list(shop.streams(page_size=2)["orders"].pages(*WINDOW))
    pages = [int(seen.form()["page_no"]) for seen in shop.double.seen]
    assert pages[0] == 1
    assert pages[1:] == list(range(len(pages) - 1, 0, -1))
    assert len(pages) > 3
    assert {seen.form()["use_has_next"] for seen in shop.double.seen} == {"false"}


def test_a_window_with_too_many_records_is_halved(shop: TaobaoShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    settings = {"page_size": 2, "deepest_record": 100}
    stream = shop.streams(**settings)["orders"]
    stream.deepest_record = 8
    shop.double.seen.clear()
    found = pulled(stream)
    assert {row["line_id"] for row in found} == {row["line_id"] for row in wanted}
    assert max(int(seen.form()["page_no"]) for seen in shop.double.seen) <= 4


def test_ratings_are_never_asked_for_beyond_page_two_hundred(shop: TaobaoShop) -> None:
    stream = shop.streams(page_size=1)["reviews"]
    assert stream.deepest_record == 200
    assert shop.streams(page_size=100)["reviews"].deepest_record == 10_000


def test_a_list_that_grows_is_read_again_and_gives_nothing_twice(
    shop: TaobaoShop,
) -> None:
    """Late additions to the index move records the other way."""
    stream = shop.streams(page_size=2)["orders"]
    wanted = [one["tid"] for page in stream.pages(*WINDOW) for one in page.records]
    shop.double.index_lag = AS_OF - (SINCE + timedelta(minutes=40))

    def catch_up(name: str, params: Any) -> None:
        if params["page_no"] == "2":
            shop.double.index_lag = timedelta(0)

    shop.double.before = catch_up
    found = [one["tid"] for page in stream.pages(*WINDOW) for one in page.records]
    assert sorted(found) == sorted(wanted)
    assert len(set(found)) == len(found) > 4


def test_all_that_the_shop_has_is_pulled(shop: TaobaoShop) -> None:
    """Compared with the double's own memory, not with another pull."""
    since = UNTIL - timedelta(days=4)
    end = UNTIL - timedelta(seconds=60)
    wanted = {
        str(trade_number(one.key))
        for one in shop.world.orders
        if (state := one.at(AS_OF)) and since <= state["updated"] < end
    }
    assert len(wanted) > 40
    found = {row["order_number"] for row in pulled(shop.streams(since=since)["orders"])}
    assert found == wanted


def test_refunds_of_all_kinds_of_trade_are_asked_for(shop: TaobaoShop) -> None:
    """Left to itself, Taobao would leave out what was paid in steps."""
    steps = {
        str(trade_number(one.facts["tid"]))
        for one in shop.world.refunds
        if type_of(one.facts["tid"]) == "step"
    }
    since = UNTIL - timedelta(days=30)
    found = {
        row["order_number"] for row in pulled(shop.streams(since=since)["refunds"])
    }
    assert found & steps
    fewer = shop.streams(since=since, trade_types=["guarantee_trade"])["refunds"]
    left = {row["order_number"] for row in pulled(fewer)}
    assert left and not left & steps


def test_what_the_index_learns_late_is_found_by_the_next_pull(
    shop: TaobaoShop,
) -> None:
    stream = shop.streams()["orders"]
    shop.double.now = UNTIL
    shop.double.index_lag = timedelta(seconds=90)
    first = list(stream.pull(None, UNTIL))
    cursor = [page.cursor for page in first if page.cursor][-1]
    late = shop.world.orders[3]
    shop.world.touch(late, UNTIL - timedelta(seconds=75))
    shop.double.now = UNTIL + timedelta(minutes=5)
    again = pulled(stream, cursor, UNTIL + timedelta(minutes=5))
    assert str(trade_number(late.key)) in {row["order_number"] for row in again}


def test_a_rating_that_shows_late_is_found_by_a_later_pull(shop: TaobaoShop) -> None:
    late = shop.world.reviews.pop()
    late.events[0] = (UNTIL - timedelta(days=15), {})
    stream = shop.streams(since=LONG_AGO)["reviews"]
    first = list(stream.pull(None, UNTIL))
    cursor = [page.cursor for page in first if page.cursor][-1]
    shop.world.reviews.append(late)
    shop.world.changes += 1
    later = UNTIL + timedelta(minutes=5)
    numbers = {row["review_number"] for row in pulled(stream, cursor, later)}
    assert shop.key("reviews", late) in numbers


def test_history_that_taobao_does_not_give_is_said_and_left_out(
    shop: TaobaoShop,
) -> None:
    shop.double.now = UNTIL
    stream = shop.streams(since=UNTIL - timedelta(days=400), history=timedelta(days=2))
    orders = stream["orders"]
    assert pulled(orders)
    assert "nothing older than 2 days can be asked for" in orders.notes[0]


def test_more_than_ninety_days_are_refused_by_the_double(shop: TaobaoShop) -> None:
    shop.double.now = UNTIL
    stream = shop.streams(since=UNTIL - timedelta(days=91), history=None)["orders"]
    with pytest.raises(SourceRefused, match="三个月"):
        pulled(stream)


def test_no_secret_of_the_shop_is_ever_sent_in_an_address(shop: TaobaoShop) -> None:
    shop.double.expire_tokens()
    pulled(shop.streams()["orders"])
    assert all(seen.query == {} and seen.method == "POST" for seen in shop.double.seen)
    gateway = shop.double.calls("router")
    assert all(APP_SECRET not in seen.body.decode() for seen in gateway)
