"""Claim a hundred messages from a ledger that holds a million, beside an empty one."""

import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta

from sqlalchemy import Connection, Engine

from flows.bench import Figure, figure
from flows.bench.ledger import shop
from tasks import database
from tasks.channels.base import Account
from tasks.channels.mail import Mail
from tasks.database import run
from tasks.delivery.lease import Lease
from tasks.delivery.orders import Orders
from tasks.delivery.settle import Lane

MESSAGES = 1_000_000
SENT = 900_000
FEW = 50_000
CLAIMS = 150
# Which core and which memory a connection gets is chance, and a claim is short.
ROUNDS = 3


def figures(engine_url: str) -> list[Figure]:
    """Milliseconds to lease the next order of a hundred and to read what is in it."""
    with database.scratch("regulars_bench_crowd", engine_url) as there:
        ledgers = (
            _filled(engine_url, FEW, 0),
            _filled(there, MESSAGES, SENT),
        )
        rounds = [_claims(ledgers) for _ in range(ROUNDS)]
    empty, full = (min(medians) for medians in zip(*rounds, strict=True))
    shop.clear(database.engine(engine_url))
    name = f"claim a hundred of {MESSAGES:,} messages, most of them sent"
    beside = f"of {FEW:,}, none of them sent"
    return [figure("ledger", name, full, empty, beside, "ms", 1.25)]


def _filled(engine_url: str, messages: int, sent: int) -> Engine:
    engine = database.engine(engine_url)
    shop.clear(engine)
    with engine.begin() as connection:
        run(connection, "bench/crowd", messages=messages, sent=sent)
    shop.tidy(engine)
    return engine


def _claims(engines: Sequence[Engine]) -> list[float]:
    """The median time of a claim at each ledger, asked in turns."""
    spent: list[list[float]] = [[] for _ in engines]
    with ExitStack() as stack:
        workers = [_worker(engine, stack) for engine in engines]
        for _ in range(CLAIMS):
            for (orders, connection), times in zip(workers, spent, strict=True):
                times.append(_claim(orders, connection))
    return [statistics.median(times) for times in spent]


def _worker(engine: Engine, stack: ExitStack) -> tuple[Orders, Connection]:
    lane = Lane(Mail("shop", shop.account()), "shop", Account())
    lease = stack.enter_context(Lease(engine, "mail", "shop", timedelta(minutes=5)))
    connection = stack.enter_context(engine.connect())
    return Orders(lane, lease.lease_id, ["first", "retry", "doubt"], 0), connection


def _claim(orders: Orders, connection: Connection) -> float:
    with connection.begin():
        began = time.perf_counter()
        order = orders.take(connection, shop.NOON)
        took = (time.perf_counter() - began) * 1000
    if order is None or len(order.ready) != 100:
        raise RuntimeError("a claim did not give a hundred messages to send")
    return took
