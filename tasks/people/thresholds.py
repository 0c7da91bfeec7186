"""Limits that depend on everybody, taken now and then and frozen in between."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, text

from tasks.database import rows, run
from tasks.people import definition
from tasks.people.definition import Definition

# A limit that moved every day would move customers who did nothing.
KEPT_FOR = timedelta(days=30)


def take(connection: Connection, as_of: datetime) -> str:
    """Take the limits that are due or whose file changed; returns them all as text.

    Due: older than `KEPT_FOR`, or still unknown because there were no buyers.

    Raises:
        DefinitionError: a file of sql/thresholds is refused by Postgres.
    """
    known = {row["threshold"]: row for row in all_of(connection)}
    for one in definition.load_all("threshold"):
        before = known.get(one.name)
        if (
            before is None
            or before["value"] is None
            or before["digest"] != one.digest()
            or not before["taken_at"] <= as_of < before["taken_at"] + KEPT_FOR
        ):
            _take(connection, one, as_of)
    return str([(row["threshold"], row["value"]) for row in all_of(connection)])


def all_of(connection: Connection) -> list[RowMapping]:
    """Every limit: threshold, question, value, digest, taken_at."""
    return rows(connection, "definitions/thresholds")


def _take(connection: Connection, one: Definition, as_of: datetime) -> None:
    if [column.name for column in one.columns(connection)] != ["value"]:
        raise definition.DefinitionError(
            f"{one.place}: a threshold returns one column, `value`"
        )
    run(
        connection,
        "definitions/take_threshold",
        threshold=one.name,
        question=one.question,
        value=connection.execute(text(one.select), {"as_of": as_of}).scalar(),
        digest=one.digest(),
        as_of=as_of,
    )
