"""Runs the one definition of facts: for some customers, or for everybody at once."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

import sql
from tasks.database import run

# What belongs to customers; in sql/facts/compute.sql these names stand for the rows of
# the customers in question, so that one text serves any of them.
OWNED = ("orders", "refunds", "reviews", "interactions", "identifiers", "customers")
# When each of them happened, for those who ask about the past.
HAPPENED = {
    "orders": "ordered_at",
    "refunds": "requested_at",
    "reviews": "reviewed_at",
    "interactions": "happened_at",
    "identifiers": "first_seen_at",
}
MEANT = "customer_id = :customer_id"
# Fewer customers than this are not worth a second connection.
FEW = 50_000
COMPUTED = "create temporary table computed (like customer_facts) on commit drop"
# Another connection sees no temporary table; a killed run may have left this one.
BESIDE = (
    "drop table if exists computed_beside;"
    " create unlogged table computed_beside (like customer_facts)"
)
# Postgres itself runs hardly anything of this in parallel: window functions, laterals
# and limits keep a plan in one process.
ALONE = "set local max_parallel_workers_per_gather = 0; set local work_mem = '256MB'"


def of_chosen(connection: Connection, as_of: datetime, binds: dict[str, str]) -> None:
    """Fill the temporary table `computed` for the customers in the table `chosen`."""
    connection.exec_driver_sql(COMPUTED)
    chosen = "customer_id in (select chosen.customer_id from chosen)"
    _insert(connection, "computed", chosen, as_of=as_of, **binds)


def of_everybody(
    engine: Engine, connection: Connection, as_of: datetime, binds: dict[str, str]
) -> None:
    """Fill `computed` for all customers, half of them on a connection of its own.

    What the two do not see alike changed in between, and is touched for the next time.
    """
    base = run(connection, "facts/middle").mappings().one()
    connection.exec_driver_sql(COMPUTED)
    values = {"as_of": as_of, "middle": base["middle"], **binds}
    connection.exec_driver_sql(ALONE)
    if base["customers"] < FEW:
        _insert(connection, "computed", "customer_id is not null", **values)
        return
    with ThreadPoolExecutor(1) as beside:
        other = beside.submit(_compute_beside, engine, values)
        try:
            _insert(connection, "computed", "customer_id <= :middle", **values)
        finally:
            _collect(connection, other)


def of_one_then(
    connection: Connection, customer_id: int, as_of: datetime, binds: dict[str, str]
) -> None:
    """Fill `computed` for one customer with what had happened by a moment of the past.

    Told by today's knowledge: an order that came in late counts from its own date, a
    status is the one it has now.
    """
    connection.exec_driver_sql(COMPUTED)
    then = {
        name: f"customer_id = :customer_id and {happened} <= :as_of"
        for name, happened in HAPPENED.items()
    }
    values = {"customer_id": customer_id, "as_of": as_of, **binds}
    _insert(connection, "computed", {**then, "customers": MEANT}, **values)


def _compute_beside(engine: Engine, values: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(ALONE)
        connection.exec_driver_sql(BESIDE)
        _insert(connection, "computed_beside", "customer_id > :middle", **values)


def _collect(connection: Connection, other: Future[None]) -> None:
    other.result()
    connection.exec_driver_sql(
        "insert into computed select * from computed_beside; drop table computed_beside"
    )


def _insert(
    connection: Connection, table: str, who: str | dict[str, str], **values: Any
) -> None:
    """Compute the facts of `who`, a condition on all of OWNED or one on each."""
    narrowed = ", ".join(
        f"{name} as not materialized (select * from {name}"
        f" where {who if isinstance(who, str) else who[name]})"
        for name in OWNED
    )
    statement = (
        f"insert into {table} with {narrowed} select * from"
        f" (\n{sql.query('facts/compute')}\n) as facts"
    )
    connection.execute(text(statement), values)
