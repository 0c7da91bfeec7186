"""When each customer is to be judged again although nothing happened to them."""

from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tasks.database import run
from tasks.people.definition import Definition


def of_chosen(connection: Connection, as_of: datetime) -> None:
    """Keep what the segments said of those who were judged, the soonest of each."""
    run(connection, "membership/recheck", as_of=as_of)


def of_everybody(
    connection: Connection, segments: list[Definition], as_of: datetime
) -> dict[str, str]:
    """Ask the files that say `recheck_at` once more, all in one pass over everybody.

    Returns why, for files that fail; the others are asked without them.
    """
    refused: dict[str, str] = {}
    if _refusal(connection, segments, as_of):
        for segment in segments:
            if error := _refusal(connection, [segment], as_of):
                refused[segment.name] = str(segment.refused(error))
        _collect(
            connection, [one for one in segments if one.name not in refused], as_of
        )
    run(connection, "membership/recheck_everybody", as_of=as_of)
    return refused


def _refusal(
    connection: Connection, segments: list[Definition], as_of: datetime
) -> DBAPIError | None:
    """Collect what these say, or nothing and the error."""
    try:
        with connection.begin_nested():
            _collect(connection, segments, as_of)
    except DBAPIError as error:
        return error
    return None


def _collect(
    connection: Connection, segments: list[Definition], as_of: datetime
) -> None:
    selects = "\nunion all\n".join(
        f"select customer_id, recheck_at from (\n{segment.select}\n) as judged"
        for segment in segments
    )
    nobody = "select 0::bigint as customer_id, null::timestamptz as recheck_at"
    connection.exec_driver_sql("drop table if exists soonest")
    # Sorted: a hash table of so many customers would not stay in memory.
    connection.exec_driver_sql("set local enable_hashagg = off")
    statement = (
        "create temporary table soonest on commit drop as"
        " select customer_id, min(recheck_at) as recheck_at"
        f" from (\n{selects or nobody}\n) as told"
        " where recheck_at > :as_of group by customer_id"
    )
    connection.execute(text(statement), {"as_of": as_of})
    connection.exec_driver_sql("set local enable_hashagg = on")
