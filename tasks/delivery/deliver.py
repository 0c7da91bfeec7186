"""Sends what is due on one channel and account: nobody twice, nobody forgotten.

The order of writes is the promise: lease an order of messages; commit the intent to
send a batch of them; call the provider; append what came back. See tasks/README.md.
"""

import logging
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import psycopg2
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from tasks import accounts
from tasks.channels.base import Account, Channel
from tasks.database import run
from tasks.delivery.journal import Journal
from tasks.delivery.lane import Worker
from tasks.delivery.lease import LASTS, Lease
from tasks.delivery.recover import recover
from tasks.delivery.settle import Lane
from tasks.garbage import collect_rarely
from tasks.planning.wording import Say, Wording
from tasks.settings import settings

log = logging.getLogger(__name__)

Only = Literal["due", "failed", "in_doubt"]
KINDS = {
    "due": ("first", "retry", "doubt"),
    "failed": ("retry",),
    "in_doubt": ("doubt",),
}
PATIENCE = timedelta(minutes=2)
"""How long a worker waits for Postgres to come back before it gives up."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many messages ended how; `recovered` of them by notes of dead workers."""

    outcomes: Counter[str] = field(default_factory=Counter)
    recovered: int = 0


class Clock:
    """The time of the run: `now` when it began, and moving on from there."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._began)


def deliver(
    engine: Engine,
    channel: str | Channel,
    account: str,
    now: datetime,
    only: Only = "due",
    *,
    stop: threading.Event | None = None,
    home: Path | None = None,
    lasts: timedelta = LASTS,
    limits: Account | None = None,
    patience: timedelta = PATIENCE,
    wording: Say | None = None,
) -> Delivered:
    """Send everything of one account that may go at `now`; returns what became of it.

    `only`: "due" is everything whose time has come; "failed" tries at once what waits
    for its next try; "in_doubt" finds out what became of unclear messages. Any number
    of these may run at once. When `stop` is set, what is in flight is finished and
    the rest released. A lost database is waited for up to `patience`. `wording` says
    the messages; default: the campaigns' own words.

    Raises:
        LookupError: no such channel or account.
        DBAPIError: Postgres did not come back in time; nothing is lost.
    """
    if isinstance(channel, str):
        known = accounts.load()
        limits = known.get(channel, {}).get(account)
        channel = accounts.channel(channel, account, known)
    collect_rarely()
    lane = Lane(channel, account, limits or Account())
    folder = (home or settings().home) / "journal" / channel.name / account
    say = wording or Wording(engine, channel)
    work = _Delivery(engine, lane, folder, Clock(now), stop or threading.Event(), say)
    try:
        return work.run(only, lasts, patience)
    finally:
        channel.close()


class _Delivery:
    """One call of deliver: a lease at a time, a new one after trouble."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        folder: Path,
        clock: Clock,
        stop: threading.Event,
        wording: Say,
    ) -> None:
        self._engine = engine
        self._lane = lane
        self._folder = folder
        self._clock = clock
        self._stop = stop
        self._wording = wording
        self._outcomes: Counter[str] = Counter()

    def run(self, only: Only, lasts: timedelta, patience: timedelta) -> Delivered:
        """Work until nothing is due, through restarts of Postgres."""
        recovered = 0
        newest: int | None = None
        deadline: float | None = None
        while True:
            try:
                if newest is None:
                    newest = self._newest(only)
                args = (self._engine, self._lane, self._folder, self._clock())
                recovered += recover(*args)
                deadline = None
                is_done = self._under_lease(KINDS[only], newest, lasts)
                if is_done or self._stop.is_set():
                    return Delivered(self._outcomes, recovered)
            except (DBAPIError, psycopg2.Error) as error:
                if deadline is None:
                    log.warning("Postgres is gone; trying again for up to %s", patience)
                    deadline = time.monotonic() + patience.total_seconds()
                if time.monotonic() > deadline or not is_lost(error):
                    raise
                self._stop.wait(0.2)

    def _newest(self, only: Only) -> int:
        """The last order that is taken before its time; also opens the account."""
        names = {"channel": self._lane.channel.name, "account": self._lane.account}
        with self._engine.begin() as connection:
            run(connection, "deliver/account", **names)
            found = run(connection, "deliver/newest").scalar_one()
        return int(found) if only == "failed" else 0

    def _under_lease(
        self, kinds: tuple[str, ...], newest: int, lasts: timedelta
    ) -> bool:
        """Work under one lease; False when it was lost on the way."""
        names = (self._lane.channel.name, self._lane.account)
        with Lease(self._engine, *names, lasts) as lease:
            journal = Journal(self._folder, lease.worker)
            is_settled = False
            try:
                worker = Worker(
                    self._engine,
                    self._lane,
                    lease,
                    journal,
                    self._wording,
                    self._clock,
                    self._stop,
                    self._outcomes,
                )
                worker.run(kinds, newest)
                is_settled = True
                return lease.holds()
            finally:
                journal.close(is_settled)


def is_lost(error: DBAPIError | psycopg2.Error) -> bool:
    """Whether the connection is gone, and another one may work."""
    # COPY goes past SQLAlchemy, which would have wrapped the driver's own error.
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "pgcode", None)
    if state:
        return state[:2] in ("57", "08", "53")
    # Without a code it is libpq that speaks, or a wrong use of the driver.
    lost = (psycopg2.OperationalError, psycopg2.InterfaceError)
    return isinstance(cause, lost) or type(cause) is psycopg2.DatabaseError
