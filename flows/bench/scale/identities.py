"""A million new identifiers, a fifth of which join two customers each."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from flows.bench import Figure, figure
from tasks import database
from tasks.people.identify import Identified, identify

NOW = datetime(2026, 1, 3, tzinfo=UTC)


def figures(engine: Engine, customers: int) -> list[Figure]:
    """New identifiers for a fifth of the customers; every fifth of them merges two."""
    from flows.bench.scale import seconds

    new, merges = customers // 5, customers // 25
    with engine.begin() as connection:
        database.run(connection, "bench/new_identifiers", new=new, pairs=merges)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
        # As autovacuum will leave it: its work for what came before is not ours.
        alone.exec_driver_sql("vacuum analyze")
    done: list[Identified] = []
    taken = seconds(lambda: done.append(identify(engine, NOW)))
    if done[0].merges != merges:
        raise AssertionError(f"{done[0]} are not the {merges:,} merges that were made")
    name = f"{new:,} new identifiers, {merges:,} merges"
    return [figure("scale", name, taken, 60, "the limit", "s", 1)]
