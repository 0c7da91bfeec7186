"""Verifies the books: every candidate in exactly one state, no key accepted twice."""

from dataclasses import dataclass

from sqlalchemy import Connection

from tasks.database import rows


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that must never be; `number` says how often."""

    rule: str
    campaign_run_id: int | None
    number: int
    example: str

    def __str__(self) -> str:
        run = f"campaign run {self.campaign_run_id}: " if self.campaign_run_id else ""
        return f"{run}{self.rule} ({self.number:,} times; for example {self.example})"


def check(
    connection: Connection, campaign_run_id: int | None = None
) -> list[Violation]:
    """What does not add up; an empty list is what there should always be."""
    found = rows(connection, "ledger/check", run=campaign_run_id)
    return [Violation(**row) for row in found]


def states(connection: Connection, campaign_run_id: int) -> dict[str, int]:
    """How many messages of a run are in each state."""
    found = rows(connection, "ledger/states", run=campaign_run_id)
    return {row["state"]: row["number"] for row in found}
