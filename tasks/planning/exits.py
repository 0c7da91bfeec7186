"""Later steps that have become needless: looked at again before they are sent."""

from datetime import datetime

from sqlalchemy import Engine

from tasks.database import run


def leave(engine: Engine, as_of: datetime) -> int:
    """Skip the due messages whose `unless` has come true; returns how many.

    Safe beside any number of senders: a message is either skipped here or sent there.
    """
    with engine.begin() as connection:
        run(connection, "plan/ask_owed", as_of=as_of)
        run(connection, "plan/exits", as_of=as_of)
        return run(connection, "plan/leave", as_of=as_of).rowcount
