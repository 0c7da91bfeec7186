"""How the sending accounts are: what they spent, who rests, who was stopped."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from tasks.database import rows, run


@dataclass(frozen=True, slots=True)
class AccountHealth:
    """One sending account as all its workers share it."""

    channel: str
    account: str
    failures_in_a_row: int
    paused_until: datetime | None
    stopped_at: datetime | None
    stopped_because: str | None
    day: date | None
    day_spent: int
    month_spent: int


def accounts(connection: Connection) -> list[AccountHealth]:
    """Every account that was ever used; those that do not send come first."""
    return [AccountHealth(**row) for row in rows(connection, "ledger/accounts")]


@dataclass(frozen=True, slots=True)
class StoppedRun:
    """A campaign run that an account stopped sending: its words are refused."""

    campaign_run_id: int
    campaign: str
    channel: str
    account: str
    because: str
    messages: int


def stopped_runs(connection: Connection) -> list[StoppedRun]:
    """Every run that waits for a person to look at its words, and where."""
    return [StoppedRun(**row) for row in rows(connection, "ledger/stopped_runs")]


def resume_run(connection: Connection, campaign_run_id: int) -> int:
    """Let what is left of a stopped run be sent; returns how many messages."""
    found = run(connection, "ledger/resume_run", run=campaign_run_id)
    return int(found.scalar_one())


def resume(connection: Connection, channel: str, account: str) -> int:
    """Let a resting or stopped account send again; returns 0 when there is none."""
    return run(
        connection, "ledger/resume_account", channel=channel, account=account
    ).rowcount
