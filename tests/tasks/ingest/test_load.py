"""Loading orders: sums, versions, replays, whatever the order in which pages come."""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from loading import MORNING, get, order, put
from order_model import Shop
from sqlalchemy import Engine
from staged_batch import stage

from tasks.ingest.load import Counts, CountsDiffer, NotValidated, load
from tasks.ingest.staging import UnknownBatch


def test_it_groups_lines_into_orders(engine: Engine) -> None:
    record = [order(), order(product_id="cup", quantity=1, unit_price="15")]
    assert put(engine, "orders", [record]) == Counts(1, 1, 0, 0)
    assert get(engine, "select order_number, amount from orders") == [
        ("A", Decimal("34.80"))
    ]
    assert get(engine, "select product_id, amount from order_lines order by 1") == [
        ("cup", Decimal(15)),
        ("tea", Decimal("19.80")),
    ]


def test_an_order_keeps_the_amount_that_its_source_gives(engine: Engine) -> None:
    put(engine, "orders", [order(order_amount="17.50")])
    assert get(engine, "select amount from orders") == [(Decimal("17.50"),)]


def test_a_second_time_changes_nothing(engine: Engine) -> None:
    records = [[order(f"A{n}"), order(f"A{n}", product_id="cup")] for n in range(50)]
    put(engine, "orders", records)
    before = get(
        engine, "select order_id, loaded_at, xmin::text from orders order by 1"
    )
    assert put(engine, "orders", records) == Counts(50, 0, 50, 0)
    after = get(engine, "select order_id, loaded_at, xmin::text from orders order by 1")
    assert after == before


def test_loading_a_loaded_batch_only_counts(engine: Engine) -> None:
    batch_id = stage(engine, "orders", [order()], validated=True)
    assert load(engine, batch_id) == load(engine, batch_id) == Counts(1, 1, 0, 0)


def test_an_older_version_never_overwrites_a_newer_one(engine: Engine) -> None:
    later = MORNING + timedelta(hours=1)
    put(engine, "orders", [order(status="shipped", updated_at=later)])
    assert put(engine, "orders", [order(quantity=5)]) == Counts(1, 0, 1, 0)
    assert get(engine, "select status, amount from orders") == [
        ("shipped", Decimal("19.80"))
    ]


def test_the_newest_of_two_versions_in_one_batch_counts(engine: Engine) -> None:
    later = MORNING + timedelta(hours=1)
    newer = [order(status="shipped", updated_at=later)]
    assert put(engine, "orders", [newer, [order()]]) == Counts(2, 1, 1, 0)
    assert get(engine, "select status from orders") == [("shipped",)]
    assert get(engine, "select count(*) from order_lines") == [(1,)]


def test_lines_that_are_gone_from_a_whole_order_go(engine: Engine) -> None:
    put(engine, "orders", [[order(line_id="1"), order(line_id="2", product_id="cup")]])
    put(engine, "orders", [[order(line_id="2", product_id="cup")]])
    assert get(engine, "select product_id from order_lines") == [("cup",)]
    assert get(engine, "select amount from orders") == [(Decimal("19.80"),)]


def test_lines_stay_where_a_batch_holds_only_changed_ones(engine: Engine) -> None:
    by_line = {"record_key": ["order_number", "line_id"], "holds_whole_orders": False}
    put(engine, "orders", [order(line_id="1"), order(line_id="2")], **by_line)
    counts = put(engine, "orders", [order(line_id="2", quantity=3)], **by_line)
    assert counts == Counts(1, 1, 0, 0)
    assert get(engine, "select amount from orders") == [(Decimal("49.50"),)]


def test_a_whole_order_after_a_partial_one_is_compared_line_by_line(
    engine: Engine,
) -> None:
    by_line = {"record_key": ["order_number", "line_id"]}
    put(engine, "orders", [order(line_id="1"), order(line_id="2")], **by_line)
    changed = [order(line_id="2", quantity=3)]
    put(engine, "orders", changed, holds_whole_orders=False, **by_line)
    assert put(engine, "orders", changed, **by_line) == Counts(1, 1, 0, 0)
    assert get(engine, "select quantity from order_lines") == [(3,)]


def test_a_line_stays_while_its_new_version_is_in_quarantine(engine: Engine) -> None:
    by_line = {"record_key": ["order_number", "line_id"]}
    put(engine, "orders", [order(line_id="1"), order(line_id="2")], **by_line)
    bad = order(line_id="2", quantity=-1)
    counts = put(engine, "orders", [order(line_id="1"), bad], refused=[2], **by_line)
    assert counts == Counts(2, 0, 1, 1)
    assert get(engine, "select count(*) from order_lines") == [(2,)]


def test_equal_lines_are_counted_through(engine: Engine) -> None:
    by_line = {"record_key": ["order_number", "line_id"]}
    put(engine, "orders", [order(), order(), order()], **by_line)
    assert get(engine, "select amount from orders") == [(Decimal("59.40"),)]
    assert put(engine, "orders", [order(), order()], **by_line).loaded == 2
    assert get(engine, "select count(*) from order_lines") == [(2,)]


