"""Loads a stream's history beside its daily pulls; may be stopped at any time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from connectors.base import Page, Stream
from tasks.database import rows, run
from tasks.ingest import load
from tasks.ingest.landing import Landing, Progress, alone, names_of, store_all, title
from tasks.ingest.validate import validate

WORK = " (backfill)"
# A batch is validated and loaded when it has so many records.
RECORDS_A_BATCH = 20_000


class AnotherBackfill(ValueError):
    """The stream has a backfill of another span that has not come to its end."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a backfill has come: everything before `position` is staged.

    The counts are those of this run, `records` of them staged and not judged yet too.
    """

    since: datetime
    until: datetime
    position: datetime
    records: int = 0
    loaded: int = 0
    unchanged: int = 0
    quarantined: int = 0

    @property
    def share(self) -> float:
        """Of the span, between 0 and 1."""
        span = self.until - self.since
        return (self.position - self.since) / span if span else 1.0


OnReached = Callable[[Reached], None]


def backfill(
    engine: Engine,
    stream: Stream,
    since: datetime,
    until: datetime | None,
    now: datetime,
    *,
    is_restarted: bool = False,
    docs: Path | None = None,
    on_reached: OnReached = lambda reached: None,
) -> Reached:
    """Land, validate and load what changed in [since, until), batch by batch.

    The stream's own cursor stays where it is. Killed anywhere, the next call with the
    same `since` goes on after the last window that was stored; `until` (left out: now)
    is then that of the first call. `is_restarted` gives an unfinished one up.

    Raises:
        AnotherBackfill: one of another span is on its way.
        AlreadyLanding: another worker is at it.
        SourceError: the source failed, or has no history; call again to go on.
        TooManyBadRows: a batch waits for a person; call again to go on behind it.
    """
    with alone(engine, stream, WORK) as connection:
        if is_restarted and (found := _unfinished(connection, stream)):
            given_up = _Filling(engine, connection, stream, *found, docs)
            given_up.end()
            given_up.finish(now, is_given_up=True)
        found = _begun(connection, stream, since, until, now)
        filling = _Filling(engine, connection, stream, *found, docs, on_reached)
        filling.run()
        filling.finish(now)
        return filling.reached


class _Filling:
    """One call of `backfill`."""

    def __init__(
        self,
        engine: Engine,
        connection: Connection,
        stream: Stream,
        backfill_id: int,
        reached: Reached,
        docs: Path | None,
        on_reached: OnReached = lambda reached: None,
    ) -> None:
        self.engine = engine
        self.connection = connection
        self.stream = stream
        self.backfill_id = backfill_id
        self.reached = reached
        self._docs = docs
        self._on_reached = on_reached

    def run(self) -> None:
        """Batch after batch; what an earlier call left is the first one's beginning."""
        landing = self._landing()
        if landing.state == "landed":
            self._judge(landing)
            landing = self._landing()
        pages = self.stream.backfill(self.reached.position, self.reached.until)
        while self._fill(landing, pages):
            self._judge(landing)
            landing = self._landing()
        self._judge(landing)

    def end(self) -> None:
        """Load what is staged, and leave it at that."""
        landing = self._landing()
        if landing.state == "landing":
            landing.finish()
        self._judge(landing)

    def finish(self, now: datetime, is_given_up: bool = False) -> None:
        """It is not on its way any more."""
        values = {"backfill_id": self.backfill_id, "now": now}
        with self.connection.begin():
            run(self.connection, "backfill/finish", is_given_up=is_given_up, **values)

    def _landing(self) -> Landing:
        return Landing.of(self.connection, self.stream, self.backfill_id)

    def _fill(self, landing: Landing, pages: Iterator[Page]) -> bool:
        """Whether the batch is full, and there may be more pages."""
        is_full = False

        def some() -> Iterator[Page]:
            nonlocal is_full
            for page in pages:
                yield page
                if landing.prepared >= RECORDS_A_BATCH:
                    is_full = True
                    return

        before = self.reached.records

        def tell(progress: Progress) -> None:
            self._tell(records=before + progress.records)

        store_all(landing, some(), tell)
        landing.finish()
        return is_full

    def _judge(self, landing: Landing) -> None:
        validate(self.engine, landing.batch_id, self._docs)
        counts = load.load(self.engine, landing.batch_id)
        self._tell(
            loaded=self.reached.loaded + counts.loaded,
            unchanged=self.reached.unchanged + counts.unchanged,
            quarantined=self.reached.quarantined + counts.quarantined,
        )

    def _tell(self, **counts: Any) -> None:
        with self.connection.begin():
            where = rows(
                self.connection, "backfill/position", backfill_id=self.backfill_id
            )
        position = where[0]["position"]
        self.reached = replace(self.reached, position=position, **counts)
        self._on_reached(self.reached)


def _unfinished(connection: Connection, stream: Stream) -> tuple[int, Reached] | None:
    with connection.begin():
        found = rows(connection, "backfill/on_its_way", **names_of(stream))
    return _as_reached(found[0]) if found else None


def _begun(
    connection: Connection,
    stream: Stream,
    since: datetime,
    until: datetime | None,
    now: datetime,
) -> tuple[int, Reached]:
    """The backfill that is on its way, else a new one, if there is a history."""
    if found := _unfinished(connection, stream):
        _insist_on_same(stream, found[1], since, until)
        return found
    span = {"since": since, "until": until or now - stream.lag}
    stream.backfill(**span)
    with connection.begin():
        begun = rows(connection, "backfill/begin", now=now, **span, **names_of(stream))
    return _as_reached(begun[0])


def _insist_on_same(
    stream: Stream, found: Reached, since: datetime, until: datetime | None
) -> None:
    if found.since == since and until in (None, found.until):
        return
    raise AnotherBackfill(
        f"{title(stream)}: a backfill from {found.since:%Y-%m-%d %H:%M} to "
        f"{found.until:%Y-%m-%d %H:%M} UTC has come to "
        f"{found.position:%Y-%m-%d %H:%M}: run that one to its end, or give it up with "
        "--restart"
    )


def _as_reached(row: RowMapping) -> tuple[int, Reached]:
    return row["backfill_id"], Reached(row["since"], row["until"], row["position"])
