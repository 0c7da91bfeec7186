"""History by bulk operations: run, waited for, fetched, put together again."""

import json
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.sandbox.server import Answer, Seen
from tests.connectors.busy_shop import UNTIL
from tests.connectors.shopify_shop import ShopifyShop, shopify_shop, told

SINCE = UNTIL - timedelta(days=100)
FULL = UNTIL - timedelta(seconds=60)


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop() as running:
        yield running


def history(stream: Any, since: Any = SINCE) -> list[dict[str, Any]]:
    """The rows of a backfill up to where a pull ends, but for where they were found."""
    found = [
        dict(zip(stream.columns, row, strict=True))
        for page in stream.backfill(since, FULL)
        for record in page.records
        for row in stream.rows(record)
    ]
    assert all("bulk operation 72" in row.pop("place") for row in found)
    return in_order(found)


def pull(stream: Any) -> list[dict[str, Any]]:
    return in_order(told(stream))


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def exact(shop: ShopifyShop) -> dict[str, Any]:
    """Pulls that begin where the history does."""
    return {"since": SINCE, "overlap": 0}


@pytest.mark.parametrize("name", ["orders", "refunds", "customers"])
def test_the_history_is_what_a_pull_would_have_given(
    shop: ShopifyShop, name: str
) -> None:
    wanted = pull(shop.streams(**exact(shop))[name])
    assert history(shop.streams()[name]) == wanted
    assert len(wanted) > 3


def test_it_asks_window_by_window_and_says_how_far_it_is(shop: ShopifyShop) -> None:
    stream = shop.streams(bulk_window=timedelta(days=30))["orders"]
    pages = list(stream.backfill(SINCE, FULL))
    ends = [page.cursor for page in pages if page.cursor]
    wanted = [SINCE + timedelta(days=days) for days in (30, 60, 90)] + [FULL]
    assert ends == [one.isoformat() for one in wanted]
    assert len(shop.double.bulk.all) == 4
    assert {one.is_grouped for one in shop.double.bulk.all} == {True}


def test_an_empty_window_has_no_file(shop: ShopifyShop) -> None:
    since = UNTIL - timedelta(days=3_000)
    pages = shop.streams()["orders"].backfill(since, since + timedelta(days=3))
    assert [page.records for page in pages] == [()]
    assert not shop.double.calls("/bulk/")


def test_the_token_is_not_sent_to_the_storage(shop: ShopifyShop) -> None:
    history(shop.streams()["orders"])
    for seen in shop.double.calls("/bulk/"):
        assert "x-shopify-access-token" not in seen.headers


@pytest.mark.parametrize("act", ["reset", "half"])
def test_a_file_that_breaks_off_is_fetched_again(shop: ShopifyShop, act: Any) -> None:
    wanted = history(shop.streams()["orders"])
    shop.double.fail(act, path="/bulk/", times=2)
    assert history(shop.streams()["orders"]) == wanted


def test_a_file_that_stays_away_is_told(shop: ShopifyShop) -> None:
    shop.double.fail("half", path="/bulk/", times=5)
    with pytest.raises(SourceUnavailable, match=r"file of bulk .*5 tries") as caught:
        history(shop.streams()["orders"])
    assert "demo-signed" not in str(caught.value)


def test_lines_that_are_missing_or_stand_apart_are_told(shop: ShopifyShop) -> None:
    line = {"id": "gid://shopify/LineItem/1", "__parentId": "gid://shopify/Order/9"}
    for lines, said in (
        ([{"id": "gid://shopify/Order/1"}], "its file has 1 records of 5"),
        ([["?"]], "a line of its file is no JSON object"),
        ([{"id": "gid://shopify/Order/1"}, line], "stands apart from what it belongs"),
    ):
        file = "".join(f"{json.dumps(one)}\n" for one in lines).encode()
        shop.double.overrule = answering(shop, file)
        with pytest.raises(SourceUnavailable, match=said):
            history(shop.streams()["orders"])


