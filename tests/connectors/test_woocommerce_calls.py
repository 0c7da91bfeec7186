"""Signatures, keys, errors, windows: what goes wrong between WooCommerce and us."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.woocommerce import WooDouble
from connectors.sandbox.woocommerce_json import (
    account_id,
    error,
    order_id,
    refund_id,
)
from connectors.sandbox.woocommerce_keys import KEY, SECRET, sign
from connectors.sandbox.youzan_world import World
from connectors.woocommerce.oauth import signature
from tests.connectors.busy_shop import AS_OF, SINCE, UNTIL, Clock, make_busy, pulled
from tests.connectors.woocommerce_shop import LONG, PATHS, WooShop, woo_shop

ORDERS = "http://shop.local/wp-json/wc/v3/orders"
PARAMS = {
    "dates_are_gmt": "true",
    "modified_after": "2026-01-01T00:00:00",
    "order": "asc",
    "orderby": "modified",
    "page": "1",
    "per_page": "100",
    "oauth_consumer_key": "ck_abc123",
    "oauth_timestamp": "1767225600",
    "oauth_nonce": "n0nce",
}
EXAMPLE = "http://www.example.com/wp-json/wc/v3/orders"
# The first was made with the published client too; the base string of the last is
# WooCommerce's own example.
VECTORS = [
    (
        ORDERS,
        PARAMS,
        "HMAC-SHA256",
        "cs_def456",
        "AIYL8qSaz+A+7TuNoHIOyEbsdiNyedstN+reJX60A6g=",
    ),
    (ORDERS, PARAMS, "HMAC-SHA1", "cs_def456", "5kZB+xXwUhkI3yxJvyw9NGPxVlQ="),
    (
        EXAMPLE,
        {"oauth_consumer_key": "abc123"},
        "HMAC-SHA1",
        "secret",
        "wILoNN1hmNzKP7vAHjXD36eTzmo=",
    ),
]


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with woo_shop() as running:
        make_busy(running.world, running.world.orders)
        yield running


@pytest.mark.parametrize("url, params, method, secret, wanted", VECTORS)
def test_the_published_signatures_are_reproduced(
    url: str, params: dict[str, str], method: str, secret: str, wanted: str
) -> None:
    signed = {**params, "oauth_signature_method": method}
    assert signature("GET", url, signed, secret) == wanted
    assert sign("GET", url, signed, secret) == wanted


@pytest.mark.parametrize("method", ["HMAC-SHA256", "HMAC-SHA1"])
def test_plain_http_is_signed(shop: WooShop, method: str) -> None:
    assert pulled(shop.streams(oauth_method=method)["orders"])
    for seen in shop.double.seen:
        assert seen.query["oauth_signature_method"] == method
        assert "authorization" not in seen.headers
        assert SECRET not in str(seen)


def test_a_password_goes_in_a_header(shop: WooShop) -> None:
    shop.double.sees_https = True
    assert pulled(shop.streams(auth="basic")["orders"])
    for seen in shop.double.seen:
        assert seen.headers["authorization"].startswith("Basic ")
        assert not [name for name in seen.query if "oauth" in name]


def test_https_means_a_password_unless_told_otherwise(shop: WooShop) -> None:
    basic = shop.streams(base_url="https://shop.example")["orders"].client
    signed = shop.streams(base_url="https://shop.example", auth="oauth")[
        "orders"
    ].client
    assert basic._is_basic and not signed._is_basic


def test_a_site_that_does_not_know_of_its_https_is_explained(shop: WooShop) -> None:
    with pytest.raises(SourceRefused, match=r"cannot_view.*set auth: oauth, or pass"):
        shop.streams(auth="basic")["orders"].check()


def test_each_try_has_a_nonce_of_its_own(shop: WooShop) -> None:
    """An answer that was lost on the way has used its nonce up."""
    wanted = pulled(shop.streams()["orders"])
    shop.double.seen.clear()
    shop.double.fail("half", path="orders", times=2)
    assert pulled(shop.streams()["orders"]) == wanted
    nonces = [seen.query["oauth_nonce"] for seen in shop.double.seen]
    assert len(set(nonces)) == len(nonces)
    assert len(shop.waits) == 2


def test_a_signature_that_is_sent_twice_is_refused(shop: WooShop) -> None:
    """Or else the test above would show nothing."""
    client = shop.streams()["orders"].client
    signed: list[Any] = []
    sign_once = client.sign
    client.sign = lambda call: (signed or signed.append(sign_once(call)) or signed)[0]
    client.read("orders", {})
    with pytest.raises(SourceRefused, match="nonce has already been used"):
        client.read("orders", {})


def test_old_signatures_are_refused_with_the_way_out(shop: WooShop) -> None:
    stream = shop.streams()["orders"]
    stream.client.clock = lambda: datetime.now(UTC) - timedelta(minutes=16)
    with pytest.raises(SourceRefused, match=r"Invalid timestamp.*this machine's clock"):
        stream.check()


@pytest.mark.parametrize(
    "settings, said",
    [
        (
            {"consumer_secret": "cs_another"},
            "signature does not match.*consumer_secret",
        ),
        ({"consumer_key": "ck_another"}, "key is invalid.*check consumer_key"),
        ({"base_url": "{url}/blog"}, "rest_no_route.*permalinks: false"),
    ],
)
def test_what_is_set_wrong_is_told_with_the_way_out(
    shop: WooShop, settings: dict[str, str], said: str
) -> None:
    given = {name: one.format(url=shop.double.url) for name, one in settings.items()}
    with pytest.raises(SourceRefused, match=f"woo_main: orders, page 1: code .*{said}"):
        shop.streams(**given)["orders"].check()
    assert len(shop.double.seen) == 1


def test_plain_addresses_are_understood(shop: WooShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    shop.double.seen.clear()
    assert pulled(shop.streams(permalinks=False)["orders"]) == wanted
    assert {seen.path for seen in shop.double.seen} == {"/"}
    assert {seen.query["rest_route"] for seen in shop.double.seen} == {"/wc/v3/orders"}


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_host_that_answers_in_html_is_tried_again(shop: WooShop, status: int) -> None:
    shop.double.fail_with(b"<html>Slow down</html>", status, path="orders")
    assert pulled(shop.streams(throttle_pause=7)["orders"])
    assert len(shop.waits) == 1
    assert (shop.waits == [7]) == (status == 429)


def test_a_host_that_says_how_long_is_obeyed(shop: WooShop) -> None:
    shop.double.fail_with(b"", 503, path="orders", Retry_After="9")
    assert pulled(shop.streams()["orders"])
    assert shop.waits == [9.0]


def test_a_quota_of_calls_is_waited_for(shop: WooShop) -> None:
    wanted = pulled(shop.streams(page_size=10)["orders"])
    stream = shop.streams(page_size=10)["orders"]
    clock = Clock()
    shop.double.clock = clock.seconds
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    shop.double.calls_a_minute = 3
    assert pulled(stream) == wanted
    assert clock.slept > 0


@pytest.mark.parametrize("act", ["reset", "half"])
@pytest.mark.parametrize("name", ["orders", "refunds", "reviews", "customers"])
def test_an_answer_that_breaks_off_is_asked_for_again(
    shop: WooShop, act: Any, name: str
) -> None:
    wanted = pulled(shop.streams(**LONG)[name])
    shop.double.fail(act, path=PATHS[name])
    assert pulled(shop.streams(**LONG)[name]) == wanted
    assert len(shop.waits) == 1


def test_a_fault_of_ours_needs_a_person_at_once(shop: WooShop) -> None:
    shop.double.overrule = lambda seen: error(
        400, "rest_invalid_param", "Invalid parameter(s): status"
    )
    with pytest.raises(SourceRefused, match=r"rest_invalid_param: Invalid parameter"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.seen) == 1


@pytest.mark.parametrize("body", [{}, {"id": 1}, None, "?", 5])
def test_what_is_no_list_is_an_error_and_never_an_empty_one(
    shop: WooShop, body: Any
) -> None:
    answer = Answer(body, headers={"X-WP-Total": "5"})
    shop.double.overrule = lambda seen: answer
    with pytest.raises(
        SourceUnavailable, match="orders, page 1: the answer is no list"
    ):
        pulled(shop.streams()["orders"])


def test_a_cache_that_hides_the_total_is_named(shop: WooShop) -> None:
    shop.double.hides_totals = True
    with pytest.raises(SourceUnavailable, match="no X-WP-Total came; a cache or proxy"):
        pulled(shop.streams()["orders"])


@pytest.mark.parametrize("name", ["orders", "refunds", "reviews", "customers"])
def test_all_that_the_shop_has_is_pulled(shop: WooShop, name: str) -> None:
    """Compared with the double's own memory, not with another pull."""
    key = {"orders": "order_number", "reviews": "review_number"}
    rows = pulled(shop.streams(**LONG)[name])
    found = {row[key.get(name, "buyer_id")] for row in rows if name != "refunds"}
    if name == "refunds":
        assert {(one["order_number"], one["amount"]) for one in rows} == refunds_of(
            shop
        )
        return
    assert found == EXPECTED[name](shop)
    assert len(found) > 20


