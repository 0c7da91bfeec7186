"""What customers tell staff: who may write to them, and whether they may be chosen."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping

from tasks import channels
from tasks.database import array, rows
from tasks.problem import did_you_mean

PROFILING = "profiling"
"""Whether people may be chosen by what is known of them."""
EVERYTHING = "marketing"
"""Marketing by every channel there is."""


def subjects() -> list[str]:
    """What can be agreed to or refused: profiling, all marketing, or by one channel."""
    names = {channels.find(name).consent for name in channels.names()}
    return [PROFILING, EVERYTHING, *sorted(names)]


def note(
    connection: Connection,
    customer_id: int,
    subject: str,
    is_granted: bool,
    evidence: str,
    now: datetime,
) -> int:
    """Note what a customer said; returns by how many channels it changes anything.

    A refusal is noted with each of her identifiers, so that it outlives whatever turns
    out about who she is; a yes with one of them.

    Raises:
        LookupError: no such subject; or a yes to everything, which nobody says.
    """
    known = subjects()
    if subject not in known:
        hint = did_you_mean(subject, known)
        raise LookupError(f"'{subject}' is nothing to agree to{hint}")
    if subject == EVERYTHING and is_granted:
        raise LookupError(
            f"a yes is for one channel, as the customer said it: {', '.join(known[2:])}"
        )
    one = "" if subject == PROFILING else subject
    found = rows(
        connection,
        "customers/consent",
        customer_id=customer_id,
        channels=array(known[2:] if subject == EVERYTHING else [one]),
        purpose=PROFILING if subject == PROFILING else EVERYTHING,
        is_granted=is_granted,
        evidence=evidence,
        now=now,
    )
    return len({row["channel"] for row in found})


def of_customer(connection: Connection, customer_id: int) -> list[RowMapping]:
    """What holds now: subject, answer, decided_at, source, evidence."""
    return rows(connection, "customers/consents", customer_id=customer_id)
