"""Points, errors, pages, versions: what goes wrong between Shopify and us."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.client import CallRefused
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.shopify_json import customer_id, order_id, refund_id
from tests.connectors.busy_shop import AS_OF, UNTIL, make_busy
from tests.connectors.shopify_shop import ShopifyShop, shopify_shop, told

LONG = {"since": UNTIL - timedelta(days=300)}
QUESTION = "query"
NAMES = ("orders", "refunds", "customers")


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop() as running:
        make_busy(running.world, running.world.orders)
        yield running


def fails(shop: ShopifyShop, body: Any, status: int = 200, times: int = 1) -> None:
    shop.double.fail_with(body, status, times=times, path="graphql")


def error(code: str | None, message: str = "Some words") -> dict[str, Any]:
    extensions = {"extensions": {"code": code}} if code else {}
    return {"errors": [{"message": message, **extensions}]}


def asked(shop: ShopifyShop) -> list[dict[str, Any]]:
    """The variables of each page that was asked for."""
    sent = [seen.json() for seen in shop.double.calls("graphql")]
    return [one["variables"] for one in sent if one[QUESTION].startswith("query Page")]


@pytest.mark.parametrize("name", NAMES)
def test_all_that_the_shop_has_is_pulled(shop: ShopifyShop, name: str) -> None:
    """Compared with the double's own memory, not with another pull."""
    rows = told(shop.streams(**LONG)[name])
    key = {"orders": "order_number", "refunds": "refund_number"}.get(name, "buyer_id")
    assert {row[key] for row in rows} == expected(shop)[name]
    assert len(rows) > 10


def expected(shop: ShopifyShop) -> dict[str, set[str]]:
    since, end = LONG["since"] - timedelta(minutes=2), UNTIL - timedelta(seconds=60)
    changed = {
        one.key
        for one in shop.world.orders
        if (state := one.at(AS_OF)) and since <= state["updated"] < end
    }
    return {
        "orders": {str(order_id(one)) for one in changed},
        "refunds": {
            str(refund_id(one.key))
            for one in shop.world.refunds
            if (state := one.at(AS_OF)) and state["status"] == "SUCCESS"
            if one.facts["tid"] in changed
        },
        "customers": {
            str(customer_id(one))
            for one in shop.world.people
            if since <= one.created < end
        },
    }