def end_of(shop: WooShop) -> tuple[datetime, datetime]:
    """What the pulls above span."""
    return LONG["since"], UNTIL - timedelta(seconds=60)


def orders_of(shop: WooShop) -> set[str]:
    since, end = end_of(shop)
    return {
        shop.number(one)
        for one in shop.world.orders
        if (state := one.at(AS_OF)) and since <= state["updated"] < end
    }


def refunds_of(shop: WooShop) -> set[tuple[str, Any]]:
    changed = orders_of(shop)
    found = {
        (str(order_id(state["tid"])), state["fee"])
        for one in shop.world.refunds
        if (state := one.at(AS_OF)) and state["status"] == "SUCCESS"
        if state["updated"] < end_of(shop)[1]
    }
    return {one for one in found if one[0] in changed}


def reviews_of(shop: WooShop) -> set[str]:
    """Reading begins `review_overlap` before the start."""
    since, end = end_of(shop)
    start = since - timedelta(days=30)
    return {one.key for one in shop.world.reviews if start <= one.events[0][0] < end}


def customers_of(shop: WooShop) -> set[str]:
    since, end = end_of(shop)
    start = since - timedelta(minutes=2)
    people = [one for one in shop.world.people if start <= one.created < end]
    return {str(account_id(one)) for one in people if account_id(one)}


