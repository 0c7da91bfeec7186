"""A batch on its way into staging: one connection, page by page, all or nothing."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from connectors.base import Page, Record, Row, Stream
from tasks.copying import RowRefused, as_csv, copy
from tasks.database import rows, run

# Records of a replay, or of the inbox, that are staged in one go.
AT_ONCE = 5_000
# Notes of a pull beyond this many characters are cut: a batch is no log file.
LONGEST_NOTE = 2_000


class AlreadyLanding(RuntimeError):
    """Another worker lands this stream right now; wait for it."""

    retriable = True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a landing has come, after each page."""

    batch_id: int
    source: str
    stream: str
    records: int


OnPage = Callable[[Progress], None]


class Landing:
    """One batch on its way into staging, over one connection."""

    def __init__(
        self, connection: Connection, stream: Stream, batch_id: int, records: int
    ) -> None:
        self.connection = connection
        self.stream = stream
        self.batch_id = batch_id
        self.records = self.prepared = records
        self.state = "landing"
        self.backfill_id: int | None = None
        self.adds_raw = "raw" not in stream.columns
        raw = ("raw",) if self.adds_raw else ()
        self.columns = ("record_no", *raw, *stream.columns)

    @classmethod
    def of(
        cls, connection: Connection, stream: Stream, backfill_id: int | None = None
    ) -> "Landing":
        """The unfinished batch of the stream or its backfill, else a new one."""
        names = names_of(stream) | {"backfill_id": backfill_id}
        with connection.begin():
            for batch in rows(connection, "landing/on_its_way", **names):
                landing = cls(connection, stream, batch["batch_id"], batch["records"])
                landing.state = batch["state"]
                landing.backfill_id = backfill_id
                return landing
            return cls._new(connection, stream, backfill_id=backfill_id)

    @classmethod
    def of_replay(cls, connection: Connection, stream: Stream) -> "Landing":
        """A new batch, beside whatever is on its way."""
        with connection.begin():
            return cls._new(connection, stream, is_replay=True)

    @classmethod
    def _new(
        cls,
        connection: Connection,
        stream: Stream,
        is_replay: bool = False,
        backfill_id: int | None = None,
    ) -> "Landing":
        batch_id = run(
            connection,
            "landing/open_batch",
            **names_of(stream),
            entity=stream.entity,
            is_replay=is_replay,
            backfill_id=backfill_id,
            holds_whole_orders=stream.holds_whole_orders and not is_replay,
            record_key=list(stream.key),
            repeated_lines=stream.repeated_lines,
        ).scalar_one()
        landing = cls(connection, stream, batch_id, 0)
        landing.backfill_id = backfill_id
        connection.exec_driver_sql(
            f"create table {landing.table} (like staging.{stream.entity})"
        )
        return landing

    @property
    def table(self) -> str:
        return f"staging.{self.stream.entity}_{self.batch_id}"

    @property
    def progress(self) -> Progress:
        names = self.stream.source, self.stream.name
        return Progress(self.batch_id, *names, self.records)

    def prepare(self, page: Page) -> bytes:
        """The rows of the page, numbered on from those of the pages before."""
        data = as_csv(self._numbered(page.records))
        self.prepared += len(page.records)
        return data

    def store(self, page: Page, data: bytes) -> None:
        """Rows, count and cursor of one page, all or nothing."""
        with self.connection.begin():
            if page.records:
                self._copy(data)
                self._count(len(page.records))
            if page.cursor is not None:
                self._move(page.cursor)
        self.records += len(page.records)

    def take_pushed(self) -> int:
        """Stage some of what callbacks brought, out of the inbox; how many."""
        with self.connection.begin():
            taken = rows(
                self.connection, "inbox/take", most=AT_ONCE, **names_of(self.stream)
            )
            page = Page([self.stream.record_of(one["raw"]) for one in taken])
            if taken:
                self._copy(self.prepare(page))
                self._count(len(taken))
        self.records += len(taken)
        return len(taken)

    def finish(self) -> None:
        """Say that the batch is complete, and what the pull noticed."""
        note = "; ".join(self.stream.notes)[:LONGEST_NOTE] or None
        with self.connection.begin():
            run(self.connection, "landing/finish", batch_id=self.batch_id, note=note)

    def _move(self, cursor: str) -> None:
        """The stream's cursor; a backfill has one of its own."""
        if self.backfill_id is None:
            values: dict[str, Any] = {**names_of(self.stream), "cursor": cursor}
            run(self.connection, "landing/move_cursor", **values)
        else:
            values = {"backfill_id": self.backfill_id, "cursor": cursor}
            run(self.connection, "backfill/move", **values)

    def _numbered(self, records: Iterable[Record]) -> Iterator[Row]:
        rows_of, adds_raw = self.stream.rows, self.adds_raw
        for number, record in enumerate(records, self.prepared + 1):
            if adds_raw:
                raw: str | None = self.stream.raw(record).decode()
                for row in rows_of(record):
                    yield (number, raw, *row)
                    raw = None
            else:
                for row in rows_of(record):
                    yield (number, *row)

    def _copy(self, data: bytes) -> None:
        try:
            copy(self.connection, self.table, self.columns, data)
        except RowRefused as refusal:
            raise RowRefused(
                f"{title(self.stream)}: of the rows after record {self.records:,}, "
                f"{refusal}. What came before is kept"
            ) from None

    def _count(self, records: int) -> None:
        counted = rows(
            self.connection,
            "landing/count",
            batch_id=self.batch_id,
            records=records,
            before=self.records,
        )
        if not counted:
            raise AlreadyLanding(
                f"batch {self.batch_id} of {title(self.stream)} was changed by "
                "somebody else while it was being landed: nothing of this page was "
                "stored; run it again"
            )


def store_all(
    landing: "Landing", pages: Iterable[Page], on_page: OnPage | None
) -> None:
    """Store the pages in their order, each while the next one is being pulled."""
    with ThreadPoolExecutor(1, "land") as storing:
        before: Future[None] | None = None
        for page in pages:
            data = landing.prepare(page)
            if before is not None:
                before.result()
                if on_page:
                    on_page(landing.progress)
            before = storing.submit(landing.store, page, data)
        if before is not None:
            before.result()
            if on_page:
                on_page(landing.progress)


@contextmanager
def alone(engine: Engine, stream: Stream, work: str = "") -> Iterator[Connection]:
    """A connection that alone may do `work` at the stream, until it ends or is lost.

    Pages are stored over this very connection: when it is lost, so is the right to.
    The work without a name is the daily pull.

    Raises:
        AlreadyLanding: somebody else is at it.
    """
    lock = names_of(stream)
    lock["stream"] += work
    with engine.connect() as connection:
        with connection.begin():
            is_ours = run(connection, "landing/lock", **lock).scalar_one()
        if not is_ours:
            raise AlreadyLanding(
                f"{title(stream)}{work} is being landed by another worker right now: "
                "wait until that run has ended, then run it again; nothing is lost"
            )
        try:
            yield connection
        finally:
            _release(connection, lock)


def _release(connection: Connection, lock: dict[str, str]) -> None:
    try:
        with connection.begin():
            run(connection, "landing/unlock", **lock)
    except (DBAPIError, psycopg2.Error):
        # The server frees the lock when the session ends; see that it does.
        connection.invalidate()


def names_of(stream: Stream) -> dict[str, str]:
    """What every query of a stream binds."""
    return {"source": stream.source, "stream": stream.name}


def title(stream: Stream) -> str:
    """How messages call a stream."""
    return f"{stream.source}/{stream.name}"
