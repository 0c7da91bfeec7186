"""Where SQL that marketers write runs: it can read, for a while, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tasks import database
from tasks.campaigns.audience_sql import line_of

TIMEOUT = timedelta(minutes=2)
# See sql/schema/0008_reader.sql.
READER = "regulars_reader"


class Refused(Exception):
    """What Postgres has against a query, without any value of a row."""

    def __init__(self, message: str, line: int | None) -> None:
        self.line = line
        super().__init__(message)


@contextmanager
def read_only(connection: Connection, written: str) -> Iterator[None]:
    """Let Postgres itself refuse every write and stop what runs too long.

    Inside the caller's transaction, which is writable again afterwards: the end of a
    savepoint brings back what was before it. Where the server has the role
    `regulars_reader`, the query runs as it: it sees our tables and no others.
    Temporary tables may be filled.
    The text `written` must begin on the second line of the statement that is run.

    Raises:
        Refused: with the line of `written` where Postgres names a place.
    """
    before = {name: _shown(connection, name) for name in ("statement_timeout", "role")}
    has_reader = _has_reader(connection)
    try:
        with connection.begin_nested():
            if has_reader:
                _become_reader(connection)
            _set(connection, "transaction_read_only", "on")
            _set(connection, "statement_timeout", f"{TIMEOUT.total_seconds():.0f}s")
            yield
            for name, value in before.items():
                _set(connection, name, value)
    except DBAPIError as error:
        raise _refused(written, error) from None


def _has_reader(connection: Connection) -> bool:
    """Asked once per connection: whether the role is there, ours, and may read."""
    if "has_reader" not in connection.info:
        (found,) = database.rows(connection, "audience/reader", reader=READER)
        connection.info["has_reader"] = bool(found["is_usable"])
    return bool(connection.info["has_reader"])


def _become_reader(connection: Connection) -> None:
    """Lend it the temporary tables of this session, then be it."""
    found = database.rows(connection, "audience/own_schema")
    if found:
        place = found[0]["quoted"]
        grant = f"grant select, insert on all tables in schema {place} to {READER}"
        connection.execute(text(grant))
    _set(connection, "role", READER)


def _shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text(f"show {name}")).scalar_one())


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
