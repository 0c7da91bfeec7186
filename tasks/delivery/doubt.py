"""Messages that may have left: settled by the channel's own means, else by a person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from tasks.channels.base import Channel, Message, Outcome, Result
from tasks.database import rows, run

# Kept in reserve before a provider forgets a key: for the call itself and its clock.
RESERVE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A message of which nobody knows whether it left; only a person can tell."""

    touch_id: int
    campaign: str
    step: str
    customer_id: int
    channel: str
    account: str
    attempted_at: datetime
    reason: str | None


def parked(connection: Connection, channel: str | None = None) -> list[InDoubt]:
    """What waits for a person, the oldest first."""
    found = rows(connection, "ledger/in_doubt", channel=channel)
    return [InDoubt(**row) for row in found]


def resolve(
    connection: Connection,
    touch_ids: Sequence[int],
    to: Literal["sent", "again", "dropped"],
    by: str,
    at: datetime,
) -> int:
    """Say what became of messages in doubt; returns how many were still in doubt.

    `sent`: it arrived; `again`: it did not, send it; `dropped`: leave it be.
    """
    found = run(
        connection,
        "ledger/resolve",
        ids=list(touch_ids),
        outcome={"sent": "accepted", "again": "not_sent", "dropped": "dead"}[to],
        reason=f"{by} said: {to}",
        at=at,
    )
    return int(found.scalar_one())


def may_repeat(channel: Channel, unclear_for: timedelta | None) -> bool:
    """Whether the provider would still recognise the key of an unclear attempt."""
    if channel.dedupes_for is None or unclear_for is None:
        return False
    return unclear_for < channel.dedupes_for - RESERVE


def ask(channel: Channel, messages: Sequence[Message]) -> Iterator[Result]:
    """What the provider says of each; an answer it does not give is still unknown."""
    answered: set[int] = set()
    for result in channel.ask(messages):
        answered.add(result.message.touch_id)
        yield result
    for message in messages:
        if message.touch_id not in answered:
            yield Result(message, Outcome.UNKNOWN_OUTCOME, "no answer")
