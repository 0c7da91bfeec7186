"""Plans that wait for a person, too large to be sent without a look: yes or no."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tasks.campaigns import campaign as campaigns
from tasks.database import rows
from tasks.planning import rewards


class ApprovalError(ValueError):
    """The run does not wait for anybody, or its files were changed since."""


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


def approve(
    connection: Connection, campaign_run_id: int, by: str, version: str | None = None
) -> int:
    """Let a waiting run be sent; returns the number of messages set free.

    `version`: of the campaign's files as they are now, where the caller knows it.

    Raises:
        ApprovalError: the run does not wait for anybody, or its files are others now.
    """
    if version is not None:
        _refuse_other(connection, campaign_run_id, version)
    return _answer(connection, campaign_run_id, by, "ledger/approve")


def reject(connection: Connection, campaign_run_id: int, by: str) -> int:
    """End a waiting run: its messages are skipped as `rejected`; returns how many."""
    messages = _answer(connection, campaign_run_id, by, "ledger/reject")
    rewards.void(connection)
    return messages


def _refuse_other(connection: Connection, campaign_run_id: int, version: str) -> None:
    """Raise ApprovalError where other files were planned than there are now."""
    found = rows(connection, "plan/version", run=campaign_run_id)
    if found and found[0]["version"] != version:
        raise ApprovalError(
            f"the files of campaign {found[0]['campaign']!r} were changed after run "
            f"{campaign_run_id} was planned: what you see is not what would be sent. "
            "Plan the campaign again; its messages then wait for a new approval"
        )


def _answer(connection: Connection, campaign_run_id: int, by: str, query: str) -> int:
    found = rows(connection, query, run=campaign_run_id, by=by)
    if not found or found[0]["state"] is None:
        raise ApprovalError(
            f"campaign run {campaign_run_id} does not wait for approval: "
            "`regulars ledger runs` lists those that do"
        )
    messages: int = found[0]["messages"]
    return messages
