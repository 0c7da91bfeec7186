"""Claim and settle with a sender that does nothing, beside rows that are updated."""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import ClassVar

from sqlalchemy import text

from flows.bench import Figure, figure
from flows.bench.ledger import shop
from tasks import database
from tasks.channels.base import Account, Channel, MayLeave, Message, Outcome, Result
from tasks.database import run
from tasks.delivery.deliver import deliver
from tasks.planning import plan as planning

MESSAGES = 1_000_000
PROCESSES = 4
BATCH = 1_000
ROUNDS = 3
WAL_LIMIT = 350
MEMORY_LIMIT = 200


class Nothing(Channel):
    """Takes a whole batch at once and says that all is well."""

    name = "mail"
    identifier = "email"
    consent = "email"
    batch: ClassVar[int] = BATCH

    def send(
        self, messages: Sequence[Message], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        """Like a provider that takes many messages in one call."""
        outcome = Outcome.ACCEPTED if may_leave(*messages) else Outcome.NOT_SENT
        for message in messages:
            yield Result(message, outcome)


def figures(engine_url: str) -> list[Figure]:
    """Messages a second, bytes of WAL and memory of a worker."""
    engine = database.engine(engine_url)
    shop.people(engine, MESSAGES)
    ours: list[float] = []
    rivals: list[float] = []
    wal = memory = 0.0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number in range(ROUNDS):
            name = f"round_{number}"
            plan_all(engine_url, root, name, MESSAGES)
            before = _wal(engine_url)
            took, memory = timed(_deliver, engine_url, root)
            wal = (_wal(engine_url) - before) / MESSAGES
            ours.append(all_sent(engine_url, MESSAGES) / took)
            with engine.begin() as connection:
                connection.exec_driver_sql("drop table if exists rival_queue")
                run(connection, "bench/rival_queue", campaign=name)
            shop.tidy(engine)
            engine.dispose()
            took, _ = timed(_rival, engine_url, root)
            rivals.append(MESSAGES / took)
    return list(_told(max(ours), max(rivals), wal, memory))


def _told(ours: float, rival: float, wal: float, memory: float) -> Iterator[Figure]:
    name, unit = "claim and settle, four processes", "messages/s"
    beside = "rows updated by SKIP LOCKED"
    yield figure("ledger", name, ours, rival, beside, unit, 2.5, "at least")
    name, unit = "WAL of claim and settle", "bytes a message"
    yield figure("ledger", name, wal, WAL_LIMIT, "the limit", unit, 1)
    name = f"memory of a worker after {MESSAGES // PROCESSES:,} messages"
    yield figure("ledger", name, memory, MEMORY_LIMIT, "the limit", "MB", 1)


def plan_all(engine_url: str, root: Path, name: str, messages: int) -> None:
    """Plan a message to everybody, in a ledger that is otherwise empty."""
    engine = database.engine(engine_url)
    shop.clear(engine)
    accounts = {"mail": {"shop": shop.account()}}
    campaign = shop.campaign(root, name)
    run = planning.plan(engine, campaign, shop.NOON, shop.candidates, accounts)
    if run.planned != messages:
        raise RuntimeError(f"{run.planned} of {messages} messages were planned")
    shop.tidy(engine)
    engine.dispose()


def all_sent(engine_url: str, messages: int) -> int:
    """The number of messages, each of which was accepted once."""
    query = "select count(*), count(distinct touch_id) from outcome"
    with database.transaction(engine_url) as connection:
        found = connection.exec_driver_sql(query).one()
    if tuple(found) != (messages, messages):
        raise RuntimeError(f"{found} of {messages} messages have their outcome")
    return messages


def timed(
    work: Callable[[str, Path], None], engine_url: str, root: Path
) -> tuple[float, float]:
    """Seconds until four processes are done, and the largest one's megabytes."""
    context = multiprocessing.get_context("fork")
    ready = context.Barrier(PROCESSES + 1)
    sizes = context.Queue()
    processes = [
        context.Process(target=_child, args=(work, engine_url, root, ready, sizes))
        for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    ready.wait()
    began = time.monotonic()
    ready.wait()
    took = time.monotonic() - began
    largest = max(sizes.get() for _ in processes)
    for process in processes:
        process.join()
    return took, largest


def _child(
    work: Callable[[str, Path], None],
    engine_url: str,
    root: Path,
    ready: Barrier,
    sizes: "multiprocessing.Queue[float]",
) -> None:
    database.engine.cache_clear()
    with database.transaction(engine_url) as connection:
        connection.execute(text("select 1"))
    ready.wait()
    work(engine_url, root)
    ready.wait()
    sizes.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _deliver(engine_url: str, root: Path) -> None:
    engine = database.engine(engine_url)
    deliver(
        *(engine, Nothing("shop", None), "shop", shop.NOON),
        home=root,
        limits=Account(),
        wording=shop.Silent(),
    )


def _rival(engine_url: str, root: Path) -> None:
    engine = database.engine(engine_url)
    while True:
        with engine.begin() as connection:
            claim = {"batch": BATCH, "worker": str(id(engine))}
            found = run(connection, "bench/rival_claim", **claim).all()
        if not found:
            return
        with engine.begin() as connection:
            ids = [row.message_id for row in found]
            run(connection, "bench/rival_settle", ids=ids)


def _wal(engine_url: str) -> float:
    with database.transaction(engine_url) as connection:
        found = text("select pg_current_wal_insert_lsn() - '0/0'")
        return float(connection.execute(found).scalar_one())