EXPECTED = {"orders": orders_of, "reviews": reviews_of, "customers": customers_of}


def test_a_window_too_full_to_page_is_halved(shop: WooShop) -> None:
    wanted = sorted(row["order_number"] for row in pulled(shop.streams()["orders"]))
    stream = shop.streams(page_size=1)["orders"]
    stream.deepest_record = 10
    shop.double.seen.clear()
    found = pulled(stream)
    assert sorted(row["order_number"] for row in found) == wanted
    assert 1 < max(int(seen.query["page"]) for seen in shop.double.seen) < 11


def test_the_ends_of_a_window_are_in_it(shop: WooShop) -> None:
    """The shop's own comparison leaves them out."""
    first, last = shop.world.orders[:2]
    since, until = UNTIL - timedelta(hours=30), UNTIL - timedelta(hours=29)
    shop.world.touch(first, since)
    shop.world.touch(last, until - timedelta(seconds=1))
    pages = shop.streams()["orders"].pages(since, until)
    found = {str(one["id"]) for page in pages for one in page.records}
    assert {shop.number(first), shop.number(last)} <= found


def test_a_shop_that_ignores_the_window_is_refused(shop: WooShop) -> None:
    shop.double.knows_modified = False
    with pytest.raises(SourceRefused, match="does not heed modified_after"):
        pulled(shop.streams()["orders"])


