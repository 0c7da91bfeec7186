"""Which plans wait for a person: too large to be sent without a look."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tasks.database import rows


@dataclass(frozen=True, slots=True)
class Waiting:
    """A frozen plan of a campaign that is sent only when a person says so."""

    campaign_run_id: int
    as_of: datetime
    candidates: int
    messages: int


def waiting(connection: Connection, campaign: str) -> list[Waiting]:
    """The campaign's runs that wait, the oldest first."""
    return [
        Waiting(**row) for row in rows(connection, "ledger/waiting", campaign=campaign)
    ]
