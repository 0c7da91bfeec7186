"""Segments: who is in, why, since when, and that little work gives the same answer."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

import sql
from tasks.database import run
from tasks.people import definition, facts, segments, tags
from tests.tasks.shop_days import Shop

STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")
AS_OF = datetime(2011, 12, 10, tzinfo=UTC)
STAGES = ("new", "active", "slipping", "lapsed", "lost")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the room `sql` whose files a test may change; returns its folder."""
    copy = tmp_path / "sql"
    shutil.copytree(Path(sql.__file__).parent, copy)
    monkeypatch.setattr(sql, "folder", lambda *parts: copy.joinpath(*parts))
    sql.query.cache_clear()
    yield copy
    sql.query.cache_clear()


def edit(room: Path, name: str, written: str) -> None:
    (room / name).write_text(written, encoding="utf-8")
    sql.query.cache_clear()


def execute(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def stored(engine: Engine) -> set[tuple[str, int]]:
    found = execute(
        engine, "select segment, customer_id from segment_members where left_at is null"
    )
    return {(row[0], row[1]) for row in found}


def judged_anew(engine: Engine, as_of: datetime) -> set[tuple[str, int]]:
    """The members by the files themselves, run for everybody, storing nothing."""
    found = set()
    with engine.connect() as connection:
        for segment in definition.load_all("segment"):
            rows = connection.execute(text(segment.select), {"as_of": as_of}).mappings()
            for row in rows:
                rules = [v for k, v in row.items() if k not in segments.NO_RULES]
                if all(rules):
                    found.add((segment.name, row["customer_id"]))
    return found


def tags_stored(engine: Engine) -> set[Any]:
    return {
        tuple(row)
        for row in execute(
            engine,
            "select customer_id, given_to, tag, value, origin, source, evidence,"
            " expires_at from tags",
        )
    }


def refreshed(engine: Engine, now: datetime) -> dict[str, segments.Moved]:
    facts.refresh(engine, now, standards=STANDARDS)
    tags.refresh(engine, now)
    return segments.refresh(engine, now)


def test_over_many_days_little_work_gives_what_much_work_would(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(engine, seed=3)
    facts.set_rate(engine, "GBP", Decimal("9.8"), shop.now)
    seen: set[str] = set()
    for day in range(24):
        # Every other day it is asked whether judging everybody would be less work.
        monkeypatch.setattr(segments, "FEW", 0 if day % 2 else 10_000)
        moved = refreshed(engine, shop.now)
        assert facts.check(engine, shop.now, standards=STANDARDS) == []
        members = stored(engine)
        assert members == judged_anew(engine, shop.now)
        assert {name: one.size for name, one in moved.items()} == {
            name: sum(1 for segment, _ in members if segment == name) for name in moved
        }
        assert_one_stage_each(engine, members)
        seen |= {name for name, one in moved.items() if one.joined and one.left}
        shop.day()
    assert set(STAGES) <= seen, "the shop is too quiet to prove anything"
    refreshed(engine, shop.now)
    before = tags_stored(engine)
    tags.refresh(engine, shop.now, full=True)
    assert tags_stored(engine) == before


@pytest.mark.parametrize("is_counted", [False, True])
def test_more_than_a_fifth_is_many(engine: Engine, is_counted: bool) -> None:
    execute(
        engine,
        "insert into customers (name) select 'Li' from generate_series(1, 50)",
    )
    facts.refresh(engine, AS_OF, standards=STANDARDS)
    if is_counted:
        execute(engine, "analyze customer_facts")
    with engine.connect() as connection:
        found = [
            run(connection, "membership/many", chosen=chosen).scalar_one()
            for chosen in (10, 11)
        ]
    assert found == [False, True]


def test_everybody_is_handed_on_as_one_row_and_few_by_name(engine: Engine) -> None:
    query = "select step, customer_id from customers_to_judge order by 1, 2"
    execute(
        engine,
        "insert into customers (name) select 'Li' from generate_series(1, 50)",
    )
    facts.refresh(engine, AS_OF, standards=STANDARDS)
    assert execute(engine, query) == [("segments", None), ("tags", None)]
    segments.refresh(engine, AS_OF)
    tags.refresh(engine, AS_OF)
    [(one,)] = execute(
        engine,
        "update customers set name = 'Wu' where customer_id ="
        " (select min(customer_id) from customers) returning customer_id",
    )
    facts.refresh(engine, AS_OF, standards=STANDARDS)
    assert execute(engine, query) == [("segments", one), ("tags", one)]


def test_who_tags_very_many_has_everybody_judged_by_one_row(
    engine: Engine, room: Path
) -> None:
    edit(
        room,
        "segments/tagged.sql",
        "-- Who is a guest?\nselect customer_id, true as is_tagged,"
        " cast(null as timestamptz) as recheck_at from tags where tag = 'guest';\n",
    )
    execute(
        engine,
        "insert into customers (name) select 'Li' from generate_series(1, 10001)",
    )
    facts.refresh(engine, AS_OF, standards=STANDARDS)
    tags.refresh(engine, AS_OF)
    segments.refresh(engine, AS_OF)
    tagged = (
        "insert into tags (customer_id, tag, origin, source, tagged_at, given_to)"
        " select customer_id, 'guest', :origin, 'lin', :at, customer_id"
        " from customers where customer_id > :above"
    )
    query = "select step, customer_id from customers_to_judge order by 1, 2"
    execute(engine, tagged, origin="rule", at=AS_OF, above=1)
    assert len(execute(engine, query)) == 10_000
    execute(engine, "truncate tags, customers_to_judge")
    execute(engine, tagged, origin="staff", at=AS_OF, above=0)
    assert execute(engine, query) == [("segments", None), ("tags", None)]
    moved = segments.refresh(engine, AS_OF)
    assert moved["tagged"] == segments.Moved(10_001, 0, 10_001)


def assert_one_stage_each(engine: Engine, members: set[tuple[str, int]]) -> None:
    buyers = execute(
        engine, "select customer_id from customer_facts where orders_count > 0"
    )
    staged = sorted(customer for segment, customer in members if segment in STAGES)
    assert staged == sorted(row[0] for row in buyers)


def a_buyer(engine: Engine, *days_ago: float) -> int:
    """A customer with an order of 100 CNY on each of these days before AS_OF."""
    [[customer_id]] = execute(
        engine, "insert into customers default values returning customer_id"
    )
    for days in days_ago:
        execute(
            engine,
            "insert into orders (source, order_number, status, ordered_at, updated_at,"
            " currency, amount, customer_id) values ('shop', gen_random_uuid(),"
            " 'finished', :at, :at, 'CNY', 100, :id)",
            at=AS_OF - timedelta(days=days),
            id=customer_id,
        )
    return int(customer_id)


def segments_of(engine: Engine, customer_id: int) -> set[str]:
    return {segment for segment, customer in stored(engine) if customer == customer_id}


STANDING: dict[tuple[float, ...], set[str]] = {
    (): set(),
    (1,): {"new"},
    (89,): {"new"},
    (90,): {"one_time", "slipping"},
    (200,): {"one_time", "lapsed"},
    (400,): {"one_time", "lost"},
    (30, 60): {"active"},
    (100, 130): {"slipping"},
    # Every ten days counts as every fifteen: late after 30, lapsed after 60.
    (20, 30, 40): {"active"},
    (31, 41, 51): {"slipping"},
    (61, 71, 81): {"lapsed"},
    (121, 131, 141): {"lost"},
    # Every hundred days: not late before two hundred have passed.
    (190, 290, 390, 490): {"active", "loyal"},
    (390, 490, 590, 690): {"slipping", "loyal"},
    (410, 510, 610, 710): {"lapsed"},
}


def test_where_buyers_stand(engine: Engine) -> None:
    buyers = {days_ago: a_buyer(engine, *days_ago) for days_ago in STANDING}
    rich = a_buyer(engine, *range(9))
    refreshed(engine, AS_OF)
    found = {days_ago: segments_of(engine, one) for days_ago, one in buyers.items()}
    assert found == STANDING
    assert segments_of(engine, rich) == {"active", "vip"}


def test_a_buyer_lapses_by_doing_nothing_and_history_stays(engine: Engine) -> None:
    one = a_buyer(engine, 0)
    refreshed(engine, AS_OF)
    later = AS_OF + timedelta(days=90)
    moved = segments.refresh(engine, later)
    assert moved["new"] == segments.Moved(0, 1, 0)
    assert moved["slipping"] == segments.Moved(1, 0, 1)
    assert execute(engine, "select recheck_at from segment_rechecks") == [
        (AS_OF + timedelta(days=180),)
    ]
    assert execute(
        engine,
        "select joined_at, left_at from segment_members"
        " where customer_id = :id and segment = 'new'",
        id=one,
    ) == [(AS_OF, later)]


def test_nobody_is_judged_when_nothing_changed_and_no_time_has_come(
    engine: Engine,
) -> None:
    a_buyer(engine, 1)
    refreshed(engine, AS_OF)
    execute(engine, "update customer_facts set orders_count = 0")
    moved = segments.refresh(engine, AS_OF + timedelta(hours=1))
    assert moved["new"] == segments.Moved(0, 0, 1)
    moved = segments.refresh(engine, AS_OF + timedelta(hours=2), full=True)
    assert moved["new"] == segments.Moved(0, 1, 0)


def test_a_changed_file_judges_everybody_for_that_segment_alone(
    engine: Engine, room: Path
) -> None:
    one = a_buyer(engine, 100)
    refreshed(engine, AS_OF)
    execute(engine, "update customer_facts set orders_count = 9")
    written = (room / "segments/new.sql").read_text()
    edit(room, "segments/new.sql", written.replace("90", "120").replace("= 1", "> 1"))
    assert segments.refresh(engine, AS_OF)["new"] == segments.Moved(1, 0, 1)
    assert segments_of(engine, one) == {"new", "slipping", "one_time"}
    # The new text also says when to look again, sooner than the others do.
    later = AS_OF + timedelta(days=20)
    assert segments.refresh(engine, later)["new"] == segments.Moved(0, 1, 0)


def test_a_file_without_recheck_is_judged_in_full_each_time(
    engine: Engine, room: Path
) -> None:
    edit(
        room,
        "segments/recent.sql",
        "-- Who bought within ten days?\nselect customer_id,"
        " last_order_at > :as_of - interval '10 days' as is_recent"
        " from customer_facts;\n",
    )
    a_buyer(engine, 1)
    assert refreshed(engine, AS_OF)["recent"] == segments.Moved(1, 0, 1)
    later = segments.refresh(engine, AS_OF + timedelta(days=30))
    assert later["recent"] == segments.Moved(0, 1, 0)


def test_a_file_that_reads_orders_sees_changes_that_are_no_facts(
    engine: Engine, room: Path
) -> None:
    edit(
        room,
        "segments/waiting.sql",
        "-- Who waits for a parcel?\nselect customer_id,"
        " bool_or(status = 'shipped') as is_waiting,"
        " cast(null as timestamptz) as recheck_at from orders group by customer_id;\n",
    )
    a_buyer(engine, 1)
    assert refreshed(engine, AS_OF)["waiting"] == segments.Moved(0, 0, 0)
    execute(engine, "update orders set status = 'shipped'")
    assert refreshed(engine, AS_OF)["waiting"] == segments.Moved(1, 0, 1)


def test_a_file_that_compares_customers_is_shown_all_of_them(
    engine: Engine, room: Path
) -> None:
    edit(
        room,
        "segments/first.sql",
        "-- Who spent most of all in their time zone?\n"
        "select distinct on (timezone) customer_id, true as is_first,"
        " cast(null as timestamptz) as recheck_at from customer_facts"
        " order by timezone, spent desc;\n",
    )
    one, two = a_buyer(engine, 1, 2, 3), a_buyer(engine, 1)
    assert refreshed(engine, AS_OF)["first"] == segments.Moved(1, 0, 1)
    # Only this one is looked at again, and is not the first of those few.
    execute(engine, "update orders set amount = 101 where customer_id = :id", id=two)
    assert refreshed(engine, AS_OF)["first"] == segments.Moved(0, 0, 1)
    assert "first" in segments_of(engine, one)


@pytest.mark.parametrize(
    ("read", "by_row"),
    [
        ("customer_facts", True),
        ("customer_facts as facts\ncross join thresholds", True),
        (
            "(select customer_facts.customer_id, customer_facts.spent from"
            " customer_facts) as facts",
            True,
        ),
        ("customer_facts as one,customer_facts as other", False),
        ("customer_facts cross join (customer_facts as other)", False),
        ("customer_facts as one join customer_facts as other using (country)", False),
        ("customer_facts order by spent limit 10", False),
        ("orders", False),
    ],
)
def test_files_that_look_at_one_row_of_facts_are_told(read: str, by_row: bool) -> None:
    one = definition.Definition("segment", "x", "Who?", f"select 1 from {read}")
    assert one.reads_facts_by_row is by_row


def test_a_removed_file_empties_its_segment(engine: Engine, room: Path) -> None:
    one = a_buyer(engine, 1)
    refreshed(engine, AS_OF)
    (room / "segments/new.sql").unlink()
    sql.query.cache_clear()
    assert "new" not in segments.refresh(engine, AS_OF)
    assert segments_of(engine, one) == set()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("-- Who?\nselect 1 as customer_id,\n  nonsense as x", r"line 3: column .*ns"),
        ("-- Who?\nselect 1 as customer_id, 'x' as city", "'city' is neither true nor"),
        ("-- Who?\nselect true as is_big", "returns no column customer_id"),
        ("-- Who?\nselect unnest(array[1, 1]) as customer_id", "more than once"),
        ("-- Who?\nselect 1 / 0 as customer_id", "division by zero"),
    ],
)
def test_a_wrong_file_is_named_and_stops_no_other(
    engine: Engine, room: Path, written: str, message: str
) -> None:
    one = a_buyer(engine, 1)
    refreshed(engine, AS_OF)
    edit(room, "segments/new.sql", written)
    execute(engine, "update orders set ordered_at = :at", at=AS_OF - timedelta(days=95))
    facts.refresh(engine, AS_OF, standards=STANDARDS)
    with pytest.raises(segments.SegmentsFailed, match=rf"sql/segments/new.*{message}"):
        segments.refresh(engine, AS_OF)
    assert segments_of(engine, one) == {"new", "slipping", "one_time"}
    edit(room, "segments/new.sql", "-- Who?\nselect customer_id from customers limit 0")
    segments.refresh(engine, AS_OF)
    assert segments_of(engine, one) == {"slipping", "one_time"}


