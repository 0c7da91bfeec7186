"""Segments and tags of ours go out to a platform's customers: only what differs."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg2
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import DBAPIError

from connectors.base import TagChange, Tagged, TagWriter
from tasks.database import rows, run
from tasks.people import definition
from tasks.problem import did_you_mean
from tasks.sources import PushTags, Source

# What a platform did not want is tried again after this.
REST = timedelta(days=7)


class CannotPush(ValueError):
    """The source is not set up for it; the message says what to write."""


class AlreadyPushing(RuntimeError):
    """Another worker pushes to this source right now; wait for it."""

    retriable = True


@dataclass
class Pushed:
    """How often each label was put on and taken away; `refused` counts reasons."""

    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def differences(
    engine: Engine, source: Source, now: datetime
) -> list[tuple[str, int, int]]:
    """(label, people who would get it, people who would lose it); changes nothing.

    Raises:
        CannotPush, AlreadyPushing: see `push`.
    """
    writer, wanted = _asked(source)
    with _alone(engine, source.name) as connection, connection.begin():
        _compare(connection, source.name, writer, wanted, now)
        found = rows(connection, "pushing/counts")
    return [(one["label"], one["added"], one["removed"]) for one in found]


def push(
    engine: Engine,
    source: Source,
    now: datetime,
    on_progress: Callable[[Pushed], None] = lambda pushed: None,
) -> Pushed:
    """Make the platform show what we think of its customers, and note what it took.

    The platform is told first and the note follows, in pieces: killed in between, a
    piece is told again, which changes nothing there.

    Raises:
        CannotPush: no `push_tags`, an unknown segment, a platform without tags.
        AlreadyPushing: another worker is at it.
        SourceError: the platform failed; what it took before is noted, call again.
    """
    writer, wanted = _asked(source)
    done, last = Pushed(), 0
    with _alone(engine, source.name) as connection:
        with connection.begin():
            _compare(connection, source.name, writer, wanted, now)
        while piece := _next(connection, last, writer.at_once):
            _tell(connection, source.name, writer, piece, now, done)
            last = piece[-1]["change_no"]
            on_progress(done)
    return done


def _asked(source: Source) -> tuple[TagWriter, PushTags]:
    writer, wanted = source.tag_writer(), source.push_tags
    if writer is None:
        raise CannotPush(
            f"{source.name}: the connector '{source.connector}' cannot put tags on "
            "customers"
        )
    if wanted is None:
        raise CannotPush(
            f"{source.name}: nothing says what to push: give the source the key "
            "push_tags with `segments: [vip]`, or with tags"
        )
    known = [one.name for one in definition.load_all("segment")]
    for name in wanted.segments:
        if name not in known:
            hint = did_you_mean(name, known)
            raise CannotPush(
                f"{source.name}: push_tags names the segment '{name}', which is no "
                f"file of sql/segments{hint}"
            )
    return writer, wanted


def _compare(
    connection: Connection,
    source: str,
    writer: TagWriter,
    wanted: PushTags,
    now: datetime,
) -> None:
    run(
        connection,
        "pushing/changes",
        source=source,
        kind=writer.kind,
        scope=writer.scope,
        prefix=wanted.prefix,
        segments=list(wanted.segments),
        tags=list(wanted.tags),
        now=now,
        retry_from=now - REST,
    )


def _next(connection: Connection, last: int, most: int) -> list[RowMapping]:
    with connection.begin():
        return rows(connection, "pushing/next", last=last, most=most)


def _tell(
    connection: Connection,
    source: str,
    writer: TagWriter,
    piece: Sequence[RowMapping],
    now: datetime,
    done: Pushed,
) -> None:
    """Hand one piece to the platform; what it took is noted even if it then fails."""
    changes = {
        TagChange(one["person"], one["label"], one["is_added"]): one["identifier_id"]
        for one in piece
    }
    told: list[Tagged] = []
    try:
        for tagged in writer.write(list(changes)):
            told.append(tagged)
    finally:
        pairs = [(one, tagged.error) for tagged in told for one in tagged.changes]
        with connection.begin():
            run(
                connection,
                "pushing/note",
                source=source,
                now=now,
                identifier_ids=[changes[one] for one, _ in pairs],
                labels=[one.tag for one, _ in pairs],
                added=[one.is_added for one, _ in pairs],
                errors=[error for _, error in pairs],
            )
    for one, error in pairs:
        if error:
            done.refused[error] += 1
        else:
            (done.added if one.is_added else done.removed)[one.tag] += 1


@contextmanager
def _alone(engine: Engine, source: str) -> Iterator[Connection]:
    with engine.connect() as connection:
        with connection.begin():
            is_ours = run(connection, "pushing/lock", source=source).scalar_one()
        if not is_ours:
            raise AlreadyPushing(
                f"tags are being pushed to {source} by another worker right now: wait "
                "until that has ended, then run it again"
            )
        try:
            yield connection
        finally:
            try:
                with connection.begin():
                    run(connection, "pushing/unlock", source=source)
            except (DBAPIError, psycopg2.Error):
                # The server frees the lock when the session ends; see that it does.
                connection.invalidate()
