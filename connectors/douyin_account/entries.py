"""One row of an interaction, the same for what is listed and what is pushed."""

from datetime import datetime

import orjson

from connectors.base import Row
from connectors.values import Problems

COLUMNS = (
    *("place", "problem", "kind", "interaction_key", "happened_at", "account"),
    *("more_identifiers", "body"),
)


def entry(
    place: str | None,
    problems: Problems,
    *,
    kind: str | None,
    key: str | None,
    at: datetime | None,
    account: str,
    app: str,
    open_id: str | None,
    body: str | None,
) -> Row:
    """The values of `COLUMNS`; an open_id means something only within its `app`."""
    who = {"kind": "openid", "scope": app, "value": open_id}
    identifiers = orjson.dumps([who]).decode() if open_id else None
    return (place, problems.text, kind, key, at, account, identifiers, body)
