"""Loading a batch: sums, versions, replays, whatever the order in which pages come."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from order_model import Shop
from sqlalchemy import Engine, text
from staged_batch import stage

from tasks.load import Counts, CountsDiffer, NotValidated, load
from tasks.staging import UnknownBatch

MORNING = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def order(number: str = "A", /, **more: Any) -> dict[str, Any]:
    """A row of a good order."""
    return {
        "order_number": number,
        "status": "paid",
        "ordered_at": MORNING,
        "updated_at": MORNING,
        "currency": "CNY",
        "buyer_id": "b1",
        "product_id": "tea",
        "quantity": 2,
        "unit_price": "9.90",
    } | more


def put(engine: Engine, entity: str, records: list[Any], **batch: Any) -> Counts:
    """Stage as validated, and load."""
    return load(engine, stage(engine, entity, records, validated=True, **batch))


def get(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


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


def test_it_knows_people_by_normal_identifiers(engine: Engine) -> None:
    more = [{"kind": "openid", "scope": "wx1", "value": " o_1 "}]
    person = {"phone": "+86 138-0000-0000", "email": " Li@Example.CN "}
    put(engine, "orders", [order(**person, more_identifiers=more)])
    assert get(engine, "select kind, scope, value from identifiers order by 1") == [
        ("buyer", "shop", "b1"),
        ("email", "", "li@example.cn"),
        ("openid", "wx1", "o_1"),
        ("phone", "", "8613800000000"),
    ]
    linked = "select distinct a.kind from identifier_links join identifiers a on"
    assert len(get(engine, "select 1 from identifier_links")) == 3
    assert get(engine, f"{linked} a.identifier_id = identifier_a") == [("buyer",)]
    assert get(engine, "select evidence from identifier_links limit 1") == [
        ("test line 1",)
    ]


def test_a_phone_is_kept_where_its_country_is_certain(engine: Engine) -> None:
    phones = {
        "13800000000": "8613800000000",
        "008613800000000": "8613800000000",
        "8613800000000": "8613800000000",
        "+44 7700 900123": "447700900123",
        "07700 900123": None,
        "138****0000": None,
        "": None,
    }
    for given, kept in phones.items():
        assert get(engine, f"select normal_phone('{given}')") == [(kept,)], given


def test_a_number_without_a_country_is_one_person_only_within_a_source(
    engine: Engine,
) -> None:
    for source in ("london", "leeds"):
        put(engine, "orders", [order(phone="07700 900123")], source=source)
    assert get(
        engine, "select scope, value from identifiers where kind = 'local_phone'"
    ) == [("london", "07700900123"), ("leeds", "07700900123")]


def test_a_masked_phone_is_nobody(engine: Engine) -> None:
    put(engine, "orders", [order(buyer_id=None, phone="138****0000")])
    assert get(engine, "select buyer_identifier_id from orders") == [(None,)]


def test_an_order_gets_the_customer_that_its_buyer_has(engine: Engine) -> None:
    put(engine, "orders", [order()])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "with one as (insert into customers default values returning customer_id)"
            " update identifiers set customer_id = one.customer_id from one"
        )
    put(engine, "orders", [order("B")])
    customers = get(engine, "select customer_id from orders where order_number = 'B'")
    assert customers == get(engine, "select customer_id from customers")


def test_a_known_buyer_is_never_unlearned(engine: Engine) -> None:
    put(engine, "orders", [order()])
    later = MORNING + timedelta(hours=1)
    put(engine, "orders", [order(buyer_id=None, updated_at=later, status="shipped")])
    assert get(engine, "select status, buyer_identifier_id is null from orders") == [
        ("shipped", False)
    ]


def refund(**more: Any) -> dict[str, Any]:
    """A row of a good refund."""
    return {
        "refund_number": "R",
        "order_number": "A",
        "status": "refunded",
        "requested_at": MORNING,
        "updated_at": MORNING,
        "currency": "CNY",
        "amount": "3",
    } | more


@pytest.mark.parametrize("first", ["orders", "refunds"])
def test_refunds_find_their_order_whichever_comes_first(
    engine: Engine, first: str
) -> None:
    records = {"orders": [order()], "refunds": [[refund(), refund(amount="4.50")]]}
    for entity in sorted(records, key=lambda entity: entity != first):
        put(engine, entity, records[entity])
    joined = (
        "select refunds.amount, refunds.buyer_identifier_id ="
        " orders.buyer_identifier_id from refunds join orders using (order_id)"
    )
    assert get(engine, joined) == [(Decimal("7.50"), True)]
    assert put(engine, "refunds", records["refunds"]) == Counts(1, 0, 1, 0)


def test_an_older_refund_changes_nothing(engine: Engine) -> None:
    later = MORNING + timedelta(hours=1)
    put(engine, "refunds", [refund(updated_at=later)])
    assert put(engine, "refunds", [refund(status="open")]) == Counts(1, 0, 1, 0)
    assert get(engine, "select status from refunds") == [("refunded",)]


def test_refund_lines_of_a_file_add_up(engine: Engine) -> None:
    by_line = {"record_key": ["refund_number", "line_id"]}
    counts = put(engine, "refunds", [refund(), refund(amount=4)], **by_line)
    assert counts == Counts(2, 2, 0, 0)
    assert get(engine, "select amount from refunds") == [(Decimal(7),)]


@pytest.mark.parametrize("first", ["orders", "reviews"])
def test_reviews_find_their_order_whichever_comes_first(
    engine: Engine, first: str
) -> None:
    review = {
        "review_number": "V",
        "order_number": "A",
        "rating": 4,
        "body": "好茶",
        "reviewed_at": MORNING,
    }
    records = {"orders": [order()], "reviews": [review]}
    for entity in sorted(records, key=lambda entity: entity != first):
        put(engine, entity, records[entity])
    assert get(engine, "select rating, order_id is null from reviews") == [(4, False)]
    assert put(engine, "reviews", [review, review | {"rating": 5}]).loaded == 1
    assert get(engine, "select rating from reviews") == [(5,)]


def profile(**more: Any) -> dict[str, Any]:
    """A row of a good profile."""
    return {
        "buyer_id": "b1",
        "name": "Li",
        "points": 5,
        "tags": {"vip": None},
        "consents": {"email": True},
        "registered_at": MORNING,
        "updated_at": MORNING,
    } | more


def test_a_profile_is_kept_once_with_its_tags(engine: Engine) -> None:
    assert put(engine, "customers", [profile()]) == Counts(1, 1, 0, 0)
    assert put(engine, "customers", [profile()]) == Counts(1, 0, 1, 0)
    earlier = MORNING - timedelta(days=1)
    old = profile(name="Old", updated_at=earlier)
    assert put(engine, "customers", [old]) == Counts(1, 0, 1, 0)
    assert get(engine, "select name, points, tags from profiles") == [
        ("Li", 5, {"vip": None})
    ]


def test_consents_grow_only_when_the_source_changes_its_mind(engine: Engine) -> None:
    for hour, is_granted in enumerate([True, True, False, True]):
        moment = MORNING + timedelta(hours=hour)
        said = profile(consents={"email": is_granted}, points=hour, updated_at=moment)
        put(engine, "customers", [said])
    assert get(engine, "select is_granted from consents order by consent_id") == [
        (True,),
        (False,),
        (True,),
    ]


def test_a_source_that_repeats_itself_does_not_undo_an_opt_out(engine: Engine) -> None:
    put(engine, "customers", [profile()])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into consents (identifier_id, channel, purpose, is_granted, source,"
            " evidence, decided_at) select identifier_id, 'email', 'marketing', false,"
            " 'unsubscribe', 'link', now() from identifiers"
        )
    put(engine, "customers", [profile(points=9, updated_at=MORNING + timedelta(1))])
    put(engine, "customers", [profile()], source="other")
    newest = "select is_granted from consents order by decided_at desc limit 1"
    assert get(engine, newest) == [(False,)]


def test_what_happened_is_never_rewritten(engine: Engine) -> None:
    visit = {
        "kind": "visit",
        "interaction_key": "1",
        "happened_at": MORNING,
        "buyer_id": "b1",
        "body": "first",
    }
    assert put(engine, "interactions", [visit, visit]) == Counts(2, 1, 1, 0)
    assert put(engine, "interactions", [visit | {"body": "second"}]).loaded == 0
    assert get(engine, "select body from interactions") == [("first",)]


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