def test_a_shop_that_takes_utc_for_its_own_time_is_refused(shop: WooShop) -> None:
    shop.double.heeds_gmt = False
    before = LONG["since"] - timedelta(hours=2)
    old = next(one for one in shop.world.orders if one.at(before))
    old.events = old.events[:1]
    shop.world.touch(old, before)
    with pytest.raises(
        SourceRefused, match="does not heed modified_after or dates_are"
    ):
        pulled(shop.streams(**LONG)["orders"])


def test_what_the_index_learns_late_is_found_by_the_next_pull(shop: WooShop) -> None:
    stream = shop.streams()["orders"]
    shop.double.now = UNTIL
    shop.double.index_lag = timedelta(seconds=90)
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    late = next(one for one in shop.world.orders if one.at(UNTIL - timedelta(days=1)))
    shop.world.touch(late, UNTIL - timedelta(seconds=75))
    shop.double.now = UNTIL + timedelta(minutes=5)
    again = pulled(stream, cursor, UNTIL + timedelta(minutes=5))
    assert shop.number(late) in {row["order_number"] for row in again}


def test_an_order_that_changes_while_it_is_read_is_left_for_later(
    shop: WooShop,
) -> None:
    """It was found by its old time and is shown with its new one."""

    def change(seen: Seen) -> Answer | None:
        if seen.query.get("page") != "1":
            return None
        shown = shop.double.answer(seen)
        shown.body[0]["date_modified_gmt"] = datetime.now(UTC).strftime(
            "%Y-%m-%dT%H:%M:%S"
        )
        return shown

    wanted = {row["order_number"] for row in pulled(shop.streams()["orders"])}
    shop.double.overrule = change
    found = {row["order_number"] for row in pulled(shop.streams()["orders"])}
    assert found < wanted
    assert len(wanted) == len(found) + 1


def test_reviews_that_are_approved_late_are_found(shop: WooShop) -> None:
    stream = shop.streams(**LONG)["reviews"]
    late = max(
        (one for one in shop.world.reviews if one.events[0][0] < UNTIL),
        key=lambda one: one.events[0][0],
    )
    shop.world.forget(late)
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    shop.world.reviews.append(late)
    shop.world.changes += 1
    later = UNTIL + timedelta(days=10)
    shop.double.now = later
    assert late.key in {row["review_number"] for row in pulled(stream, cursor, later)}


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
def test_reviews_are_found_wherever_the_clock_of_the_site_stands(
    shop: WooShop, zone: str
) -> None:
    shop.double.zone = ZoneInfo(zone)
    since, until = UNTIL - timedelta(hours=30), UNTIL - timedelta(hours=29)
    first, last, later = shop.world.reviews[:3]
    first.events, last.events = [(since, {})], [(until - timedelta(seconds=1), {})]
    later.events = [(until, {})]
    pages = shop.streams()["reviews"].pages(since, until)
    found = {str(one["id"]) for page in pages for one in page.records}
    assert {first.key, last.key} <= found
    assert later.key not in found


def test_customers_are_read_again_once_a_round(shop: WooShop) -> None:
    stream = shop.streams(**LONG)["customers"]
    every = [page for page in stream.pull(None, UNTIL)]
    cursor = every[-1].cursor
    everybody = sum(len(page.records) for page in every)
    shop.double.seen.clear()
    soon, later = UNTIL + timedelta(days=1), UNTIL + timedelta(days=31)
    pages = list(stream.pull(cursor, soon))
    assert sum(len(page.records) for page in pages) < everybody / 4
    again = list(stream.pull(pages[-1].cursor, later))
    assert sum(len(page.records) for page in again) >= everybody
    (read, round_at) = str(again[-1].cursor).split()
    assert (read, round_at) == (
        (later - stream.lag).isoformat(),
        later.isoformat(),
    )


