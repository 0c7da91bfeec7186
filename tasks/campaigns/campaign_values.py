"""The values of campaign.yaml that are more than text: times, quiet hours, exits."""

import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

UNITS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
DURATION = re.compile(r"(\d{1,4}) (minute|hour|day|week)s?")
# The fields of a cron line, with their lowest and highest numbers.
CRON = (
    *(("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31)),
    *(("month", 1, 12), ("day of the week", 0, 7)),
)
CRON_PART = r"(\*|\d+(-\d+)?)(/[1-9]\d*)?"
CRON_FIELD = re.compile(rf"{CRON_PART}(,{CRON_PART})*")
# Written by hand in campaign.yaml; bound to `:name` in audience.sql.
Param = bool | int | Decimal | date | timedelta | str


class Strict(BaseModel):
    """Unknown keys are refused, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to `end` of the customer's own clock nothing is sent."""

    start: time
    end: time


class Span(timedelta):
    """A length of time that people read in its largest unit up to days: `7 days`."""

    def __str__(self) -> str:
        for unit, seconds in [*UNITS.items()][2::-1]:
            if self.total_seconds() % seconds == 0:
                number = round(self.total_seconds() / seconds)
                return f"{number} {unit if number != 1 else unit[:-1]}"
        return super().__str__()


def as_duration(value: object) -> object:
    """`7 days` as a Span; raises ValueError that says how to write it."""
    if isinstance(value, timedelta):
        return value
    found = DURATION.fullmatch(str(value))
    if not found:
        raise ValueError(f"write a number and one of {', '.join(UNITS)}: 7 days")
    return Span(seconds=int(found[1]) * UNITS[f"{found[2]}s"])


def as_param(value: object) -> Param:
    """A value of `params` with its type; raises ValueError for lists and the like."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, str) and DURATION.fullmatch(value):
        value = as_duration(value)
    if isinstance(value, bool | int | Decimal | date | timedelta | str):
        return value
    raise ValueError("a param is one number, text, day, true, false or time (7 days)")


def as_quiet_hours(value: object) -> object:
    """`21:00-09:00` as QuietHours, `none` as None; raises ValueError otherwise."""
    if value is None or isinstance(value, QuietHours):
        return value
    if value == "none":
        return None
    found = re.fullmatch(r"(\d\d:\d\d) ?[-–] ?(\d\d:\d\d)", str(value))
    try:
        start, end = (time.fromisoformat(one) for one in found.groups())  # type: ignore[union-attr]
    except (AttributeError, ValueError):
        raise ValueError("quiet hours look like 21:00-09:00, or none") from None
    return QuietHours(start, end)


def as_schedule(value: object) -> object:
    """A cron line of five fields as text; raises ValueError that says what is wrong."""
    fields = str(value).split()
    if len(fields) != len(CRON):
        raise ValueError(
            f"write five fields, {', '.join(name for name, *_ in CRON)}: 0 15 * * *"
        )
    for field, (name, lowest, highest) in zip(fields, CRON, strict=True):
        if not CRON_FIELD.fullmatch(field) or not all(
            lowest <= int(number) <= highest
            for number in re.findall(r"(?<!/)\b\d+", field)
        ):
            raise ValueError(
                f'"{field}" is no {name}: numbers from {lowest} to {highest}, *, 1-5, '
                "1,3 or */2"
            )
    return " ".join(fields)


def as_exits(value: object) -> object:
    """`goal` or `[goal, refunded]` as a tuple of names."""
    return (value,) if isinstance(value, str) else value
