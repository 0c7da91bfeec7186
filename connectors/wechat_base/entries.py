"""One row of an interaction, the same for what is listed and what is pushed."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import orjson

from connectors.base import Row
from connectors.values import Problems

COLUMNS = (
    *("place", "problem", "kind", "interaction_key", "happened_at", "account"),
    *("more_identifiers", "body", "code"),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def entry(
    place: str | None,
    problems: Problems,
    *,
    kind: str | None,
    key: str | None,
    at: datetime | None,
    account: str | None,
    who: str | None,
    body: str | None = None,
    code: str | None = None,
) -> Row:
    """The values of `COLUMNS`; `who` is the JSON of `identifiers`."""
    return (place, problems.text, kind, key, at, account, who, body, code)


def identifiers(given: Iterable[tuple[str, str, str | None]]) -> str | None:
    """JSON of (kind, scope, value), without those that have no value."""
    found = [
        {"kind": kind, "scope": scope, "value": value}
        for kind, scope, value in given
        if value
    ]
    return orjson.dumps(found).decode() if found else None


def joined(*parts: str | None) -> str | None:
    """A key of parts, all of which must be there."""
    known = [one for one in parts if one]
    return "-".join(known) if len(known) == len(parts) else None


def hour_of(at: datetime | None) -> str | None:
    """The hour, for keys of what a push and a list tell both.

    Their clocks may differ by seconds, and nobody joins twice an hour.
    """
    return str((at - EPOCH) // timedelta(hours=1)) if at else None
