"""Thirty days of an invented shop: small steps end where a rebuild ends."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tasks import world
from tasks.people import compute_facts, facts, identify, segments, tags
from tasks.world import World

FIRST_DAY = date(2026, 1, 1)
STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")
FACTS = "select * from customer_facts"
MEMBERS = "select segment, customer_id from segment_members where left_at is null"
TAGS = "select customer_id, tag, value, origin, source, evidence, expires_at from tags"


def everything(engine: Engine) -> dict[str, set[Any]]:
    with engine.connect() as connection:
        return {
            question: {tuple(row) for row in connection.exec_driver_sql(question)}
            for question in (FACTS, MEMBERS, TAGS)
        }


def refresh(engine: Engine, now: datetime, full: bool = False) -> None:
    facts.refresh(engine, now, full, standards=STANDARDS)
    tags.refresh(engine, now, full)
    segments.refresh(engine, now, full)


def undo_one_merge(engine: Engine, now: datetime) -> None:
    with engine.connect() as connection:
        newest = connection.exec_driver_sql(
            "select max(merge_id) from customer_merges where undone_at is null"
        ).scalar()
    if newest:
        identify.undo(engine, newest, "two people after all", now)


def test_thirty_days_of_little_work_are_what_one_rebuild_gives(engine: Engine) -> None:
    world.fill(engine, World(customers=300, orders_per_customer=5, seed=3))
    for number in range(30):
        today = FIRST_DAY + timedelta(days=number)
        now = datetime.combine(today, time(23), UTC)
        world.day(engine, 3, today, 0.08)
        identify.identify(engine, now)
        if number % 8 == 7:
            undo_one_merge(engine, now)
        refresh(engine, now)
        assert facts.check(engine, now, standards=STANDARDS) == []
        little = everything(engine)
        refresh(engine, now, full=True)
        assert everything(engine) == little, f"after day {number + 1}"
    with engine.connect() as connection:
        told = connection.exec_driver_sql(
            "select count(*), count(undone_at) from customer_merges"
        ).one()
    assert told[0] > told[1] > 0


def test_two_halves_give_what_one_pass_gives(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(engine, World(customers=300, seed=3))
    now = datetime(2026, 1, 2, tzinfo=UTC)
    refresh(engine, now, full=True)
    whole = everything(engine)
    monkeypatch.setattr(compute_facts, "FEW", 0)
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from customer_facts")
        # As a run that was killed leaves it behind.
        connection.exec_driver_sql("create unlogged table computed_beside (odd text)")
    refresh(engine, now, full=True)
    assert everything(engine) == whole
    with engine.connect() as connection:
        left = connection.exec_driver_sql("select to_regclass('computed_beside')")
        assert left.scalar() is None


def test_a_half_that_fails_writes_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compute_facts, "FEW", 0)
    world.fill(engine, World(customers=300, seed=3))
    with engine.begin() as connection:
        # Held in the upper half alone: its currency has no rate.
        connection.exec_driver_sql(
            "update orders set currency = 'XXX' where order_id ="
            " (select max(order_id) from orders where customer_id = 300)"
        )
    with pytest.raises(facts.CurrencyUnknown, match="XXX"):
        refresh(engine, datetime(2026, 1, 2, tzinfo=UTC), full=True)
    assert everything(engine)[FACTS] == set()
