"""Learns from the journals of dead workers what they had heard, and settles it."""

from collections import defaultdict
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, RowMapping

from tasks.channels.base import Message, Outcome, Result
from tasks.database import rows, run
from tasks.delivery.journal import Notes, orphans
from tasks.delivery.orders import LOST
from tasks.delivery.settle import Lane, settle


def recover(engine: Engine, lane: Lane, folder: Path, at: datetime) -> int:
    """Settle what dead workers of this host and lane left; returns how many messages.

    What came back is written as it was said; what had not left goes out again; what
    had left without an answer is in doubt. Safe to run twice and by two at once.
    """
    settled = 0
    for notes, path in orphans(folder):
        with engine.begin() as connection:
            found = run(connection, "deliver/lost_lease", worker=notes.worker).scalar()
            if found is None:
                # Not of this database: not ours to judge.
                continue
            settled += _settle(connection, lane, notes, found, at)
        path.unlink()
    return settled


def _settle(
    connection: Connection, lane: Lane, notes: Notes, lease_id: int, at: datetime
) -> int:
    noted = [touch_id for touch_id, _ in notes.left]
    binds = {"lease": lease_id, "noted": noted, "lost": f"unknown_outcome: {LOST}"}
    lost = rows(connection, "deliver/lost_attempts", **binds)
    by_chunk: dict[int | None, list[Result]] = defaultdict(list)
    for row in lost:
        result = _result(row, notes)
        if result:
            by_chunk[row["chunk_id"]].append(result)
    for chunk_id, results in by_chunk.items():
        settle(connection, lane, results, at, chunk_id)
    return sum(map(len, by_chunk.values()))


def _result(row: RowMapping, notes: Notes) -> Result | None:
    """What the notes say of one attempt; None: nothing that is not known already."""
    message = Message(
        touch_id=row["touch_id"],
        number=row["number"],
        key=row["key"],
        address=row["address"],
        refusals=row["refusals"],
    )
    key = (message.touch_id, message.number)
    said = notes.left.get(key)
    if said:
        return Result(message, *said)
    judged = row["is_judged_by_others"]
    if judged is False:
        # The dead worker settled it as in doubt itself, and struck it from its notes.
        return None
    if key in notes.left or not notes.is_complete:
        unclear = Result(message, Outcome.UNKNOWN_OUTCOME, "the worker died")
        return None if judged else unclear
    # Its order is still open, unless another worker took it for doubtful.
    is_ordered = row["chunk_id"] is not None and not judged
    reason = None if is_ordered else "the worker died before"
    return Result(message, Outcome.NOT_SENT, reason)
