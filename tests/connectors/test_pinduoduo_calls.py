"""Signatures, tokens, throttles, windows: what goes wrong between Pinduoduo's pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.pinduoduo.client import as_text
from connectors.sandbox.pinduoduo import CLIENT_SECRET, sign
from connectors.sandbox.pinduoduo_json import error, order_number
from connectors.signing import wrapped_md5
from tests.connectors.busy_shop import AS_OF, SINCE, UNTIL, Clock, make_busy, pulled
from tests.connectors.pinduoduo_shop import PinduoduoShop, pinduoduo_shop

# P1 is published by Pinduoduo; P2 was computed from its rules.
VECTORS = [
    (
        "testSecret",
        {
            "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211",
            "client_id": "1",
            "data_type": "XML",
            "order_status": "1",
            "page": "1",
            "page_size": "10",
            "timestamp": "1480411125",
            "type": "pdd.order.number.list.get",
        },
        "E4DE3ED21002510DED352819E7AE6775",
    ),
    (
        "pdd_demo_secret",
        {
            "type": "pdd.order.number.list.increment.get",
            "client_id": "pdd_demo_client",
            "access_token": "pdd_demo_token",
            "timestamp": "1767283200",
            "data_type": "JSON",
            "version": "V1",
            "is_lucky_flag": "0",
            "order_status": "5",
            "refund_status": "5",
            "start_updated_at": "1767281400",
            "end_updated_at": "1767283200",
            "page": "1",
            "page_size": "100",
            "use_has_next": "true",
        },
        "1561114CE2DCE34CE627BE1D5E290012",
    ),
]


@pytest.fixture
def shop() -> Iterator[PinduoduoShop]:
    with pinduoduo_shop() as running:
        make_busy(running.world, running.world.orders)
        make_busy(running.world, running.world.refunds)
        yield running


@pytest.mark.parametrize("secret, params, signature", VECTORS)
def test_the_published_signatures_are_reproduced(
    secret: str, params: dict[str, str], signature: str
) -> None:
    assert wrapped_md5(params, secret) == signature
    assert sign({**params, "sign": "?"}, secret) == signature


@pytest.mark.parametrize(
    "value, text",
    [(True, "true"), (5, "5"), ("真", "真"), ([{"a": "真"}, 1], '[{"a":"真"},1]')],
)
def test_what_is_signed_is_what_is_sent(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_each_try_is_signed_with_its_own_time(shop: PinduoduoShop) -> None:
    stream = shop.streams()["orders"]
    times = iter(range(100))
    start = datetime.now(UTC)
    stream.client.clock = lambda: start + timedelta(seconds=next(times))
    shop.double.fail_with({}, 502, times=2)
    list(stream.pages(SINCE, SINCE + timedelta(minutes=1)))
    tries = [seen.form() for seen in shop.double.seen[:3]]
    assert len({one["timestamp"] for one in tries}) == 3
    assert len({one["sign"] for one in tries}) == 3


def test_a_wrong_secret_is_told_with_the_way_out(shop: PinduoduoShop) -> None:
    with pytest.raises(SourceRefused, match=r"code 20004.*check client_id and client_"):
        shop.streams(client_secret="another-secret")["orders"].check()


def test_a_clock_that_is_wrong_is_refused(shop: PinduoduoShop) -> None:
    stream = shop.streams()["orders"]
    stream.client.clock = lambda: datetime.now(UTC) - timedelta(minutes=11)
    with pytest.raises(SourceRefused, match="code 20003"):
        stream.check()


def test_the_quota_of_calls_is_waited_for(shop: PinduoduoShop) -> None:
    """70031, told with HTTP 200 and without a time to wait."""
    wanted = pulled(shop.streams()["orders"])
    stream = shop.streams()["orders"]
    clock = Clock()
    shop.double.clock = clock.seconds
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    shop.double.calls_a_minute = 10
    assert pulled(stream) == wanted
    assert clock.slept > 0


@pytest.mark.parametrize("code", [52101, 70031, 52102, 70033, 50000, 52002])
def test_a_busy_code_is_tried_again(shop: PinduoduoShop, code: int) -> None:
    shop.double.fail_with(error(code, "系统繁忙").body)
    assert pulled(shop.streams()["orders"])
    assert len(shop.waits) == 1


@pytest.mark.parametrize("code", [20005, 20031, 70032, 70036, 12345])
def test_other_codes_need_a_person_at_once(shop: PinduoduoShop, code: int) -> None:
    shop.double.fail_with(error(code, "不行").body)
    with pytest.raises(SourceRefused, match=f"page 1: code {code}: 不行"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.seen) == 1


@pytest.mark.parametrize("act", ["reset", "half"])
def test_an_answer_that_breaks_off_is_asked_for_again(
    shop: PinduoduoShop, act: Any
) -> None:
    wanted = pulled(shop.streams()["refunds"])
    shop.double.fail(act, after=2)
    assert pulled(shop.streams()["refunds"]) == wanted
    assert len(shop.waits) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"order_sn_increment_get_response": {"total_count": 3}},
        {"order_sn_increment_get_response": {"order_sn_list": []}},
        {"order_sn_list_increment_get_response": {}},
        {},
        ["?"],
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    shop: PinduoduoShop, body: Any
) -> None:
    shop.double.fail_with(body, times=99)
    with pytest.raises(SourceUnavailable, match=r"holds no|no object"):
        pulled(shop.streams()["orders"])


def test_no_question_spans_more_than_half_an_hour(shop: PinduoduoShop) -> None:
    """The double refuses more, as Pinduoduo does."""
    odd = SINCE + timedelta(seconds=7, microseconds=5)
    assert pulled(shop.streams(since=odd, overlap=timedelta(minutes=15))["orders"])
    spans = [
        int(seen.form()["end_updated_at"]) - int(seen.form()["start_updated_at"])
        for seen in shop.double.seen
    ]
    assert 1750 < max(spans) <= 1800


def test_the_double_refuses_what_pinduoduo_refuses(shop: PinduoduoShop) -> None:
    stream = shop.streams()["orders"]
    with pytest.raises(SourceRefused, match="间距不超过30分钟"):
        stream.fetch(SINCE, SINCE + timedelta(seconds=1801), 1)
    stream.page_size = 101
    with pytest.raises(SourceRefused, match="参数错误"):
        stream.fetch(SINCE, UNTIL, 1)


def test_pages_are_read_from_the_last_to_the_first(shop: PinduoduoShop) -> None:
    list(
        shop.streams(page_size=2)["orders"].pages(SINCE, SINCE + timedelta(minutes=25))
    )
    pages = [int(seen.form()["page"]) for seen in shop.double.seen]
    assert pages[0] == 1
    assert pages[1:] == list(range(len(pages) - 1, 0, -1))
    assert len(pages) > 3
    assert {seen.form()["use_has_next"] for seen in shop.double.seen} == {"false"}


def test_a_list_that_grows_is_read_again_and_gives_nothing_twice(
    shop: PinduoduoShop,
) -> None:
    """Late additions to the index move records the other way."""
    stream = shop.streams(page_size=2)["orders"]
    window = (SINCE, SINCE + timedelta(minutes=25))
    wanted = [one["order_sn"] for page in stream.pages(*window) for one in page.records]
    shop.double.index_lag = AS_OF - (SINCE + timedelta(minutes=12))

    def catch_up(name: str, params: Any) -> None:
        if params["page"] == "2":
            shop.double.index_lag = timedelta(0)

    shop.double.before = catch_up
    found = [one["order_sn"] for page in stream.pages(*window) for one in page.records]
    assert sorted(found) == sorted(wanted)
    assert len(set(found)) == len(found) > 4


def test_all_that_the_shop_has_is_pulled(shop: PinduoduoShop) -> None:
    """Compared with the double's own memory, not with another pull."""
    since = UNTIL - timedelta(days=4)
    end = UNTIL - timedelta(seconds=60)
    wanted = {
        order_number(one.key)
        for one in shop.world.orders
        if (state := one.at(AS_OF)) and since <= state["updated"] < end
    }
    assert len(wanted) > 40
    found = {row["order_number"] for row in pulled(shop.streams(since=since)["orders"])}
    assert found == wanted


