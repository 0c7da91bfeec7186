"""The intent to send, noted before the provider is called; and why there is none."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from tasks.database import array, numbers, run_prepared
from tasks.delivery.orders import Row
from tasks.delivery.settle import Lane, Line
from tasks.planning.wording import Say

UNLESS_NOTED = "on conflict do nothing\nreturning touch_id"
"""Costs as much again as the intent itself."""


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
        self, connection: Connection, wanted: Sequence[Row], is_locked: bool
    ) -> tuple[Sequence[Row], HeldBack]:
        """Note the intent to send these; returns those that may be sent, and the rest.

        What another worker has noted is in neither. `is_locked`: this transaction holds
        their order, which was nobody's before.
        """
        held = HeldBack()
        if not wanted:
            return wanted, held
        found = self._look_up(connection, wanted)
        is_plain = not found and not any([row.after_id for row in wanted])
        if is_plain and is_locked:
            self._note(connection, wanted, UNLESS_NOTED)
            return wanted, held
        free = []
        for row in wanted:
            if reason := _refusal(row, found):
                held.lines.append((row.touch_id, 0, "skipped", reason, None))
            elif row.after_id and row.after_id not in found["settled"]:
                held.later.append(row)
            else:
                free.append(row)
        noted = {touch_id for (touch_id,) in self._note(connection, free)}
        return [row for row in free if row.touch_id in noted], held

    def _look_up(
        self, connection: Connection, wanted: Sequence[Row]
    ) -> dict[str, set[int | str]]:
        """Each `what` of sql/deliver/refused.sql, and of whom it is true."""
        basis = self._wording.basis(wanted[0].words_of)
        afters = [row.after_id for row in wanted if row.after_id]
        rows = run_prepared(
            connection,
            "deliver/refused",
            ids=numbers([row.touch_id for row in wanted]),
            addresses=array([row.address for row in wanted]),
            identifiers=numbers([row.identifier_id for row in wanted]),
            afters=numbers(afters),
            channel=self._lane.channel.name,
            consent_name=self._lane.channel.consent,
            purpose=basis.purpose,
            profiling=basis.profiling,
        )
        found: dict[str, set[int | str]] = defaultdict(set)
        for what, number, address in rows:
            found[what].add(number if address is None else address)
        return found

    def _note(
        self, connection: Connection, wanted: Sequence[Row], without: str = ""
    ) -> list[tuple[int]]:
        return run_prepared(
            connection,
            "deliver/attempt",
            without,
            ids=numbers([row.touch_id for row in wanted]),
            numbers=numbers([row.number + 1 for row in wanted]),
            lease=self._lease_id,
        )


def _refusal(row: Row, found: dict[str, set[int | str]]) -> str | None:
    if row.address in found["suppressed"]:
        return "suppressed"
    known_by = row.identifier_id
    reasons = ("no_consent", "no_profiling")
    return next((one for one in reasons if known_by in found[one]), None)
