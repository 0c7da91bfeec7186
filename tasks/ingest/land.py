"""Lands a stream: its pages go to staging as they come, the cursor with them."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from connectors.base import Page, Record, Stream
from tasks.database import rows
from tasks.garbage import collect_rarely
from tasks.ingest.landing import (
    AT_ONCE,
    AlreadyLanding,
    Landing,
    OnPage,
    Progress,
    alone,
    names_of,
    store_all,
    title,
)

__all__ = ["AlreadyLanding", "Progress", "land", "replay_batch", "tidy"]


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
    collect_rarely()
    with alone(engine, stream) as connection:
        landing = Landing.of(connection, stream)
        if landing.state == "landed":
            return landing.batch_id
        with connection.begin():
            found = rows(connection, "landing/cursor", **names_of(stream))
        cursor = found[0]["cursor"] if found else None
        while landing.take_pushed():
            if on_page:
                on_page(landing.progress)
        store_all(landing, stream.pull(cursor, until), on_page)
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
        raise ValueError(f"stream {title(stream)} is none of source '{source}'")
    with engine.connect() as connection:
        landing = Landing.of_replay(connection, stream)
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
