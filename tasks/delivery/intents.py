"""The intent to send, noted before the provider is called; and why there is none."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg2.errors import UniqueViolation
from sqlalchemy import Connection

from tasks.database import array, numbers, rows, run_prepared
from tasks.delivery.orders import Row
from tasks.delivery.settle import Lane, Line
from tasks.planning.wording import Say

REFUSED = ("suppressed", "no_consent", "no_profiling")
UNLESS_TAKEN = "on conflict do nothing"
"""Costs a third of the intent, and a fresh order has nothing that could be taken."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Rows without an intent: those that end so, and those that wait."""

    lines: list[Line] = field(default_factory=list)
    later: list[Row] = field(default_factory=list)
    """They wait for an earlier message to the same customer."""


class Intents:
    """Notes intents under one lease, where nobody has refused by now."""

    def __init__(self, lane: Lane, lease_id: int, wording: Say) -> None:
        self._lane = lane
        self._lease_id = lease_id
        self._wording = wording

    def note(
        self, connection: Connection, wanted: Sequence[Row], is_fresh: bool
    ) -> set[int]:
        """Note the intent to send these; returns the touch_ids that may be sent.

        `is_fresh`: of an order that nobody has touched, so that none can be taken.
        """
        if not wanted:
            return set()
        binds = self._binds(wanted) | {"lease": self._lease_id}
        afters = [row.after_id for row in wanted]
        binds["afters"] = numbers(afters) if any(afters) else "{}"
        if is_fresh:
            try:
                with _savepoint(connection):
                    found = run_prepared(
                        connection, "deliver/attempt", UNLESS_TAKEN, **binds
                    )
                    return {touch_id for (touch_id,) in found}
            except UniqueViolation:
                log.warning("lease %s met another worker", self._lease_id)
        found = run_prepared(connection, "deliver/attempt", **binds)
        return {touch_id for (touch_id,) in found}

    def held_back(self, connection: Connection, missing: Sequence[Row]) -> HeldBack:
        """Why there is no intent for these."""
        held = HeldBack()
        if not missing:
            return held
        found = rows(connection, "deliver/held_back", **self._binds(missing))
        reasons = {row["touch_id"]: row["reason"] for row in found}
        for row in missing:
            # What is taken by another worker stays in the order until it is settled.
            if (reason := reasons[row.touch_id]) in REFUSED:
                held.lines.append((row.touch_id, 0, "skipped", reason, None))
            elif reason == "after_another":
                held.later.append(row)
        return held

    def _binds(self, wanted: Sequence[Row]) -> dict[str, Any]:
        basis = self._wording.basis(wanted[0].words_of)
        return {
            "ids": numbers([row.touch_id for row in wanted]),
            "numbers": numbers([row.number + 1 for row in wanted]),
            "addresses": array([row.address for row in wanted]),
            "identifiers": numbers([row.identifier_id for row in wanted]),
            "channel": self._lane.channel.name,
            "consent_name": self._lane.channel.consent,
            "purpose": basis.purpose,
            "profiling": basis.profiling,
        }


@contextmanager
def _savepoint(connection: Connection) -> Iterator[None]:
    """As `begin_nested`, in one call; it is released with the transaction."""
    cursor: Any = connection.connection.cursor()
    cursor.execute("savepoint intent")
    try:
        yield
    except UniqueViolation:
        cursor.execute("rollback to savepoint intent")
        raise
