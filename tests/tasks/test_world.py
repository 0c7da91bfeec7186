"""The invented shop: equal for equal seeds, real-looking, and true to the schema."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from tasks import database, world
from tasks.people import facts
from tasks.people.identify import identify
from tasks.world import TABLES, World

SMALL = World(customers=800, seed=7)
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def digest(engine: Engine) -> dict[str, tuple[int, int]]:
    with engine.connect() as connection:
        return world.digest(connection)


def ask(engine: Engine, question: str) -> Any:
    with engine.connect() as connection:
        return connection.exec_driver_sql(question).scalar_one()


def filled_beside(engine: Engine, made: World) -> dict[str, tuple[int, int]]:
    address = engine.url.render_as_string(hide_password=False)
    with database.scratch(f"{engine.url.database}_beside", address) as there:
        world.fill(database.engine(there), made)
        return digest(database.engine(there))


def test_the_same_seed_gives_the_same_world(engine: Engine) -> None:
    held = world.fill(engine, SMALL)
    assert filled_beside(engine, SMALL) == digest(engine)
    assert all(held[name] > 0 for name in TABLES)


def test_another_seed_gives_another_world(engine: Engine) -> None:
    world.fill(engine, SMALL)
    other = filled_beside(engine, World(customers=800, seed=8))
    mine = digest(engine)
    assert all(mine[name][1] != other[name][1] for name in TABLES)


def test_few_buy_much_and_most_buy_a_little(engine: Engine) -> None:
    world.fill(engine, World(customers=12_000, with_lines=False))
    counts = (
        "select percentile_disc({}) within group (order by orders) from world.people"
    )
    assert 5 <= ask(engine, counts.format(0.5)) <= 9
    assert 40 <= ask(engine, counts.format(0.99)) <= 75
    assert 9 <= ask(engine, "select avg(orders) from world.people") <= 11
    late = "select avg((ordered_at >= '2025-01-01')::integer) from orders"
    assert 0.3 <= ask(engine, late) <= 0.7


def test_people_keep_their_own_rhythm(engine: Engine) -> None:
    world.fill(engine, SMALL)
    spread = """
        select percentile_cont(0.5) within group (order by deviation) from (
            select stddev(gap) / avg(gap) as deviation
            from (
                select customer_id, extract(epoch from ordered_at - lag(ordered_at)
                    over (partition by customer_id order by ordered_at)) as gap
                from orders
            ) as gaps
            group by customer_id having count(gap) >= 5
        ) as each
    """
    # Orders at random instants would have a deviation near one.
    assert 0.1 < ask(engine, spread) < 0.6


def test_the_shares_of_what_happens_are_those_of_a_shop(engine: Engine) -> None:
    world.fill(engine, World(customers=3_000))
    orders = ask(engine, "select count(*) from orders")
    for least, question, most in (
        (0.02, "select count(*) from refunds", 0.09),
        (0.05, "select count(*) from reviews", 0.12),
        (0.02, "select count(*) from orders where status = 'cancelled'", 0.05),
        (0.002, "select count(*) from orders where customer_id is null", 0.008),
        (1.2, "select count(*) from order_lines", 2.0),
    ):
        assert least < ask(engine, question) / orders < most, question
    several = "select count(*) from (select from identifiers where kind = 'buyer'"
    several += " group by customer_id having count(*) > 1) as several"
    assert 0.1 < ask(engine, several) / 3_000 < 0.3
    assert ask(engine, "select count(distinct status) from orders") == 8
    assert ask(engine, "select count(distinct status) from refunds") == 4


def test_nothing_happens_before_its_cause_or_after_the_end(engine: Engine) -> None:
    world.fill(engine, SMALL)
    assert ask(
        engine,
        "select bool_and(ordered_at < '2026-01-01' and ordered_at <= updated_at"
        " and coalesce(paid_at >= ordered_at, true)"
        " and coalesce(shipped_at >= paid_at, true)"
        " and coalesce(finished_at >= shipped_at, true)) from orders",
    )
    assert ask(
        engine,
        "select bool_and(refunds.amount <= orders.amount"
        " and requested_at >= ordered_at) from refunds join orders using (order_id)",
    )
    assert ask(
        engine,
        "select bool_and(reviewed_at > ordered_at)"
        " from reviews join orders using (order_id)",
    )


def test_every_key_index_and_trigger_comes_back(engine: Engine) -> None:
    before = definitions(engine)
    world.fill(engine, SMALL)
    assert definitions(engine) == before
    asleep = "select count(*) from pg_trigger where tgenabled != 'O'"
    assert ask(engine, asleep) == 0
    invalid = "select count(*) from pg_constraint where not convalidated"
    assert ask(engine, invalid) == 0


def definitions(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [
            dict(row)
            for row in database.rows(
                connection, "world/definitions", tables=list(TABLES)
            )
        ]


def test_every_key_comes_back_when_filling_fails(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = definitions(engine)

    def stop(step: str) -> None:
        if step == "orders":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.fill(engine, SMALL, stop)
    assert definitions(engine) == before


def test_everybody_waits_for_facts_and_new_rows_get_new_numbers(
    engine: Engine,
) -> None:
    world.fill(engine, SMALL)
    waiting = "select count(distinct customer_id) from touched_customers"
    assert ask(engine, waiting) == 800
    assert facts.refresh(engine, NOW) == 800
    assert facts.check(engine, NOW) == []
    assert world.day(engine, 7, date(2026, 1, 1), 0.05)["orders"] > 0


def test_a_used_database_is_refused(engine: Engine) -> None:
    world.fill(engine, World(customers=10))
    with pytest.raises(ValueError, match=r"'customers'.*already holds rows"):
        world.fill(engine, World(customers=10))


def test_identify_finds_the_people_that_were_invented(engine: Engine) -> None:
    world.fill(engine, World(customers=12_000, is_identified=False, with_lines=False))
    found = identify(engine, NOW)
    assert (found.new_customers, found.merges) == (12_000, 0)
    # Nobody is two customers, no customer is two people: shared phones joined nobody.
    pairs = (
        "(select distinct customer_id, identifier_id / 8 as person"
        " from identifiers where not is_junk) as pairs"
    )
    assert ask(engine, f"select count(*) from {pairs}") == 12_000
    assert ask(engine, f"select count(distinct customer_id) from {pairs}") == 12_000
    assert ask(engine, f"select count(distinct person) from {pairs}") == 12_000
    assert ask(engine, "select count(*) from identifiers where is_junk") == 1


def test_the_same_day_brings_the_same(engine: Engine) -> None:
    world.fill(engine, SMALL)
    address = engine.url.render_as_string(hide_password=False)
    with database.scratch(f"{engine.url.database}_beside", address) as there:
        other = database.engine(there)
        world.fill(other, SMALL)
        for number in (1, 2):
            told = world.day(engine, 7, date(2026, 1, number), 0.1)
            assert told == world.day(other, 7, date(2026, 1, number), 0.1)
        assert digest(engine) == digest(other)


def test_days_bring_every_kind_of_change_and_touch_whom_they_concern(
    engine: Engine,
) -> None:
    world.fill(engine, SMALL)
    facts.refresh(engine, NOW)
    told: dict[str, int] = {}
    for number in range(1, 7):
        for name, count in world.day(engine, 7, date(2026, 1, number), 0.3).items():
            told[name] = told.get(name, 0) + count
        identify(engine, NOW)
        assert ask(engine, "select count(*) from touched_customers") > 0
        facts.refresh(engine, NOW)
        assert facts.check(engine, NOW) == []
    assert all(count > 0 for count in told.values()), told
    assert ask(engine, "select count(*) from customer_merges") > 0


def test_the_share_of_a_day_is_the_share_of_buyers(engine: Engine) -> None:
    world.fill(engine, World(customers=4_000, with_lines=False))
    told = world.day(engine, 1, date(2026, 1, 1), 0.05)
    assert 100 <= told["orders"] <= 260
