"""A launch to a million people, planned beside a bare INSERT … SELECT of its rows."""

import resource
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, event

from flows.bench import Figure, figure
from flows.bench.campaigns import launch
from flows.bench.ledger import shop
from tasks import database
from tasks.campaigns import audience
from tasks.database import run
from tasks.planning import plan as planning

PEOPLE = 1_000_000
ROUNDS = 3
WRITE = "-- Write every decision into the ledger, once"
# A budget makes the decisions a table of its own, so that writing is seen alone.
BUDGET = "budget: {total: 1000000}\n"
MEMORY_LIMIT = 50


def figures(engine_url: str) -> Iterator[Figure]:
    """The ratio of a whole plan, of its writing alone, and the client's memory.

    The audience is not part of it: the million candidates are there.
    """
    engine = database.engine(engine_url)
    launch.people(engine, PEOPLE)
    plans, writes, bare = [], [], []
    memory = _megabytes()
    for number in range(ROUNDS):
        plans.append(_plan(engine, f"launch_{number}")[0])
        bare.append(_bare(engine, f"launch_{number}"))
        _forget(engine)
        writes.append(_plan(engine, f"budget_{number}", BUDGET)[1])
        _forget(engine)
    memory = _megabytes() - memory
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table rival_touch, rival_rows")
    beside = f"bare INSERT … SELECT of {PEOPLE:,} rows with the same keys"
    told = (min(bare), beside, "s")
    yield figure("campaigns", "plan a launch to a million", min(plans), *told, 3)
    yield figure("campaigns", "write a million decisions", min(writes), *told, 1.5)
    name = "memory of a planner, beyond what it had"
    yield figure("campaigns", name, memory, MEMORY_LIMIT, "the limit", "MB", 1)


def _plan(engine: Engine, name: str, more: str = "") -> tuple[float, float]:
    """Seconds of planning after the audience is known, and of writing the rows."""
    spent: dict[str, float] = {}

    def find(connection: Any, campaign: Any, as_of: Any) -> Any:
        waterfall = audience.candidates(connection, campaign, as_of)
        spent["began"] = time.monotonic()
        return waterfall

    def before(*words: Any) -> None:
        spent["before"] = time.monotonic()

    def after(connection: Any, cursor: Any, statement: str, *words: Any) -> None:
        if statement.startswith(WRITE):
            spent["write"] = time.monotonic() - spent["before"]

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    with launch.campaign(name, more) as campaign:
        planned = planning.plan(engine, campaign, shop.NOON, find, launch.accounts())
    whole = time.monotonic() - spent["began"]
    event.remove(engine, "before_cursor_execute", before)
    event.remove(engine, "after_cursor_execute", after)
    if planned.candidates != PEOPLE or not 0 < planned.planned < PEOPLE:
        raise RuntimeError(f"this is no launch to {PEOPLE:,}: {planned.decisions}")
    return whole, spent["write"]


def _bare(engine: Engine, name: str) -> float:
    with engine.begin() as connection:
        run(connection, "bench/rival_touch", campaign=name)
    with engine.begin() as connection:
        began = time.monotonic()
        run(connection, "bench/rival_touch_fill")
    return time.monotonic() - began


def _forget(engine: Engine) -> None:
    """The ledger as it was before the launch."""
    shop.clear(engine)
    with engine.begin() as connection:
        run(connection, "bench/heard_lately")
    shop.tidy(engine)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
