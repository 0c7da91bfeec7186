"""Fill tables without keys and indexes, then build these, several at a time."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Engine, RowMapping

from tasks import database

WORKERS = 2


@contextmanager
def bare(engine: Engine, tables: Sequence[str]) -> Iterator[None]:
    """Take keys, indexes and triggers off `tables`; put them back at the end.

    For empty tables of a database that nobody else uses: between the two, nothing
    is checked. The rows are checked against every key when it comes back.
    """
    with engine.begin() as connection:
        definitions = database.rows(
            connection, "world/definitions", tables=list(tables)
        )
        for definition in definitions:
            connection.exec_driver_sql(definition["drops"])
        for table in tables:
            connection.exec_driver_sql(f"alter table {table} disable trigger user")
    try:
        yield
    finally:
        _dress(engine, tables, definitions)


def side_by_side(engine: Engine, statements: Iterable[str]) -> None:
    """Run statements at the same time, each in a transaction of its own."""
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda statement: _run(engine, statement), statements))


def _dress(
    engine: Engine, tables: Sequence[str], definitions: Sequence[RowMapping]
) -> None:
    side_by_side(engine, (d["builds"] for d in definitions if d["builds"]))
    with engine.begin() as connection:
        for definition in sorted(definitions, key=lambda d: -d["step"]):
            if definition["binds"]:
                connection.exec_driver_sql(definition["binds"])
        for table in tables:
            connection.exec_driver_sql(f"alter table {table} enable trigger user")


def _run(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        # One process builds one index: there are as many of us as there are cores.
        connection.exec_driver_sql("set local max_parallel_maintenance_workers = 0")
        connection.exec_driver_sql("set local maintenance_work_mem = '512MB'")
        connection.exec_driver_sql(statement)
