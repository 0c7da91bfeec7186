"""What is old goes, in small steps; what keeps a promise stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from tasks import retention, world
from tasks.world import World

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=800)


def execute(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def a_touch(engine: Engine, at: datetime, decision: str, state: str) -> int:
    [[run]] = execute(
        engine,
        "insert into campaign_runs (campaign, as_of, version) values ('c', :at, 'v')"
        " returning campaign_run_id",
        at=at,
    )
    [[touch]] = execute(
        engine,
        "insert into touch (campaign_run_id, customer_id, campaign, step, occasion,"
        " decision, key, params) values (:run, :run, 'c', 's', 'o', :decision, 'k',"
        ' \'{"name": "x"}\') returning touch_id',
        run=run,
        decision=decision,
    )
    execute(
        engine,
        "insert into chunk (campaign_run_id, channel, account, state, not_before,"
        " touch_ids) values (:run, 'mail', 'a', :state, :at, array[:touch])",
        run=run,
        state=state,
        at=at,
        touch=touch,
    )
    return int(touch)


def test_the_words_of_old_messages_go_and_their_decisions_stay(engine: Engine) -> None:
    old = a_touch(engine, OLD, "planned", "done")
    kept = {
        a_touch(engine, NOW, "planned", "done"),
        a_touch(engine, OLD, "deferred", "done"),
        a_touch(engine, OLD, "planned", "open"),
    }
    assert retention.apply(engine, NOW)["words"] == 1
    found = execute(engine, "select touch_id from touch where params is not null")
    assert {row[0] for row in found} == kept
    assert execute(engine, "select decision from touch where touch_id = :t", t=old)


def test_openings_are_archived_and_outcomes_are_not(engine: Engine) -> None:
    for outcome in ("accepted", "opened", "clicked", "replied"):
        for at in (OLD, NOW):
            execute(
                engine,
                "insert into outcome (touch_id, happened_at, number, outcome)"
                " values (1, :at, 1, :outcome)",
                at=at,
                outcome=outcome,
            )
    assert retention.apply(engine, NOW)["clicks"] == 2
    archived = execute(engine, "select outcome, happened_at from archive.outcome")
    assert sorted(archived) == [("clicked", OLD), ("opened", OLD)]
    [[left]] = execute(engine, "select count(*) from outcome")
    assert left == 6


def test_it_goes_in_small_steps_and_twice_is_harmless(engine: Engine) -> None:
    world.fill(engine, World(customers=300))
    told = "select count(*), count(body) from interactions where happened_at < :old"
    border = NOW - timedelta(days=365)
    [[events, words]] = execute(engine, told, old=border)
    assert words > 20
    assert retention.apply(engine, NOW, at_once=7)["messages"] == words
    assert execute(engine, told, old=border) == [(events, 0)]
    assert sum(retention.apply(engine, NOW).values()) == 0


def test_rows_in_use_make_nobody_wait(engine: Engine) -> None:
    world.fill(engine, World(customers=300))
    with engine.connect() as busy, busy.begin():
        [[locked]] = busy.exec_driver_sql(
            "select interaction_id from interactions where body is not null"
            " order by happened_at limit 1 for update"
        )
        retention.apply(engine, NOW)
    left = "select interaction_id from interactions where body is not null"
    found = execute(engine, f"{left} and happened_at < :o", o=NOW - timedelta(365))
    assert found == [(locked,)]


def test_ended_memberships_and_settled_quarantine_go(engine: Engine) -> None:
    for ended in (None, NOW, NOW - timedelta(days=2000)):
        execute(
            engine,
            "insert into segment_members (segment, customer_id, joined_at, left_at)"
            " values ('new', 1, :joined, :ended)",
            joined=NOW - timedelta(days=3000),
            ended=ended,
        )
    assert retention.apply(engine, NOW)["memberships"] == 1
    assert len(execute(engine, "select from segment_members")) == 2
