"""Where SQL that marketers write runs: it can read, for a while, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tasks.campaigns.audience_sql import line_of

TIMEOUT = timedelta(minutes=2)


class Refused(Exception):
    """What Postgres has against a query, without any value of a row."""

    def __init__(self, message: str, line: int | None) -> None:
        self.line = line
        super().__init__(message)


@contextmanager
def read_only(connection: Connection, written: str) -> Iterator[None]:
    """Let Postgres itself refuse every write and stop what runs too long.

    Inside the caller's transaction, which is writable again afterwards: the end of a
    savepoint brings back what was before it. Temporary tables may be filled.
    The text `written` must begin on the second line of the statement that is run.

    Raises:
        Refused: with the line of `written` where Postgres names a place.
    """
    before = connection.execute(text("show statement_timeout")).scalar_one()
    try:
        with connection.begin_nested():
            _set(connection, "transaction_read_only", "on")
            _set(connection, "statement_timeout", f"{TIMEOUT.total_seconds():.0f}s")
            yield
            _set(connection, "statement_timeout", before)
    except DBAPIError as error:
        raise _refused(written, error) from None


def _set(connection: Connection, name: str, value: str) -> None:
    statement = text("select set_config(:name, :value, true)")
    connection.execute(statement, {"name": name, "value": value})


def _refused(written: str, error: DBAPIError) -> Refused:
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is None or diagnosis.message_primary is None:
        return Refused("the connection to Postgres was lost: run it again", None)
    message = str(diagnosis.message_primary)
    if diagnosis.sqlstate == "57014":
        message = f"was stopped: it ran longer than {TIMEOUT}"
    elif diagnosis.sqlstate == "25006":
        message = f"must only read: {message}"
    elif diagnosis.sqlstate.startswith("22"):
        # Data exceptions quote the value; it may be a customer's.
        message = f"{message.partition(':')[0]}, for the value of some row"
    hint = f"; {diagnosis.message_hint}" if diagnosis.message_hint else ""
    return Refused(f"{message}{hint}", _line(written, error, diagnosis))


def _line(written: str, error: DBAPIError, diagnosis: Any) -> int | None:
    sent = getattr(getattr(error.orig, "cursor", None), "query", None)
    if not diagnosis.statement_position or not sent:
        return None
    line = line_of(sent.decode(), int(diagnosis.statement_position)) - 1
    return min(max(line, 1), written.count("\n") + 1)
