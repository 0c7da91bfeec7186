"""Windows, pages, late records: nothing of a JD shop is missed."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from connectors.sandbox.jd_json import order_number, refund_number
from tests.connectors.busy_shop import AS_OF, SINCE, UNTIL, make_busy, pulled
from tests.connectors.jd_shop import LONG_AGO, JdShop, jd_shop, question_of

WINDOW = (SINCE, SINCE + timedelta(minutes=100))


@pytest.fixture
def shop() -> Iterator[JdShop]:
    with jd_shop() as running:
        make_busy(running.world, running.paid)
        make_busy(running.world, running.double.cancelled)
        yield running


def test_no_question_about_orders_spans_more_than_a_day(shop: JdShop) -> None:
    odd = SINCE - timedelta(days=3, seconds=7, microseconds=5)
    assert pulled(shop.streams(since=odd, overlap=timedelta(minutes=15))["orders"])
    asked = [question_of(seen) for seen in shop.double.seen]
    spans = [
        datetime.fromisoformat(one["end_date"])
        - datetime.fromisoformat(one["start_date"])
        for one in asked
    ]
    assert timedelta(hours=23) < max(spans) <= timedelta(days=1)


def test_no_question_about_returns_spans_more_than_ten_days(shop: JdShop) -> None:
    """The double refuses more, as JD does; the overlap is longer than that."""
    assert pulled(shop.streams(since=LONG_AGO)["returns"])
    asked = [question_of(seen) for seen in shop.double.seen]
    spans = [
        datetime.fromisoformat(one["approveTimeEnd"])
        - datetime.fromisoformat(one["approveTimeBegin"])
        for one in asked
    ]
    assert timedelta(days=9) < max(spans) <= timedelta(days=10)


def test_pages_are_read_from_the_last_to_the_first(shop: JdShop) -> None:
    list(shop.streams(page_size=2)["orders"].pages(*WINDOW))
    asked = [question_of(seen) for seen in shop.double.seen]
    pages = [int(one["page"]) for one in asked]
    assert pages[0] == 1
    assert pages[1:] == list(range(len(pages) - 1, 0, -1))
    assert len(pages) > 3
    assert {one["sortType"] for one in asked} == {"0"}


def test_refunds_are_never_asked_for_beyond_page_one_hundred(shop: JdShop) -> None:
    stream = shop.streams(page_size=2)["refunds"]
    assert stream.deepest_record == 200
    full = shop.streams(page_size=100)
    assert (full["refunds"].page_size, full["refunds"].deepest_record) == (50, 5_000)
    assert full["reviews"].page_size == full["returns"].page_size == 50
    assert full["orders"].page_size == 100


def test_a_window_with_too_many_records_is_halved(shop: JdShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    stream = shop.streams(page_size=2)["orders"]
    stream.deepest_record = 8
    shop.double.seen.clear()
    found = pulled(stream)
    assert {row["order_number"] for row in found} == {
        row["order_number"] for row in wanted
    }
    assert max(int(question_of(seen)["page"]) for seen in shop.double.seen) <= 4


def test_all_that_the_shop_has_is_pulled(shop: JdShop) -> None:
    """Compared with the double's own memory; orders that nobody paid are not there."""
    since = UNTIL - timedelta(days=4)
    end = UNTIL - timedelta(seconds=60)
    unpaid = next(
        one
        for one in shop.world.orders
        if (state := one.at(SINCE)) and "paid" not in state and len(one.events) == 2
    )
    shop.world.touch(unpaid, SINCE)
    states = {one.key: one.at(AS_OF) or {"updated": AS_OF} for one in shop.world.orders}
    inside = {
        order_number(key): "paid" in state
        for key, state in states.items()
        if since <= state["updated"] < end
    }
    assert {True, False} == set(inside.values())
    found = {row["order_number"] for row in pulled(shop.streams(since=since)["orders"])}
    assert found == {number for number, was_paid in inside.items() if was_paid}