def test_overlapping_exports_do_not_count_a_line_twice(engine: Engine) -> None:
    cup = {"product_id": "cup"}
    first = [
        order(place="may.csv:1"),
        order(place="may.csv:2"),
        order(place="may.csv:3", **cup),
    ]
    again = [order(place="june.csv:1"), order(place="june.csv:2")]
    counts = put(
        engine, "orders", [*first, *again], record_key=["order_number", "line_id"]
    )
    assert counts.records == 5 and counts.add_up
    assert get(engine, "select product_id from order_lines order by 1") == [
        ("cup",),
        ("tea",),
        ("tea",),
    ]


def test_a_line_that_is_replayed_alone_joins_its_order(engine: Engine) -> None:
    by_line = {"record_key": ["order_number", "line_id"]}
    put(engine, "orders", [order(), order()], refused=[2], **by_line)
    replay = by_line | {"is_replay": True, "holds_whole_orders": False}
    assert put(engine, "orders", [order()], **replay) == Counts(1, 1, 0, 0)
    assert get(engine, "select amount from orders") == [(Decimal("39.60"),)]
    assert put(engine, "orders", [order(), order()], **by_line) == Counts(2, 0, 2, 0)


def test_a_whole_order_that_is_replayed_loses_the_lines_it_lost(engine: Engine) -> None:
    put(engine, "orders", [[order(line_id="1"), order(line_id="2")]])
    replay = {"is_replay": True, "holds_whole_orders": False}
    put(engine, "orders", [[order(line_id="1")]], **replay)
    assert get(engine, "select count(*) from order_lines") == [(1,)]


def test_it_refuses_a_batch_that_nobody_validated(engine: Engine) -> None:
    with pytest.raises(NotValidated, match="call validate first"):
        load(engine, stage(engine, "orders", [order()]))


def test_it_names_a_batch_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(UnknownBatch, match='"99"'):
        load(engine, 99)


def test_it_writes_nothing_when_a_record_got_lost(engine: Engine) -> None:
    batch_id = stage(engine, "orders", [order()], validated=True)
    with engine.begin() as connection:
        connection.exec_driver_sql("update batch set records = 2")
    with pytest.raises(CountsDiffer, match="has 2 records, but 1 loaded"):
        load(engine, batch_id)
    assert get(engine, "select count(*) from orders") == [(0,)]
    assert get(engine, f"select count(*) from staging.orders_{batch_id}") == [(1,)]


def test_an_empty_batch_is_loaded_at_once(engine: Engine) -> None:
    assert put(engine, "orders", []) == Counts(0, 0, 0, 0)


def test_staged_rows_are_gone_once_they_are_loaded(engine: Engine) -> None:
    put(engine, "orders", [order()])
    left = "select tablename from pg_tables where schemaname = 'staging'"
    assert ("orders_1",) not in get(engine, left)


@pytest.mark.parametrize("seed", range(6))
def test_random_batches_load_as_the_plain_model_says(engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    is_whole_record = bool(seed % 2)
    shop = Shop(is_whole_record, holds_whole_orders=is_whole_record or seed != 4)
    key = ["order_number"] if is_whole_record else ["order_number", "line_id"]
    for _ in range(4):
        records = [_random_record(chance, is_whole_record) for _ in range(250)]
        refused = set(chance.sample(range(1, 251), chance.choice([0, 8])))
        expected = shop.load(records, refused)
        counts = put(
            engine,
            "orders",
            records,
            refused=refused,
            record_key=key,
            holds_whole_orders=shop.holds_whole_orders,
        )
        assert (counts.loaded, counts.unchanged) == expected
        assert _stored(engine) == {
            number: (
                one.status,
                one.ordered_at,
                one.updated_at,
                one.amount,
                one.buyer,
                Counter(one.lines.values()),
            )
            for number, one in shop.orders.items()
        }


def _random_record(chance: random.Random, is_whole: bool) -> list[dict[str, Any]]:
    moment = MORNING + timedelta(minutes=chance.randrange(30))
    head = {
        "order_number": f"A{chance.randrange(40)}",
        "status": chance.choice(["paid", "shipped", "finished"]),
        "ordered_at": MORNING - timedelta(minutes=chance.randrange(3)),
        "updated_at": moment,
        "currency": "CNY",
        "order_amount": chance.choice([None, Decimal("12.5")]) if is_whole else None,
        "buyer_id": chance.choice([None, "b1", "b2"]),
    }
    return [
        head
        | {
            "line_id": chance.choice([None, "1", "2", "3"]),
            "product_id": chance.choice(["tea", "cup"]),
            "quantity": chance.randrange(1, 3),
            "unit_price": chance.choice([Decimal("9.90"), Decimal(15)]),
        }
        for _ in range(chance.randrange(1, 5) if is_whole else 1)
    ]


def _stored(engine: Engine) -> dict[str, Any]:
    lines: dict[int, Counter[tuple[Any, ...]]] = {}
    for order_id, *line in get(
        engine,
        "select order_id, product_id, quantity, unit_price, amount from order_lines",
    ):
        lines.setdefault(order_id, Counter())[tuple(line)] += 1
    heads = get(
        engine,
        "select order_id, order_number, status, ordered_at, updated_at, amount, value"
        " from orders left join identifiers on identifier_id = buyer_identifier_id",
    )
    return {head[1]: (*head[2:], lines.get(head[0], Counter())) for head in heads}
