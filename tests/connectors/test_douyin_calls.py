"""Signatures, tokens, throttles, windows: what goes wrong between Douyin's pages."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.client import Call
from connectors.douyin.client import signature
from connectors.sandbox.douyin import sign
from connectors.sandbox.douyin_json import error, order_number
from tests.connectors.busy_shop import AS_OF, UNTIL, Clock, make_busy, pulled
from tests.connectors.douyin_shop import NUMBERS, PATHS, DouyinShop, douyin_shop

PARAMS = {
    "app_key": "6839996118945187340",
    "method": "order.searchList",
    "param_json": '{"create_time_end":1767283200,"create_time_start":1767196800,'
    '"page":0,"size":100}',
    "v": "2",
}
# The first two were computed with the published client `doudian` too.
VECTORS = [
    (
        "1767283200",
        "hmac-sha256",
        "8be0bfb16b2b94b96852e44754076b350071f9c052560b1b6bbe14e71f411f2c",
    ),
    (
        "2026-01-02 00:00:00",
        "hmac-sha256",
        "e1e64c82a20507b8841bbdb2525573a23b5a3acd33738c2135136e4a7054ad46",
    ),
    ("1767283200", "md5", "e171dafb0d9133c95a3cfc712479c2b4"),
    ("2026-01-02 00:00:00", "md5", "8b7ad2f6bdaf736f6d7770a5776caa01"),
]


@pytest.fixture
def shop() -> Iterator[DouyinShop]:
    with douyin_shop() as running:
        make_busy(running.world, running.world.orders)
        make_busy(running.world, running.world.refunds)
        yield running


@pytest.mark.parametrize("stamp, method, wanted", VECTORS)
def test_the_published_signatures_are_reproduced(
    stamp: str, method: str, wanted: str
) -> None:
    params = {**PARAMS, "timestamp": stamp}
    assert signature(params, "app-secret-demo", method) == wanted
    query = {**params, "sign_method": method}
    assert sign(query, PARAMS["param_json"], "app-secret-demo") == wanted


@pytest.mark.parametrize("method", ["hmac-sha256", "md5"])
def test_both_ways_to_sign_are_understood(shop: DouyinShop, method: str) -> None:
    assert pulled(shop.streams(sign_method=method)["orders"])
    used = {seen.query["sign_method"] for seen in shop.double.seen}
    assert used == {method}


def test_each_try_is_signed_with_its_own_time(shop: DouyinShop) -> None:
    stream = shop.streams()["orders"]
    times = iter(range(100))
    start = datetime.now(UTC)
    stream.client.clock = lambda: start + timedelta(seconds=next(times))
    shop.double.fail_with({}, 502, times=2, path="order")
    list(stream.pages(UNTIL - timedelta(minutes=1), UNTIL))
    tries = [seen.query for seen in shop.double.calls("order")[:3]]
    assert len({one["timestamp"] for one in tries}) == 3
    assert len({one["sign"] for one in tries}) == 3


def test_a_wrong_secret_is_told_with_the_way_out(shop: DouyinShop) -> None:
    with pytest.raises(SourceRefused, match=r"signature-invalid.*check app_key and"):
        shop.streams(app_secret="another-secret")["orders"].check()


def test_the_quota_of_calls_is_waited_for(shop: DouyinShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    stream = shop.streams()["orders"]
    clock = Clock()
    shop.double.clock = clock.seconds
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    shop.double.calls_a_minute = 5
    assert pulled(stream) == wanted
    assert clock.slept > 0


@pytest.mark.parametrize(
    "code, kind",
    [
        (20000, "isp.service-error:5001"),
        (20001, "dop.timeout"),
        (60000, "dop.flow-limit"),
        (50002, "isp.business-error"),
        (90000, "isp.unknown-error"),
    ],
)
def test_a_fault_of_theirs_is_tried_again(
    shop: DouyinShop, code: int, kind: str
) -> None:
    shop.double.fail_with(error(code, kind, "请稍后重试").body, path="order")
    assert pulled(shop.streams()["orders"])
    assert len(shop.waits) == 1


@pytest.mark.parametrize(
    "code, kind, advice",
    [
        (30001, "isv.app-permissions-insufficient", "permission package"),
        (30001, "dop.authorization-closed", "authorise again"),
        (30002, "", "IP list"),
        (40003, "isv.timestamp-invalid", "clock"),
        (40004, "isv.parameter-invalid:20012", ""),
        (70000, "isp.api-service-off", "ended this call"),
        (99999, "", ""),
    ],
)
def test_a_fault_of_ours_needs_a_person_at_once(
    shop: DouyinShop, code: int, kind: str, advice: str
) -> None:
    shop.double.fail_with(error(code, kind, "不行").body, path="order")
    with pytest.raises(SourceRefused, match=rf"page 1: code {code}.*不行.*{advice}"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.calls("order")) == 1


@pytest.mark.parametrize("act", ["reset", "half"])
def test_an_answer_that_breaks_off_is_asked_for_again(
    shop: DouyinShop, act: Any
) -> None:
    wanted = pulled(shop.streams()["refunds"])
    shop.double.fail(act, path="afterSale", after=2)
    assert pulled(shop.streams()["refunds"]) == wanted
    assert len(shop.waits) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"code": 10000, "data": {"total": 3}},
        {"code": 10000, "data": {"shop_order_list": []}},
        {"code": 10000, "data": None},
        {"code": 10000},
        {"err_no": 0, "data": []},
        ["?"],
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    shop: DouyinShop, body: Any
) -> None:
    shop.double.fail_with(body, times=99, path="order")
    with pytest.raises(SourceUnavailable, match=r"holds no|no object"):
        pulled(shop.streams()["orders"])


def test_the_envelope_of_old_answers_is_understood(shop: DouyinShop) -> None:
    empty = {"total": 0, "shop_order_list": []}
    shop.double.fail_with({"err_no": 0, "data": empty}, times=99, path="order")
    assert pulled(shop.streams()["orders"]) == []
    shop.double.faults.clear()
    shop.double.fail_with({"data": empty}, times=99, path="order")
    with pytest.raises(SourceUnavailable, match="the answer holds no code"):
        pulled(shop.streams()["orders"])


@pytest.mark.parametrize("name", ["orders", "refunds"])
def test_all_that_the_shop_has_is_pulled(shop: DouyinShop, name: str) -> None:
    """Compared with the double's own memory, not with another pull."""
    since = UNTIL - timedelta(days=60)
    end = UNTIL - timedelta(seconds=60)
    wanted = {
        NUMBERS[name](one.key)
        for one in getattr(shop.world, name)
        if (state := one.at(AS_OF)) and since <= state["updated"] < end
    }
    assert len(wanted) > 20
    rows = pulled(shop.streams(since=since)[name])
    assert {row[f"{name[:-1]}_number"] for row in rows} == wanted