def test_the_twin_and_the_container_can_be_asked_for(shop: JdShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    shop.double.seen.clear()
    shop.double.container = "paramOrderJSFQuery"
    settings = {
        "order_api": "jingdong.pop.order.enSearch",
        "container": "paramOrderJSFQuery",
        "source_id": "jos",
    }
    found = pulled(shop.streams(**settings)["orders"])
    assert [row["order_number"] for row in found] == [
        row["order_number"] for row in wanted
    ]
    (asked,) = question_of(shop.double.seen[0]).values()
    assert asked["source_id"] == "jos"
    assert shop.double.seen[0].form()["method"] == "jingdong.pop.order.enSearch"


def test_refunds_can_be_asked_for_by_the_time_of_their_decision(shop: JdShop) -> None:
    """Then those that nobody has looked at yet are not there."""
    since = UNTIL - timedelta(days=30)
    changed = pulled(shop.streams(since=since)["refunds"])
    shop.double.seen.clear()
    decided = pulled(shop.streams(since=since, refund_time="checkTime")["refunds"])
    assert "checkTimeStart" in question_of(shop.double.seen[0])
    wanted = {row["refund_number"] for row in changed if row["status"] != "open"}
    assert {row["refund_number"] for row in decided} == wanted


def test_cancelled_orders_and_returns_are_all_refunds(shop: JdShop) -> None:
    since = UNTIL - timedelta(days=60)
    streams = shop.streams(since=since)
    refunds = {row["refund_number"] for row in pulled(streams["refunds"])}
    returns = {row["refund_number"] for row in pulled(streams["returns"])}
    assert refunds and returns and not refunds & returns
    shown = {str(refund_number(one.key)) for one in shop.double.cancelled}
    assert refunds <= shown


def test_a_return_that_is_paid_back_late_is_found_by_a_later_pull(shop: JdShop) -> None:
    stream = shop.streams(since=LONG_AGO)["returns"]
    story = next(
        one
        for one in shop.double.returned
        if len(one.events) > 1
        and one.events[-1][1]["status"] == "SUCCESS"
        and LONG_AGO < one.events[0][0] < UNTIL - timedelta(days=20)
    )
    key = f"afs-{50_000_000 + int(story.key[14:])}"
    asked, (_, paid_back) = story.events[0], story.events[1]
    story.events[:] = [asked]
    shop.world.changes += 1
    before = {row["refund_number"]: row for row in pulled(stream)}
    assert before[key]["status"] == "open"
    story.events[:] = [asked, (UNTIL + timedelta(minutes=1), paid_back)]
    shop.world.changes += 1
    later = UNTIL + timedelta(minutes=5)
    after = {
        row["refund_number"]: row for row in pulled(stream, UNTIL.isoformat(), later)
    }
    assert (after[key]["status"], before[key]["requested_at"]) == (
        "refunded",
        after[key]["requested_at"],
    )


def test_what_the_index_learns_late_is_found_by_the_next_pull(shop: JdShop) -> None:
    stream = shop.streams()["orders"]
    shop.double.now = UNTIL
    shop.double.index_lag = timedelta(seconds=90)
    first = list(stream.pull(None, UNTIL))
    cursor = [page.cursor for page in first if page.cursor][-1]
    late = shop.paid[3]
    shop.world.touch(late, UNTIL - timedelta(seconds=75))
    shop.double.now = UNTIL + timedelta(minutes=5)
    again = pulled(stream, cursor, UNTIL + timedelta(minutes=5))
    assert order_number(late.key) in {row["order_number"] for row in again}


def test_history_that_jd_does_not_show_is_said_and_left_out(shop: JdShop) -> None:
    shop.double.now = UNTIL
    stream = shop.streams(since=UNTIL - timedelta(days=400), history=timedelta(days=2))
    orders = stream["orders"]
    assert pulled(orders)
    assert "nothing older than 2 days can be asked for" in orders.notes[0]
