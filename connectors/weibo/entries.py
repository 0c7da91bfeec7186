"""One row of an interaction, the same for what is listed and what is pushed."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from connectors.base import Row
from connectors.values import Problems

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
    try:
        day_name, month, day, time, zone, year = given.split()
        written = f"{day_name}, {day} {month} {year} {time} {zone}"
        return parsedate_to_datetime(written).astimezone(UTC)
    except (AttributeError, TypeError, ValueError, OverflowError):
        problems.add("created_at", given, "a time like Wed Jun 01 00:50:25 +0800 2011")
        return None