@pytest.mark.parametrize("name", ["orders", "refunds"])
def test_a_window_too_full_to_page_is_halved(shop: DouyinShop, name: str) -> None:
    key = f"{name[:-1]}_number"
    wanted = sorted(row[key] for row in pulled(shop.streams()[name]))
    stream = shop.streams(page_size=1)[name]
    stream.deepest_record = 10
    shop.double.seen.clear()
    assert sorted(row[key] for row in pulled(stream)) == wanted
    pages = [seen.json()["page"] for seen in shop.double.calls(PATHS[name])]
    assert 1 < max(pages) < 10


@pytest.mark.parametrize(
    "name, sort", [("orders", "update_time"), ("refunds", ["update_time asc"])]
)
def test_the_oldest_change_comes_first(
    shop: DouyinShop, name: str, sort: str | list[str]
) -> None:
    stream = shop.streams()[name]
    (page,) = stream.pages(UNTIL - timedelta(hours=3), UNTIL)
    asked = shop.asked(PATHS[name])
    assert (asked["order_by"], asked.get("order_asc", True)) == (sort, True)
    times = [stream.version_of(one)[1] for one in page.records]
    assert times == sorted(times)


def test_the_double_refuses_what_douyin_refuses(shop: DouyinShop) -> None:
    stream = shop.streams()["orders"]
    window = (UNTIL - timedelta(hours=1), UNTIL)
    with pytest.raises(SourceRefused, match=r"page\*size不能超过10000"):
        stream.fetch(*window, 102)
    url = f"{shop.double.url}/order/searchList"
    unsorted = Call("order/searchList", url, json={"size": 1, "page": 0})
    with pytest.raises(SourceRefused, match="parameter-format-invalid"):
        stream.client.call(unsorted)
    stream.client.clock = lambda: datetime.now(UTC) - timedelta(minutes=11)
    with pytest.raises(SourceRefused, match=r"timestamp-invalid.*this machine's clock"):
        stream.fetch(*window, 1)


def test_douyins_own_cap_is_never_reached(shop: DouyinShop) -> None:
    """The double refuses page*size above 10,000 as Douyin does."""
    for story in shop.world.orders:
        shop.world.touch(story, UNTIL - timedelta(hours=1))
    stream = shop.streams(page_size=100, deepest_record=100)["orders"]
    with pytest.raises(SourceRefused, match=r"orders: [\d,]+ records changed between"):
        pulled(stream)


def test_history_that_douyin_does_not_give_is_said_and_left_out(
    shop: DouyinShop,
) -> None:
    shop.double.now = UNTIL
    settings = {"since": UNTIL - timedelta(days=400)}
    stream = shop.streams(**settings)["orders"]
    assert pulled(stream)
    assert "nothing older than 90 days can be asked for" in stream.notes[0]
    with pytest.raises(SourceRefused, match="只支持查询最近90天"):
        pulled(shop.streams(history=None, **settings)["orders"])


def test_a_backfill_of_what_douyin_does_not_give_is_refused(shop: DouyinShop) -> None:
    stream = shop.streams()["orders"]
    shop.double.now = UNTIL
    shop.double.clock = UNTIL.timestamp
    stream.client.clock = lambda: UNTIL
    with pytest.raises(
        SourceRefused, match=r"than 90 days can be asked for: begin at 2011-09-10, and"
    ):
        list(stream.backfill(UNTIL - timedelta(days=90), UNTIL))
    pages = list(stream.backfill(UNTIL - timedelta(days=89), UNTIL - timedelta(days=3)))
    assert sum(len(page.records) for page in pages) > 20
    assert pages[-1].cursor == (UNTIL - timedelta(days=3)).isoformat()


def test_what_the_index_learns_late_is_found_by_the_next_pull(
    shop: DouyinShop,
) -> None:
    stream = shop.streams()["orders"]
    shop.double.now = UNTIL
    shop.double.index_lag = timedelta(seconds=90)
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    late = shop.world.orders[3]
    shop.world.touch(late, UNTIL - timedelta(seconds=75))
    shop.double.now = UNTIL + timedelta(minutes=5)
    again = pulled(stream, cursor, UNTIL + timedelta(minutes=5))
    assert order_number(late.key) in {row["order_number"] for row in again}


def test_no_secret_or_question_is_sent_in_an_address(shop: DouyinShop) -> None:
    pulled(shop.streams()["orders"])
    for seen in shop.double.seen:
        assert "param_json" not in seen.query
        assert not {*shop.double.secrets} & {seen.query["sign"], seen.query["app_key"]}
        assert (
            seen.body
            == json.dumps(seen.json(), sort_keys=True, separators=(",", ":")).encode()
        )