def test_a_time_that_cannot_be_computed_is_named_and_spoils_no_other(
    engine: Engine, room: Path
) -> None:
    one = a_buyer(engine, 1)
    written = """-- Who?
select customer_id, orders_count > 5 as is_in,
    :as_of + interval '1 day' / (orders_count - 1) as recheck_at
from customer_facts"""
    edit(room, "segments/new.sql", written)
    facts.refresh(engine, AS_OF, standards=STANDARDS)
    with pytest.raises(segments.SegmentsFailed, match=r"new\.sql.*division by zero"):
        segments.refresh(engine, AS_OF, full=True)
    assert segments_of(engine, one) == set()
    # The other files' times were kept: a first-time buyer is one-time after 90 days.
    with pytest.raises(segments.SegmentsFailed):
        segments.refresh(engine, AS_OF + timedelta(days=90))
    assert segments_of(engine, one) == {"one_time", "slipping"}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("select 1 as customer_id", r"line 1: 'select 1.*begin with a comment"),
        ("-- Who?\nselect 1 as customer_id, :days > 3", "':days' is filled by nobody"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_moves(
    engine: Engine, room: Path, written: str, message: str
) -> None:
    edit(room, "segments/new.sql", written)
    with pytest.raises(definition.DefinitionError, match=message):
        segments.refresh(engine, AS_OF)


def test_an_explanation_shows_every_rule_and_what_is_unknown(engine: Engine) -> None:
    one = a_buyer(engine, 1)
    nobody = a_buyer(engine)
    refreshed(engine, AS_OF)
    shown = {e.segment: e for e in segments.explain(engine, one, AS_OF)}
    assert shown["new"].is_member and shown["new"].joined_at == AS_OF
    assert shown["new"].rules == {"bought_once": True, "is_recent": True}
    assert shown["new"].recheck_at == AS_OF + timedelta(days=89)
    assert not shown["loyal"].is_member
    unknown = {e.segment: e for e in segments.explain(engine, nobody, AS_OF)}
    assert unknown["new"].rules == {"bought_once": False, "is_recent": None}


def test_an_explanation_of_the_past_knows_nothing_later(engine: Engine) -> None:
    then = AS_OF - timedelta(days=50)
    one = a_buyer(engine, 60)
    refreshed(engine, then)
    execute(
        engine,
        "insert into orders (source, order_number, status, ordered_at, updated_at,"
        " currency, amount, customer_id) values ('shop', 'later', 'finished', :at, :at,"
        " 'CNY', 100, :id)",
        at=AS_OF,
        id=one,
    )
    refreshed(engine, AS_OF)
    told = segments.explain(engine, one, then, then=True, standards=STANDARDS)
    new = next(one for one in told if one.segment == "new")
    assert new.rules == {"bought_once": True, "is_recent": True}
    assert new.is_member and new.joined_at == then
    today = segments.explain(engine, one, AS_OF)
    assert not next(one for one in today if one.segment == "new").is_member


def test_a_limit_taken_from_everybody_stays_for_a_month(engine: Engine) -> None:
    for _ in range(10):
        a_buyer(engine, 1)
    refreshed(engine, AS_OF)
    rich = a_buyer(engine, *range(50))
    refreshed(engine, AS_OF + timedelta(days=29))
    assert "vip" in segments_of(engine, rich)
    limit = "select value from thresholds where threshold = 'vip_spent'"
    assert execute(engine, limit) == [(100,)]
    refreshed(engine, AS_OF + timedelta(days=30))
    assert execute(engine, limit) == [(5000,)]
