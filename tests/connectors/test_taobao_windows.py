"""Windows, pages, late records: nothing of a Taobao shop is missed."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused
from connectors.sandbox.taobao_json import trade_number, type_of
from tests.connectors.busy_shop import AS_OF, SINCE, UNTIL, make_busy, pulled
from tests.connectors.taobao_shop import LONG_AGO, TaobaoShop, taobao_shop

WINDOW = (SINCE, SINCE + timedelta(minutes=100))


@pytest.fixture
def shop() -> Iterator[TaobaoShop]:
    with taobao_shop() as running:
        make_busy(running.world, running.world.orders)
        make_busy(running.world, running.world.refunds)
        yield running


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
