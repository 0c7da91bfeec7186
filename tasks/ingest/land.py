"""Lands a stream: its pages go to staging as they come, the cursor with them."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

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


def land(
    engine: Engine, stream: Stream, until: datetime, on_page: OnPage | None = None
) -> int:
    """Stage what was pushed, and all that is new up to `until`; the batch's number.

    Continues the batch that an earlier call left unfinished, from where its last page
    ended. A batch that is staged but not loaded is given back as it is.

    Raises:
        AlreadyLanding: another worker is at it.
        SourceError: the source failed; the pages before are kept, call again.
        RowRefused: a fault of the connector; the pages before are kept.
    """
    with _alone(engine, stream) as connection:
        landing = _Landing.of(connection, stream)
        if landing.state == "landed":
            return landing.batch_id
        with connection.begin():
            found = rows(connection, "landing/cursor", **_names(stream))
        cursor = found[0]["cursor"] if found else None
        while landing.take_pushed():
            if on_page:
                on_page(landing.progress)
        _store_all(landing, stream.pull(cursor, until), on_page)
        landing.finish()
        return landing.batch_id


def replay_batch(
    engine: Engine, source: str, stream: Stream, records: Iterable[Record]
) -> int:
    """Stage records of `source` that were in quarantine, in their order, as a batch.

    Records are what `stream.record_of` makes of raw ones. The stream's cursor stays
    where it is. A replay says nothing about lines of an order that are not in it.
    """
    if source != stream.source:
        raise ValueError(f"stream {_title(stream)} is none of source '{source}'")
    with engine.connect() as connection:
        landing = _Landing.of(connection, stream, is_replay=True)
        page: list[Record] = []
        for record in records:
            page.append(record)
            if len(page) == AT_ONCE:
                landing.store(Page(page), landing.prepare(Page(page)))
                page = []
        landing.store(Page(page), landing.prepare(Page(page)))
        landing.finish()
        return landing.batch_id


def tidy(engine: Engine, older_than: datetime) -> list[str]:
    """Drop what is left in staging of batches loaded before; the tables' names.

    Each in a transaction of its own that gives up rather than make others wait; what
    is in use is left for the next time.
    """
    with engine.begin() as connection:
        found = rows(connection, "landing/leftovers", older_than=older_than)
    names = [str(row["table_name"]) for row in found]
    return [name for name in names if _dropped(engine, name)]


class _Landing:
    """One batch on its way into staging, over one connection."""

    def __init__(
        self, connection: Connection, stream: Stream, batch_id: int, records: int
    ) -> None:
        self.connection = connection
        self.stream = stream
        self.batch_id = batch_id
        self.records = self.prepared = records
        self.state = "landing"
        self.adds_raw = "raw" not in stream.columns
        raw = ("raw",) if self.adds_raw else ()
        self.columns = ("record_no", *raw, *stream.columns)

    @classmethod
    def of(
        cls, connection: Connection, stream: Stream, is_replay: bool = False
    ) -> "_Landing":
        """The stream's unfinished batch, or a new one with its table."""
        with connection.begin():
            found = rows(connection, "landing/on_its_way", **_names(stream))
            for batch in found if not is_replay else ():
                landing = cls(connection, stream, batch["batch_id"], batch["records"])
                landing.state = batch["state"]
                return landing
            return cls._new(connection, stream, is_replay)

    @classmethod
    def _new(
        cls, connection: Connection, stream: Stream, is_replay: bool
    ) -> "_Landing":
        batch_id = run(
            connection,
            "landing/open_batch",
            **_names(stream),
            entity=stream.entity,
            is_replay=is_replay,
            holds_whole_orders=stream.holds_whole_orders and not is_replay,
            record_key=list(stream.key),
            repeated_lines=stream.repeated_lines,
        ).scalar_one()
        landing = cls(connection, stream, batch_id, 0)
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
                names = _names(self.stream)
                values = names | {"cursor": page.cursor}
                run(self.connection, "landing/move_cursor", **values)
        self.records += len(page.records)

    def take_pushed(self) -> int:
        """Stage some of what callbacks brought, out of the inbox; how many."""
        with self.connection.begin():
            taken = rows(
                self.connection, "inbox/take", most=AT_ONCE, **_names(self.stream)
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
                f"{_title(self.stream)}: of the rows after record {self.records:,}, "
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
                f"batch {self.batch_id} of {_title(self.stream)} was changed by "
                "somebody else while it was being landed: nothing of this page was "
                "stored; run it again"
            )


def _store_all(
    landing: "_Landing", pages: Iterable[Page], on_page: OnPage | None
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
def _alone(engine: Engine, stream: Stream) -> Iterator[Connection]:
    """A connection that alone may land the stream, until it ends or is lost.

    Pages are stored over this very connection: when it is lost, so is the right to.
    """
    with engine.connect() as connection:
        with connection.begin():
            is_ours = run(connection, "landing/lock", **_names(stream)).scalar_one()
        if not is_ours:
            raise AlreadyLanding(
                f"{_title(stream)} is being landed by another worker right now: wait "
                "until that run has ended, then run it again; nothing is lost"
            )
        try:
            yield connection
        finally:
            _release(connection, stream)


def _release(connection: Connection, stream: Stream) -> None:
    try:
        with connection.begin():
            run(connection, "landing/unlock", **_names(stream))
    except (DBAPIError, psycopg2.Error):
        # The server frees the lock when the session ends; see that it does.
        connection.invalidate()


def _dropped(engine: Engine, table: str) -> bool:
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("set local lock_timeout = '1s'")
            connection.exec_driver_sql(f'drop table if exists staging."{table}"')
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", "") != "55P03":  # lock_not_available
            raise
        return False
    return True


def _names(stream: Stream) -> dict[str, str]:
    return {"source": stream.source, "stream": stream.name}


def _title(stream: Stream) -> str:
    return f"{stream.source}/{stream.name}"
