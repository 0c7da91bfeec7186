"""Which plans wait for a person: too large to be sent without a look."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tasks.campaigns import campaign as campaigns
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


def version_now(connection: Connection, campaign_run_id: int) -> str | None:
    """The version of the campaign's files as they are today; None: they are gone."""
    found = rows(connection, "plan/version", run=campaign_run_id)
    folder = campaigns.root() / found[0]["campaign"] if found else None
    return campaigns.digest(folder) if folder and folder.is_dir() else None