def answering(shop: ShopifyShop, file: bytes, roots: int = 5) -> Any:
    """Any operation has this file, and claims so many records."""

    def overrule(seen: Seen) -> Answer | None:
        if "/bulk/" in seen.path:
            return Answer(file)
        answer = shop.double.answer(seen)
        node = (answer.body.get("data") or {}).get("node")
        if node and node.get("url"):
            node["rootObjectCount"] = str(roots)
        return answer

    return overrule


def test_an_operation_that_takes_too_long_is_cut_in_two(shop: ShopifyShop) -> None:
    wanted = history(shop.streams()["orders"])
    shop.double.bulk.all.clear()
    shop.double.bulk.fates = ["TIMEOUT", "TIMEOUT"]
    stream = shop.streams(bulk_window=timedelta(days=100))["orders"]
    assert history(stream) == wanted
    spans = [one.query.partition("query: ")[2][:80] for one in shop.double.bulk.all]
    assert len(set(spans)) == len(spans) == 6


@pytest.mark.parametrize(
    "fate, kind, said",
    [
        ("INTERNAL_SERVER_ERROR", SourceUnavailable, "FAILED, INTERNAL_SERVER_ERROR"),
        ("CANCELED", SourceUnavailable, "CANCELED"),
        ("ACCESS_DENIED", SourceRefused, "ACCESS_DENIED; the app lacks a scope"),
    ],
)
def test_an_operation_that_fails_is_told(
    shop: ShopifyShop, fate: str, kind: type[Exception], said: str
) -> None:
    shop.double.bulk.fates = [fate]
    with pytest.raises(kind, match=f"shopify_main: bulk operation 720000: .*{said}"):
        history(shop.streams()["orders"])


def test_an_operation_that_a_killed_run_left_is_taken_over(shop: ShopifyShop) -> None:
    wanted = history(shop.streams()["orders"])
    shop.double.bulk.all.clear()
    shop.double.bulk.patience = 99
    pages = shop.streams(bulk_pause=60, bulk_patience=120)["orders"]
    with pytest.raises(
        SourceUnavailable, match="not come to an end: raise bulk_patien"
    ):
        history(pages)
    shop.double.bulk.patience = 5
    assert history(shop.streams()["orders"]) == wanted
    assert len(shop.double.bulk.all) == 4


def test_an_operation_of_somebody_else_is_waited_for(shop: ShopifyShop) -> None:
    shop.double.bulk.patience = 7
    shop.double.bulk.begin("{ customers { edges { node { id } } } }", False)
    assert history(shop.streams()["orders"])
    assert shop.double.bulk.all[0].status == "COMPLETED"
    shop.double.bulk.patience = 99
    shop.double.bulk.begin("{ customers { edges { node { id } } } }", False)
    with pytest.raises(SourceUnavailable, match="another one of this app does not"):
        history(shop.streams(bulk_pause=60, bulk_patience=300)["orders"])


def test_a_question_that_shopify_does_not_take_is_refused(shop: ShopifyShop) -> None:
    begin = shop.double.bulk.begin
    for wrong in (
        "{ shop { name } }",
        "{ orders { edges { node { refunds { lines { edges { node { id } } } } } } } }",
        "{ orders { edges",
    ):
        assert begin(wrong, True)["bulkOperation"] is None
    stream = shop.streams()["orders"]
    stream.fields = lambda is_bulk: "id nonsense("
    with pytest.raises(SourceRefused, match="Invalid bulk query"):
        history(stream)


def test_memory_does_not_grow_with_the_history(shop: ShopifyShop) -> None:
    """A file of ten times the length; it is on disk, and read line by line."""

    def peak(orders: int) -> int:
        line = '{"id":"gid://shopify/Order/%d","updatedAt":"2011-01-01T00:00:00Z"}\n'
        file = "".join(line % number for number in range(orders)).encode()
        shop.double.overrule = answering(shop, file, orders)
        stream = shop.streams(bulk_window=timedelta(days=1_000))["orders"]
        tracemalloc.start()
        records = sum(len(page.records) for page in stream.backfill(SINCE, FULL))
        highest = tracemalloc.get_traced_memory()[1] - 2 * len(file)
        tracemalloc.stop()
        assert records == orders
        return highest

    small, large = peak(3_000), peak(30_000)
    assert large < small + 3_000_000