def test_new_customers_are_read_from_the_newest_back(shop: WooShop) -> None:
    stream = shop.streams(page_size=5, **LONG)["customers"]
    since = UNTIL - timedelta(days=20)
    list(stream.pages(since, UNTIL))
    asked = [int(seen.query["page"]) for seen in shop.double.seen]
    assert asked[0] == 1
    assert asked[1:] == sorted(asked[1:], reverse=True)
    assert asked[-1] > 10


def test_a_refund_costs_one_call_and_only_of_orders_that_have_one(
    shop: WooShop,
) -> None:
    rows = pulled(shop.streams(**LONG)["refunds"])
    asked = [seen.path for seen in shop.double.calls("/refunds")]
    assert len(asked) == len({row["order_number"] for row in rows}) > 2
    fields = {
        seen.query["_fields"] for seen in shop.double.seen if "_fields" in seen.query
    }
    assert fields == {"id,currency,date_created_gmt,date_modified_gmt,refunds"}


def test_all_refunds_of_an_order_are_found() -> None:
    """However many pages they fill."""
    world = World(17, AS_OF, 150)
    story = next(one for one in world.refunds if (s := one.at(SINCE)) and is_done(s))
    more = [replace(story, key=f"{story.key[:-4]}900{number}") for number in range(3)]
    world.refunds += more
    with WooDouble(world) as double:
        shop = WooShop(double)
        rows = pulled(shop.streams(page_size=2, **LONG)["refunds"])
    numbers = {row["refund_number"] for row in rows}
    assert {str(refund_id(one.key)) for one in (story, *more)} <= numbers


def is_done(state: dict[str, Any]) -> bool:
    return bool(state["status"] == "SUCCESS")


def test_a_refund_that_comes_while_its_order_is_read_is_left_for_later(
    shop: WooShop,
) -> None:
    wanted = pulled(shop.streams(**LONG)["refunds"])

    def later(seen: Seen) -> Answer | None:
        if not seen.path.endswith("/refunds"):
            return None
        answer = shop.double.answer(seen)
        for one in answer.body:
            one["date_created_gmt"] = UNTIL.astimezone(UTC).strftime(
                "%Y-%m-%dT%H:%M:%S"
            )
        return answer

    shop.double.overrule = later
    assert wanted
    assert pulled(shop.streams(**LONG)["refunds"]) == []


def test_the_double_refuses_what_wordpress_refuses(shop: WooShop) -> None:
    read = shop.streams()["orders"].client.read
    with pytest.raises(SourceRefused, match=r"Invalid parameter\(s\): per_page"):
        read("orders", {"per_page": "101"})
    with pytest.raises(SourceRefused, match=r"Invalid parameter\(s\): orderby"):
        read("customers", {"orderby": "modified"})
    with pytest.raises(SourceRefused, match="shop_order_invalid_id"):
        read("orders/7", {})
    beyond = read("orders", {"page": "99"})
    assert beyond.body == [] and beyond.headers["X-WP-Total"] != "0"


def test_no_key_is_in_an_error(shop: WooShop) -> None:
    for settings in ({}, {"auth": "basic"}):
        shop.refuse()
        with pytest.raises(SourceRefused) as caught:
            shop.streams(**settings)["orders"].check()
        assert KEY not in str(caught.value) and SECRET not in str(caught.value)


def test_a_backfill_goes_window_by_window(shop: WooShop) -> None:
    stream = shop.streams()["orders"]
    pages = list(stream.backfill(SINCE, UNTIL))
    assert sum(len(page.records) for page in pages) == 40
    assert pages[-1].cursor == UNTIL.isoformat()
