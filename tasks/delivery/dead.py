"""Messages that failed for good: listed with their reason, released by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tasks.database import rows, run


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that no machine tries again."""

    touch_id: int
    campaign: str
    step: str
    customer_id: int
    channel: str
    reason: str | None
    has_void_reward: bool
    """The code in it is no good any more, so that it cannot be released."""


def letters(connection: Connection, campaign: str | None = None) -> list[Dead]:
    """What failed for good, of one campaign or of all."""
    return [Dead(**row) for row in rows(connection, "ledger/dead", campaign=campaign)]


def release(
    connection: Connection, touch_ids: Sequence[int], by: str, at: datetime
) -> int:
    """Try these again from `at` on; returns how many had failed and may be tried."""
    reason = f"released by {by}"
    ids = list(touch_ids)
    found = run(connection, "ledger/release", ids=ids, reason=reason, at=at)
    return int(found.scalar_one())
