"""One row of an interaction, the same for what is listed and what is pushed."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from connectors.base import Row
from connectors.values import Problems

# Whatever language the machine speaks.
MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
COLUMNS = (
    *("place", "problem", "kind", "interaction_key", "happened_at", "account"),
    *("more_identifiers", "body", "code"),
)


def entry(
    place: str | None,
    problems: Problems,
    *,
    kind: str | None,
    key: str | None,
    at: datetime | None,
    account: str | None,
    uid: str | None,
    body: str | None = None,
    code: str | None = None,
) -> Row:
    """The values of `COLUMNS`; `uid` is who did it, unique in all of Weibo."""
    who = [{"kind": "weibo_uid", "scope": "", "value": uid}] if uid else None
    identifiers = orjson.dumps(who).decode() if who else None
    return (place, problems.text, kind, key, at, account, identifiers, body, code)


def written_at(record: Any, problems: Problems) -> datetime | None:
    """UTC of `created_at`, which goes `Wed Jun 01 00:50:25 +0800 2011`."""
    given = record.get("created_at")
    if not given:
        return None
    found = moment_of(given)
    if found is None:
        problems.add("created_at", given, "a time like Wed Jun 01 00:50:25 +0800 2011")
    return found


def moment_of(given: Any) -> datetime | None:
    """UTC of such a time, None for whatever else is given."""
    return _read(given) if isinstance(given, str) else None


# Whoever walks the list asks for it, and whoever makes the row.
@lru_cache(maxsize=10_000)
def _read(given: str) -> datetime | None:
    try:
        _, month, day, time, zone, year = given.split()
        number = MONTHS.index(month) + 1
        written = f"{year}-{number:02}-{day:0>2}T{time}{zone}"
        return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
