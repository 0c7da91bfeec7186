"""A worker's right to send: taken from Postgres, prolonged while it lives."""

import threading
import time
from datetime import timedelta
from types import TracebackType

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from tasks.database import run
from tasks.delivery.journal import worker_name

LASTS = timedelta(seconds=30)


class Lease:
    """One lease, from `with` to its end; `holds` says whether it still counts.

    The deadline is kept on the local clock, counted from *before* each heartbeat was
    sent, so that it never lies after the one in the database.
    """

    def __init__(
        self, engine: Engine, channel: str, account: str, lasts: timedelta = LASTS
    ) -> None:
        self.worker = worker_name()
        self.lease_id = 0
        self._engine = engine
        self._binds = {"channel": channel, "account": account, "worker": self.worker}
        self._lasts = lasts
        self._deadline = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> "Lease":
        asked = _clock()
        with self._engine.begin() as connection:
            found = run(connection, "deliver/lease", lasts=self._lasts, **self._binds)
            self.lease_id = found.scalar_one()
        self._deadline = asked + self._lasts.total_seconds()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lease back; where the database is gone, it ends by itself."""
        self._ended.set()
        self._thread.join()
        self._deadline = 0.0
        try:
            with self._engine.begin() as connection:
                run(connection, "deliver/end_lease", lease=self.lease_id)
        except DBAPIError:
            if error is None:
                raise

    def holds(self) -> bool:
        """Whether nobody else may have taken over; some time is kept in reserve."""
        return _clock() < self._deadline - self._lasts.total_seconds() / 10

    def _beat(self) -> None:
        while not self._ended.wait(self._lasts.total_seconds() / 4):
            asked = _clock()
            try:
                with self._engine.begin() as connection:
                    beat = {"lease": self.lease_id, "lasts": self._lasts}
                    found = run(connection, "deliver/heartbeat", **beat).scalar()
            except DBAPIError:
                # The database may come back in time; the deadline stays as it is.
                continue
            if found is None:
                self._deadline = 0.0
                return
            self._deadline = asked + self._lasts.total_seconds()


def _clock() -> float:
    """Seconds that also pass while the machine sleeps, where the system tells them."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