def test_what_the_index_learns_late_is_found_by_the_next_pull(
    shop: PinduoduoShop,
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
    assert order_number(late.key) in {row["order_number"] for row in again}


def test_history_that_pinduoduo_does_not_give_is_said_and_left_out(
    shop: PinduoduoShop,
) -> None:
    shop.double.now = UNTIL
    stream = shop.streams(since=UNTIL - timedelta(days=400), history=timedelta(days=2))
    orders = stream["orders"]
    assert pulled(orders)
    assert "nothing older than 2 days can be asked for" in orders.notes[0]
    list(orders.pull((UNTIL - timedelta(hours=1)).isoformat(), UNTIL))
    assert orders.notes == []


def test_more_than_ninety_days_are_refused_by_the_double(shop: PinduoduoShop) -> None:
    shop.double.now = UNTIL
    stream = shop.streams(since=UNTIL - timedelta(days=91), history=None)["orders"]
    with pytest.raises(SourceRefused, match="最近90天"):
        pulled(stream)


def test_no_secret_of_the_shop_is_ever_sent_in_an_address(shop: PinduoduoShop) -> None:
    pulled(shop.streams()["orders"])
    assert all(seen.query == {} and seen.method == "POST" for seen in shop.double.seen)
    assert all(CLIENT_SECRET not in seen.body.decode() for seen in shop.double.seen)