def test_the_bucket_is_waited_for_before_it_is_empty(shop: ShopifyShop) -> None:
    """Its levels come with each answer, so that no call is refused."""
    wanted = told(shop.streams(page_size=5)["orders"])
    shop.waits.clear()
    shop.double.seen.clear()
    shop.double.maximum, shop.double.restore = 400.0, 50.0
    stream = shop.streams(page_size=5)["orders"]
    assert told(stream) == wanted
    assert shop.waits
    pages = -(-len({row["order_number"] for row in wanted}) // 5)
    assert len(asked(shop)) in (pages, pages + 1)
    spent = sum(shop.waits) * 50 + 400
    assert spent < 2 * 400 * (pages + 1), "it waits for what it does not spend"


def test_a_bucket_that_another_has_emptied_is_waited_for(shop: ShopifyShop) -> None:
    wanted = told(shop.streams()["orders"])
    shop.waits.clear()
    shop.double.points, shop.double.restore = 0.0, 10.0
    assert told(shop.streams()["orders"]) == wanted
    assert max(shop.waits) > 60
    assert sum(shop.waits) < 180


def test_the_wait_is_what_is_missing_by_what_comes_back(shop: ShopifyShop) -> None:
    status = {"currentlyAvailable": 100.0, "restoreRate": 100.0}
    cost = {"requestedQueryCost": 992, "throttleStatus": status}
    fails(shop, {**error("THROTTLED"), "extensions": {"cost": cost}})
    assert told(shop.streams()["orders"])
    assert shop.waits == [pytest.approx(8.92)]


def test_a_throttle_without_levels_is_waited_for_too(shop: ShopifyShop) -> None:
    fails(shop, error("THROTTLED"))
    assert told(shop.streams(throttle_pause=3)["orders"])
    assert shop.waits == [3.0]


def test_a_page_that_costs_too_much_is_halved(shop: ShopifyShop) -> None:
    wanted = told(shop.streams()["orders"])
    shop.double.seen.clear()
    shop.double.dearest = 300
    stream = shop.streams(page_size=40)["orders"]
    assert told(stream) == wanted
    sizes = [one["first"] for one in asked(shop)]
    assert sizes[:2] == [40, 20]
    assert sizes == sorted(sizes, reverse=True)
    assert stream.page_size == sizes[-1] < 20


def test_one_order_that_costs_too_much_needs_a_person(shop: ShopifyShop) -> None:
    shop.double.dearest = 10
    with pytest.raises(SourceRefused, match=r"MAX_COST_EXCEEDED.*lower page_size and"):
        told(shop.streams()["orders"])


def test_more_lines_than_fit_are_asked_for(shop: ShopifyShop) -> None:
    wanted = told(shop.streams()["orders"])
    assert len(wanted) > len({row["order_number"] for row in wanted})
    shop.double.seen.clear()
    assert told(shop.streams(lines_at_once=1)["orders"]) == wanted
    more = [
        one
        for one in shop.double.calls("graphql")
        if one.json()[QUESTION].startswith("query Lines")
    ]
    assert more


def test_a_question_that_gets_too_deep_is_asked_anew(shop: ShopifyShop) -> None:
    wanted = told(shop.streams(**LONG)["orders"])
    shop.double.seen.clear()
    shop.double.deepest = 110
    stream = shop.streams(page_size=50, deepest_record=100, **LONG)["orders"]
    assert told(stream) == wanted
    questions = {one["query"] for one in asked(shop)}
    assert len(questions) > 2


def test_a_second_too_full_to_page_is_refused(shop: ShopifyShop) -> None:
    for story in shop.world.orders:
        shop.world.touch(story, UNTIL - timedelta(hours=1))
    stream = shop.streams(page_size=50, deepest_record=100)["orders"]
    with pytest.raises(SourceRefused, match="more than 100 records changed at"):
        told(stream)


@pytest.mark.parametrize(
    "body, status",
    [
        (error("INTERNAL_SERVER_ERROR"), 200),
        (error("TIMEOUT"), 200),
        ({"errors": "Exceeded 2 calls per second"}, 429),
        ({}, 500),
        ({"errors": "Unavailable"}, 503),
        (b"<html>Bad Gateway</html>", 502),
        ({"data": None}, 200),
    ],
)
def test_a_fault_of_theirs_is_tried_again(
    shop: ShopifyShop, body: Any, status: int
) -> None:
    fails(shop, body, status)
    if body == {"data": None}:
        with pytest.raises(SourceUnavailable, match="holds no data"):
            told(shop.streams()["orders"])
        return
    assert told(shop.streams()["orders"])
    assert len(shop.waits) == 1


@pytest.mark.parametrize(
    "body, status, said",
    [
        (error("ACCESS_DENIED", "No access."), 200, "No access.*personal_data: false"),
        (error("SHOP_INACTIVE"), 200, "SHOP_INACTIVE: Some words; the shop is closed"),
        (error(None, "Field 'x' is not"), 200, "unknown: Field 'x' is.*api_version"),
        ({"errors": "Payment Required"}, 402, "HTTP 402: Payment Required; .*frozen"),
        ({"errors": "[API] Not approved"}, 403, "HTTP 403: .*Not approved.*scopes"),
        ({"errors": "Not Found"}, 404, "HTTP 404: Not Found; check base_url"),
        ({"errors": {"shop": ["is locked"]}}, 423, "HTTP 423: .*is locked.*support"),
    ],
)
def test_a_fault_of_ours_needs_a_person_at_once(
    shop: ShopifyShop, body: Any, status: int, said: str
) -> None:
    fails(shop, body, status, times=9)
    with pytest.raises(SourceRefused, match=f"shopify_main: .*{said}"):
        shop.streams()["orders"].check()
    assert len(shop.double.seen) == 1


@pytest.mark.parametrize("act", ["reset", "half"])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_breaks_off_is_asked_for_again(
    shop: ShopifyShop, act: Any, name: str
) -> None:
    wanted = told(shop.streams()[name])
    shop.double.fail(act, path="graphql", after=1)
    assert told(shop.streams(page_size=20)[name]) == wanted


@pytest.mark.parametrize(
    "data", [{}, {"orders": {}}, {"orders": None}, {"orders": {"nodes": []}}]
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    shop: ShopifyShop, data: Any
) -> None:
    fails(shop, {"data": data}, times=99)
    with pytest.raises(
        SourceUnavailable, match="orders, page 1: the answer holds no ord"
    ):
        shop.streams()["orders"].check()


def test_every_page_moves_the_cursor(shop: ShopifyShop) -> None:
    """The list goes by time, so that a failure costs one page and no window."""
    stream = shop.streams(page_size=5)["orders"]
    cursors = [page.cursor for page in stream.pull(None, UNTIL) if page.records]
    assert len(cursors) > 5
    assert None not in cursors
    assert cursors == sorted(str(one) for one in cursors)


def test_a_page_out_of_order_moves_no_cursor(shop: ShopifyShop) -> None:
    def shuffle(seen: Seen) -> Answer:
        answer = shop.double.answer(seen)
        answer.body["data"].get("orders", {"nodes": []})["nodes"].reverse()
        return answer

    shop.double.overrule = shuffle
    pages = shop.streams()["orders"].pull(None, UNTIL)
    assert {page.cursor for page in pages if page.records} == {None}


def test_an_order_that_changes_while_it_is_read_moves_no_cursor_ahead(
    shop: ShopifyShop,
) -> None:
    """It was found by its old time and is shown with its new one."""
    wanted = {row["order_number"] for row in told(shop.streams()["orders"])}
    changed: list[str] = []

    def change(seen: Seen) -> Answer:
        answer = shop.double.answer(seen)
        nodes = answer.body["data"].get("orders", {"nodes": []})["nodes"]
        if nodes and not changed:
            nodes[-1]["updatedAt"] = "2026-01-01T00:00:00Z"
            changed.append(nodes[-1]["id"].rpartition("/")[2])
        return answer

    shop.double.overrule = change
    pages = list(shop.streams(page_size=5)["orders"].pull(None, UNTIL))
    end = (UNTIL - timedelta(seconds=60)).isoformat()
    assert max(str(page.cursor) for page in pages) == end
    found = {one["id"].rpartition("/")[2] for page in pages for one in page.records}
    assert found == wanted - set(changed) < wanted


def test_what_the_index_learns_late_is_found_by_the_next_pull(
    shop: ShopifyShop,
) -> None:
    stream = shop.streams()["orders"]
    shop.double.now = UNTIL
    shop.double.index_lag = timedelta(seconds=90)
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    late = next(one for one in shop.world.orders if one.at(UNTIL - timedelta(days=1)))
    shop.world.touch(late, UNTIL - timedelta(seconds=75))
    shop.double.now = UNTIL + timedelta(minutes=5)
    again = told(stream, cursor, UNTIL + timedelta(minutes=5))
    assert str(order_id(late.key)) in {row["order_number"] for row in again}


def test_a_version_that_shopify_has_ended_is_told(shop: ShopifyShop) -> None:
    stream = shop.streams(api_version="2024-01")["orders"]
    assert told(stream)
    assert "no longer knows 2024-01 and used 2026-01: set api_ver" in stream.notes[0]
    stream = shop.streams()["orders"]
    assert told(stream)
    assert stream.notes == []


def test_history_that_the_app_may_not_see_is_told(shop: ShopifyShop) -> None:
    shop.double.scopes = ["read_orders"]
    orders, customers = (shop.streams()[name] for name in ("orders", "customers"))
    assert told(orders)
    assert "no order that is older than 60 days: give it the scope" in orders.notes[0]
    with pytest.raises(SourceRefused, match=r"read_all_orders, or begin at \d{4}-"):
        list(orders.backfill(UNTIL - timedelta(days=61), UNTIL))
    assert told(customers)
    assert customers.notes == []
    shop.double.scopes.append("read_all_orders")
    with pytest.raises(SourceRefused):
        list(orders.backfill(UNTIL - timedelta(days=61), UNTIL))
    orders = shop.streams()["orders"]
    assert told(orders)
    assert orders.notes == []


def test_without_access_to_people_nobody_is_asked_about(shop: ShopifyShop) -> None:
    streams = shop.streams(personal_data=False)
    rows = [*told(streams["orders"]), *told(streams["customers"])]
    assert {row[name] for row in rows for name in ("phone", "email")} == {None}
    assert None not in {row["buyer_id"] for row in rows}
    questions = " ".join(seen.json()[QUESTION] for seen in shop.double.seen)
    for word in ("email", "phone", "firstName", "Address"):
        assert word not in questions


def test_test_orders_are_left_out_unless_they_are_wanted(shop: ShopifyShop) -> None:
    def test_all(seen: Seen) -> Answer:
        answer = shop.double.answer(seen)
        for node in answer.body["data"].get("orders", {}).get("nodes", ()):
            node["test"] = True
        return answer

    shop.double.overrule = test_all
    assert told(shop.streams()["orders"]) == []
    assert told(shop.streams(test_orders=True)["orders"])


def test_the_double_refuses_what_shopify_refuses(shop: ShopifyShop) -> None:
    ask = shop.streams()["orders"].client.ask
    for wrong in (
        "{ orders(first: 251, sortKey: UPDATED_AT) { nodes { id } } }",
        "{ orders(sortKey: UPDATED_AT) { nodes { id } } }",
        "{ orders(first: 1, sortKey: UPDATED_AT) { nodes { nonsense } } }",
        "{ orders(first: 1, sortKey: UPDATED_AT) { nodes { customer } } }",
        "{ nonsense { id } }",
        "{ orders(first: 1",
    ):
        with pytest.raises(CallRefused):
            ask("wrong", wrong)
