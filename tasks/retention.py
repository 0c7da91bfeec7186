"""What is old is deleted or put away, a little at a time, so that nobody waits."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Engine

from tasks.database import run

Subject = Literal["quarantine", "messages", "clicks", "words", "memberships"]

# How many days each is kept; sql/retention/<subject>.sql says what happens to it.
KEPT: dict[Subject, int] = {
    "quarantine": 180,
    "messages": 365,
    "clicks": 730,
    "words": 730,
    "memberships": 1095,
}
# Rows per transaction: a fraction of a second, and no lock is held for longer.
AT_ONCE = 5_000


def apply(
    engine: Engine,
    now: datetime,
    kept: Mapping[Subject, int] = KEPT,
    at_once: int = AT_ONCE,
) -> dict[str, int]:
    """Put away what is older than `kept` days; returns rows by subject.

    Killed anywhere, the next run goes on. Rows that somebody works with are passed
    over until then. Staging has its own broom: `tasks.ingest.land.tidy`.
    """
    return {
        subject: _put_away(engine, subject, now - timedelta(days=days), at_once)
        for subject, days in kept.items()
    }


def _put_away(
    engine: Engine, subject: Subject, older_than: datetime, at_once: int
) -> int:
    done = 0
    while True:
        with engine.begin() as connection:
            values = {"older_than": older_than, "most": at_once}
            moved = run(connection, f"retention/{subject}", **values).rowcount
        done += moved
        if moved < at_once:
            return done
