"""A million decisions in the ledger, beside a bare INSERT … SELECT of them."""

import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from flows.bench import Figure, figure
from flows.bench.ledger import shop
from tasks import database
from tasks.database import run
from tasks.planning import plan as planning

MESSAGES = 1_000_000
ROUNDS = 2
WRITE = "-- Write every decision into the ledger, once."


def figures(engine_url: str) -> list[Figure]:
    """Seconds for the rows alone, and for the whole plan with all its policies."""
    engine = database.engine(engine_url)
    shop.people(engine, MESSAGES)
    writing, planned, bare = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(ROUNDS):
            whole, write = _plan(engine, Path(folder), f"million_{number}")
            planned.append(whole)
            writing.append(write)
            bare.append(_bare(engine, f"million_{number}"))
    with engine.begin() as connection:
        tables = "touch, chunk, campaign_runs, customers"
        connection.exec_driver_sql(f"truncate {tables} cascade")
        connection.exec_driver_sql("drop table rival_touch")
    beside = f"bare INSERT … SELECT of {MESSAGES:,} rows with the same keys"
    least = min(bare)
    rows, plan = "write a million decisions", "plan a million, all policies"
    return [
        figure("ledger", rows, min(writing), least, beside, "s", 1.5),
        figure("ledger", plan, min(planned), least, beside, "s", 3),
    ]


def _plan(engine: Engine, root: Path, name: str) -> tuple[float, float]:
    """Seconds of the whole plan, and of writing its rows."""
    spent: dict[str, float] = {}

    def before(*words: Any) -> None:
        spent["began"] = time.monotonic()

    def after(connection: Any, cursor: Any, statement: str, *words: Any) -> None:
        if statement.startswith(WRITE):
            spent["write"] = time.monotonic() - spent["began"]

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    campaign = shop.campaign(root, name)
    accounts = {"mail": {"shop": shop.account()}}
    began = time.monotonic()
    planning.plan(engine, campaign, shop.NOON, shop.candidates, accounts)
    whole = time.monotonic() - began
    event.remove(engine, "before_cursor_execute", before)
    event.remove(engine, "after_cursor_execute", after)
    return whole, spent["write"]


def _bare(engine: Engine, name: str) -> float:
    with engine.begin() as connection:
        run(connection, "bench/rival_touch", campaign=name)
    with engine.begin() as connection:
        began = time.monotonic()
        run(connection, "bench/rival_touch_fill")
    return time.monotonic() - began
