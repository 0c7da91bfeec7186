"""Values are read strictly and exactly; what cannot be read is named."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from connectors.values import (
    CHINA,
    Problems,
    day_after,
    epoch,
    fen,
    moment,
    number,
    parts,
)

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize("zone", [CHINA, UTC, NEW_YORK], ids=str)
@pytest.mark.parametrize(
    "written",
    [
        "2026-07-01 12:34:56.789",
        "2026-01-01T00:00:00",
        "2026-03-08 02:30:00",  # which the clocks of New York leave out
        "2026-11-01 01:30:00",  # which they have twice
        "1988-07-01 12:00:00",  # when China had summer time
        "2026-05-06",
        "2026-05-06T01:02:03+05:30",
    ],
)
def test_a_time_is_what_the_zone_says(written: str, zone: ZoneInfo) -> None:
    read = datetime.fromisoformat(written)
    wanted = read if read.tzinfo else read.replace(tzinfo=zone)
    found = moment(written, "paid", Problems(), zone)
    assert found == wanted.astimezone(UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "written", ["9999-12-31 23:59:59-05:00", "yesterday", 20260101, ["2026-01-01"]]
)
def test_a_time_that_is_none_is_named(written: object) -> None:
    problems = Problems()
    assert moment(written, "paid", problems) is None
    assert problems.text and problems.text.startswith("paid: ")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (1_323_478_800, datetime(2011, 12, 10, 1, tzinfo=UTC)),
        ("1323478800123", datetime(2011, 12, 10, 1, 0, 0, 123_000, tzinfo=UTC)),
        (-86_400, datetime(1969, 12, 31, tzinfo=UTC)),
    ],
)
def test_seconds_and_milliseconds_are_told_apart(
    given: int | str, wanted: datetime
) -> None:
    assert epoch(given, "paid", Problems()) == wanted


@pytest.mark.parametrize("given", [10**30, -(10**15), "soon", float("inf"), [1]])
def test_seconds_that_are_no_time_are_named(given: object) -> None:
    problems = Problems()
    assert epoch(given, "paid", problems) is None
    assert problems


def test_numbers_are_exact_however_they_are_written() -> None:
    problems = Problems()
    for given in ("19.90", 2, -3, "0.1", 10**40):
        assert number(given, "price", problems) == Decimal(str(given))
    assert fen(1_990, "price", problems) == Decimal("19.90")
    assert fen("9" * 40, "price", problems) is not None
    assert not problems


@pytest.mark.parametrize("given", [True, "1e5", "１", "12 ", [1], float("nan")])
def test_what_is_no_number_is_named_each_time(given: object) -> None:
    for _ in range(2):
        problems = Problems()
        assert number(given, "price", problems) is None
        assert problems


def test_what_equals_a_number_that_was_read_is_read_for_itself() -> None:
    for read in (number, fen):
        assert read(1, "price", problems := Problems()) and not problems
        assert read(True, "price", problems) is None and problems
    assert str(number(7, "price", Problems())) == "7"
    assert str(number(7.0, "price", Problems())) == "7.0"


def test_a_list_that_is_not_all_objects_is_named() -> None:
    for found in ([{}, 1], {"a": 1}, "text"):
        problems = Problems()
        assert parts({"lines": found}, "lines", problems) == [{}] * (found == [{}, 1])
        assert problems
    assert parts({"lines": None}, "lines", problems := Problems()) == []
    assert parts({}, "lines", problems) == [] and not problems


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_day_after_begins_after_it_everywhere_and_soon(zone: str) -> None:
    for hour in range(24):
        time = datetime(2026, 2, 27, hour, 30, tzinfo=UTC)
        begins = datetime.fromisoformat(day_after(time)).replace(tzinfo=ZoneInfo(zone))
        assert time < begins <= time + timedelta(hours=26 + 24 + 12)
