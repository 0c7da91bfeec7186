"""Facts, segments, identities and loads of millions of customers, beside their rivals.

An hour on two cores and 25 GB of disk, or a fifth of both with `--customers 1000000`;
the invented shops are dropped at the end.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from flows.bench import Figure, figure
from flows.bench.scale import dbt, identities, rival, upsert
from tasks import database, world
from tasks.people import facts, identify, segments, tags
from tasks.world import World

AS_OF = datetime(2026, 1, 2, tzinfo=UTC)
DAY = date(2026, 1, 1)
STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")


def figures(address: str, customers: int | None = None) -> Iterator[Figure]:
    """Every figure of the area, each as soon as it is known.

    On the two shops that the goals are about, or all on one of so many customers.
    """
    middle = World(customers or 1_000_000, orders_per_customer=10)
    large = middle if customers else World(5_000_000, orders_per_customer=4)
    yield from upsert.figures(address, middle.customers)
    with _shop(address, middle) as (engine, there):
        yield from _rebuilds(engine, there, middle)
        yield from _ten_customers(engine, middle)
        yield from _a_day(engine, middle)
        yield from _beside_dbt(engine, there, middle)
        if large is middle:
            yield from identities.figures(engine, middle.customers)
            return
    with _shop(address, large) as (engine, there):
        yield from _rebuilds(engine, there, large)
        yield from _ten_customers(engine, large)
        yield from identities.figures(engine, large.customers)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, by the clock on the wall."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def refresh(engine: Engine, full: bool = False) -> None:
    """Facts and segments, as a refresh brings them up."""
    facts.refresh(engine, AS_OF, full, STANDARDS)
    segments.refresh(engine, AS_OF, full)


@contextmanager
def _shop(address: str, made: World) -> Iterator[tuple[Engine, str]]:
    """A database of its own that holds the shop, and where it is."""
    with database.scratch("regulars_bench_world", address) as there:
        engine = database.engine(there)
        world.fill(engine, made)
        yield engine, there


def _rebuilds(engine: Engine, address: str, made: World) -> list[Figure]:
    """From nothing, then over what is there; each between two runs of the rival."""
    with tempfile.TemporaryDirectory() as folder:
        rival.export(address, Path(folder))
        shop = rival.opened(Path(folder))
        theirs = [seconds(lambda: rival.rebuild(shop, AS_OF))]
        first = seconds(lambda: refresh(engine, full=True))
        theirs.append(seconds(lambda: rival.rebuild(shop, AS_OF)))
        again = seconds(lambda: refresh(engine, full=True))
        theirs.append(seconds(lambda: rival.rebuild(shop, AS_OF)))
        rival.insist_on_same(shop, engine)
    size = f"{made.customers:,} customers"
    what = "DuckDB from Parquet, same rows"
    return [
        figure("scale", f"{name}, {size}", ours, min(theirs), what, "s", 4)
        for name, ours in (("rebuild from nothing", first), ("full rebuild", again))
    ]


def _ten_customers(engine: Engine, made: World) -> list[Figure]:
    """Once everybody has their tags, which lets everybody be judged once more."""
    tags.refresh(engine, AS_OF)
    refresh(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "update orders set amount = amount + 1 where customer_id in"
            f" (select {made.customers} / 11 * number from generate_series(1, 10)"
            " as ten (number))"
        )
    taken = seconds(lambda: refresh(engine)) + seconds(
        lambda: tags.refresh(engine, AS_OF)
    )
    name = f"refresh after ten changed, {made.customers:,} customers"
    return [figure("scale", name, taken, 1, "the limit", "s", 1)]


def _a_day(engine: Engine, made: World) -> list[Figure]:
    """One in a hundred customers changes; a rebuild afterwards must change nothing."""
    world.day(engine, made.seed, DAY, 0.01)
    identify.identify(engine, AS_OF)
    daily = seconds(lambda: refresh(engine))
    little = _digest(engine)
    full = seconds(lambda: refresh(engine, full=True))
    if _digest(engine) != little:
        raise AssertionError("the daily refresh and the full rebuild differ")
    name = f"refresh after a day, 1 % changed, {made.customers:,} customers"
    return [figure("scale", name, daily, full, "the full rebuild", "s", 0.4)]


def _beside_dbt(engine: Engine, address: str, made: World) -> list[Figure]:
    """The day after that: segments as a command, once the facts are there."""

    def day_passes() -> None:
        world.day(engine, made.seed, DAY + timedelta(days=1), 0.01)
        identify.identify(engine, AS_OF)
        facts.refresh(engine, AS_OF, standards=STANDARDS)

    return dbt.figures(address, made.customers, day_passes)


def _digest(engine: Engine) -> list[object]:
    """What facts and members are, as one number each."""
    questions = (
        "select sum(hashtextextended(cast(customer_facts.* as text), 0))"
        " from customer_facts",
        "select sum(hashtextextended(segment || customer_id, 0))"
        " from segment_members where left_at is null",
    )
    with engine.connect() as connection:
        return [connection.exec_driver_sql(one).scalar() for one in questions]
