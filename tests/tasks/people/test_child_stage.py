"""A tag that moves by itself; tags that staff take out and put in by the file."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tasks.people import facts, segments, staff_tags, tags
from tasks.people.staff_tags import Given

BORN = datetime(2024, 5, 1, tzinfo=UTC)
STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")


def a_customer(engine: Engine) -> int:
    with engine.begin() as connection:
        return int(
            connection.exec_driver_sql(
                "insert into customers default values returning customer_id"
            ).scalar_one()
        )


def born(engine: Engine, customer_id: int, on: str) -> None:
    given = [Given(1, str(customer_id), "child_birthday", on)]
    staff_tags.give(engine, given, "lin", BORN)


def stage(engine: Engine, customer_id: int, now: datetime) -> Any:
    facts.refresh(engine, now, standards=STANDARDS)
    tags.refresh(engine, now)
    segments.refresh(engine, now)
    with engine.connect() as connection:
        found = tags.of_customer(connection, customer_id)
    return next((r["value"] for r in found if r["tag"] == "child_stage"), None)


def test_the_stage_of_a_child_moves_by_itself(engine: Engine) -> None:
    one = a_customer(engine)
    assert stage(engine, one, BORN - timedelta(days=100)) is None
    born(engine, one, "2024-05-01")
    told = [
        stage(engine, one, BORN + timedelta(days=days))
        for days in (-90, -1, 0, 364, 365, 1094, 1095, 6 * 366, 17 * 365, 6600)
    ]
    assert told == [
        *("expecting", "expecting", "baby", "baby", "toddler"),
        *("toddler", "preschool", "school", "teenager", None),
    ]


def test_typing_errors_break_nothing(engine: Engine) -> None:
    two, odd = a_customer(engine), a_customer(engine)
    born(engine, two, "2023-02-30")
    born(engine, odd, "last May")
    assert stage(engine, two, BORN) == "toddler"
    assert stage(engine, odd, BORN) is None


def test_an_exported_file_can_be_imported(engine: Engine) -> None:
    one, two = a_customer(engine), a_customer(engine)
    until = datetime(2027, 1, 1, tzinfo=UTC)
    given = [
        Given(1, str(one), "茶友", 'says "hi", often', until),
        Given(2, str(two), "送礼"),
    ]
    staff_tags.give(engine, given, "lin", BORN)
    written = io.StringIO()
    assert staff_tags.export(engine, written) == 2
    read = staff_tags.read(io.StringIO(written.getvalue()), "tags.csv")
    assert [(g.customer, g.tag, g.value, g.expires_at) for g in read] == [
        (str(one), "茶友", 'says "hi", often', until),
        (str(two), "送礼", "", None),
    ]
    assert staff_tags.give(engine, read, "lin", BORN) == []


@pytest.mark.parametrize(
    ("tag", "origin", "count"), [("茶友", "staff", 1), (None, "rule", 0)]
)
def test_a_part_of_the_tags_can_be_exported(
    engine: Engine, tag: str | None, origin: str, count: int
) -> None:
    one = a_customer(engine)
    staff_tags.give(engine, [Given(1, str(one), "茶友")], "lin", BORN)
    staff_tags.give(engine, [Given(1, str(one), "送礼")], "lin", BORN)
    assert staff_tags.export(engine, io.StringIO(), tag, origin) == count
