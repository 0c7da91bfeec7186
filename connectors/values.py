"""Values as platforms write them: read once, strictly; what is odd is named."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
# Provinces with a country code of their own.
REGIONS = {"香港特别行政区": "HK", "澳门特别行政区": "MO", "台湾省": "TW"}
# How platforms say "never": nothing, zero, or the first day of some calendar.
NO_DAYS = ("0000-", "0001-", "1970-01-01")
EPOCH, EPOCH_UTC = datetime(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)
FEN = Decimal("0.01")
NO_TEXT = (bool, dict, list)
# Equal ones are written alike, by which they are remembered; True equals 1 as well.
EXACT = (int, str)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
# Seconds reach this in the year 5138, milliseconds did in 1973.
MILLISECONDS_FROM = 100_000_000_000


class Problems(list[str]):
    """What could not be read in one record; `text` goes into `problem`."""

    def add(self, field: str, value: object, wanted: str) -> None:
        """Note that `field` holds `value` where there should be `wanted`."""
        self.append(f"{field}: {str(value)[:40]!r} is not {wanted}")

    @property
    def text(self) -> str | None:
        """All of them in one line, None when there is nothing to say."""
        return "; ".join(self) if self else None


def part(record: Any, name: str) -> dict[str, Any]:
    """The object `name` inside `record`, empty when there is none."""
    found = record.get(name) if isinstance(record, dict) else None
    return found if isinstance(found, dict) else {}


def parts(record: Any, name: str, problems: Problems) -> list[dict[str, Any]]:
    """The list of objects `name` inside `record`, empty when there is none."""
    found = record.get(name) if isinstance(record, dict) else None
    if not found:
        return []
    if not isinstance(found, list):
        problems.add(name, found, "a list of objects")
        return []
    for one in found:
        if not isinstance(one, dict):
            problems.add(name, found, "a list of objects")
            return [one for one in found if isinstance(one, dict)]
    return found


def text(value: Any) -> str | None:
    """Stripped text, or a number as text; None when nothing is left."""
    if not isinstance(value, str):
        if value is None or isinstance(value, NO_TEXT):
            return None
        return str(value)
    # Postgres cannot store U+0000 in text.
    if "\x00" in value:
        value = value.replace("\x00", "")
    return value.strip() or None


def moment(
    value: Any, field: str, problems: Problems, zone: tzinfo = CHINA
) -> datetime | None:
    """UTC of `2026-01-01 12:00:00` in `zone`; None for the many ways of "never"."""
    if not value or value == "0":
        return None
    if value.__class__ is str and value.startswith(NO_DAYS):
        return None
    try:
        return _in_utc(datetime.fromisoformat(value), zone)
    except (TypeError, ValueError, OverflowError):
        problems.add(field, value, "a time")
        return None


def _in_utc(time: datetime, zone: tzinfo) -> datetime:
    """UTC of a time, which is in `zone` if it does not say where.

    Records are full of times, and replace() with astimezone() takes four times as long.
    """
    if time.tzinfo:
        return time.astimezone(UTC)
    offset = zone.utcoffset(time)
    assert offset is not None
    return EPOCH_UTC + (time - EPOCH - offset)


def in_china(time: datetime) -> str:
    """`2026-01-01 12:00:00`: China time, as many parameters want it."""
    return time.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def day_after(time: datetime) -> str:
    """The first date that begins after `time` in every time zone, `2026-01-31`."""
    # The easternmost begins its dates fourteen hours before UTC does.
    return f"{time.astimezone(UTC) + timedelta(hours=14 + 24):%Y-%m-%d}"


def epoch(value: Any, field: str, problems: Problems) -> datetime | None:
    """UTC of seconds or milliseconds since 1970, told apart by their size."""
    if value.__class__ is int and 0 < value < MILLISECONDS_FROM:
        return datetime.fromtimestamp(value, UTC)
    if value in (None, "", 0, "0"):
        return None
    try:
        number = int(value)
        seconds = number / 1000 if abs(number) >= MILLISECONDS_FROM else number
        return datetime.fromtimestamp(seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        problems.add(field, value, "a time in seconds since 1970")
        return None


def number(value: Any, field: str, problems: Problems) -> Decimal | None:
    """An exact decimal, from text or a JSON number; never by way of a float."""
    if value is None or value == "":
        return None
    read = _decimal(value if value.__class__ in EXACT else str(value))
    if read is None:
        problems.add(field, value, "a number")
    return read


# A shop has far fewer prices than order lines.
@lru_cache(maxsize=10_000)
def _decimal(given: int | str) -> Decimal | None:
    return Decimal(given) if NUMBER.fullmatch(str(given)) else None


def fen(value: Any, field: str, problems: Problems) -> Decimal | None:
    """Yuan of a whole number of fen, exactly."""
    if value is None or value == "":
        return None
    yuan = _yuan(value if value.__class__ in EXACT else str(value))
    if yuan is None and number(value, field, problems) is not None:
        problems.add(field, value, "a whole number of fen")
    return yuan


@lru_cache(maxsize=10_000)
def _yuan(given: int | str) -> Decimal | None:
    amount = _decimal(given)
    if amount is None or amount != amount.to_integral_value():
        return None
    return amount * FEN


def country(province: Any) -> str | None:
    """The country code of a province as Chinese platforms name it; None for none."""
    name = text(province)
    return REGIONS.get(name, "CN") if name else None
