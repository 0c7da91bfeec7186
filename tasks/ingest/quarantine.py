"""What people do with records in quarantine: look, correct, try again, dismiss."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Engine

from connectors.base import Stream
from tasks.database import rows, run
from tasks.ingest import land, load, staging
from tasks.ingest.validate import validate

# Entries that a replay takes at once: a batch of bounded size.
CHUNK = 20_000

# What an editor makes of a record's JSON.
Edit = Callable[[Any], Any]
# Finds the configured stream of a source.
StreamOf = Callable[[str, str], Stream]


class NoSuchEntry(LookupError):
    """The entry is not there, or somebody settled it before."""


class NotStopped(RuntimeError):
    """Only a stopped batch waits for somebody to accept it."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which open entries are meant; what is not given does not matter.

    `reason` is the name of a rule, or a part of the sentence.
    """

    ids: tuple[int, ...] = ()
    source: str | None = None
    stream: str | None = None
    batch: int | None = None
    reason: str | None = None

    def __bool__(self) -> bool:
        """Whether anything was asked for, and not simply everything."""
        return self != Which()


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in quarantine, with all that is known of it."""

    quarantine_id: int
    batch_id: int
    source: str
    stream: str
    record_key: str | None
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    place: str | None
    raw: Any
    first_seen_at: datetime
    last_seen_at: datetime
    resolution: str | None
    resolved_at: datetime | None
    resolved_because: str | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of trying records again: `again` are still in quarantine."""

    tried: int
    good: int
    again: int


def entries(engine: Engine, which: Which, limit: int | None = 50) -> list[Entry]:
    """The open entries that are meant, those seen last first."""
    with engine.connect() as connection:
        found = rows(connection, "quarantine/open", **_binds(which), most=limit)
    return [_entry(one) for one in found]


def summary(engine: Engine, which: Which) -> list[tuple[str, str, str, int]]:
    """(source, stream, rule, open entries), the most frequent first."""
    with engine.connect() as connection:
        found = rows(connection, "quarantine/summary", **_binds(which))
    return [
        (one["source"], one["stream"], one["rule"], one["entries"]) for one in found
    ]


def entry(engine: Engine, quarantine_id: int) -> Entry:
    """One entry, open or settled.

    Raises:
        NoSuchEntry: there is none of that number.
    """
    with engine.connect() as connection:
        found = rows(connection, "quarantine/one", quarantine_id=quarantine_id)
    for one in found:
        return _entry(one)
    raise NoSuchEntry(
        f'there is no entry "{quarantine_id}" in quarantine; '
        "`regulars quarantine list` shows those that are open"
    )


def replay(
    engine: Engine, which: Which, stream_of: StreamOf, edit: Edit | None = None
) -> Replayed:
    """Read the raw records again as their stream reads them now, and load the good.

    A record that still fails stays open, with its new reason. `edit` may change the
    raw JSON first. Running it twice, or while a pull brings the same, loads once.

    Raises:
        NoSuchEntry: an entry named by its number is not open.
    """
    _insist_on_open(engine, which)
    tried = good = 0
    for source, stream, chunk in _chunks(engine, which):
        raws = [edit(one.raw) if edit else one.raw for one in chunk]
        batch_id = _stage(engine, stream_of(source, stream), chunk, raws)
        validate(engine, batch_id)
        counts = load.load(engine, batch_id)
        tried += counts.records
        good += counts.records - counts.quarantined
    return Replayed(tried, good, tried - good)


def dismiss(engine: Engine, which: Which, because: str) -> int:
    """Settle entries that will never be loaded, with the reason of a person; how many.

    Raises:
        NoSuchEntry: an entry named by its number is not open.
        ValueError: no reason was given.
    """
    if not because.strip():
        raise ValueError("dismissing a record needs a reason: --because 'test order'")
    _insist_on_open(engine, which)
    with engine.begin() as connection:
        return run(
            connection, "quarantine/dismiss", **_binds(which), because=because
        ).rowcount


def accept(engine: Engine, batch_id: int, because: str) -> load.Counts:
    """Judge a stopped batch anew and load its good records, however many are bad.

    The bad ones stay in quarantine. A batch that fails for a rule that has been put
    right since loses only what still fails.

    Raises:
        NotStopped: the batch does not wait for this.
        ValueError: no reason was given.
    """
    if not because.strip():
        raise ValueError("accepting a batch needs a reason: --because 'known fault'")
    with engine.begin() as connection:
        batch = staging.locked(connection, batch_id)
        if batch["state"] != "stopped":
            raise NotStopped(
                f'batch {batch_id} is "{batch["state"]}", and only a batch that is '
                '"stopped" can be accepted'
            )
        run(connection, "quarantine/accept", batch_id=batch_id, because=because)
    validate(engine, batch_id)
    return load.load(engine, batch_id)


def _chunks(engine: Engine, which: Which) -> Iterator[tuple[str, str, Sequence[Entry]]]:
    """The entries by stream, in pieces; each piece is asked for when its turn comes."""
    last, end = 0, _last_number(engine)
    while True:
        with engine.connect() as connection:
            found = rows(
                connection,
                "quarantine/next",
                **_binds(which),
                last=last,
                until=end,
                most=CHUNK,
            )
        if not found:
            return
        chunk = [_entry(one) for one in found]
        last = max(one.quarantine_id for one in chunk)
        chunk.sort(key=lambda one: (one.source, one.stream, one.quarantine_id))
        for (source, stream), part in groupby(
            chunk, key=lambda one: (one.source, one.stream)
        ):
            yield source, stream, list(part)


def _last_number(engine: Engine) -> int:
    """Entries that come while a replay runs are not for this one."""
    with engine.connect() as connection:
        return int(rows(connection, "quarantine/last")[0]["quarantine_id"])


def _stage(
    engine: Engine, stream: Stream, chunk: Sequence[Entry], raws: Sequence[Any]
) -> int:
    """A batch of the records, each of which its entry knows by number."""
    batch_id = land.replay_batch(
        engine, stream.source, stream, (stream.record_of(raw) for raw in raws)
    )
    with engine.begin() as connection:
        run(
            connection,
            "quarantine/try_again",
            batch_id=batch_id,
            ids=[one.quarantine_id for one in chunk],
        )
    return batch_id


def _insist_on_open(engine: Engine, which: Which) -> None:
    for number in which.ids:
        found = entry(engine, number)
        if found.resolution:
            raise NoSuchEntry(
                f"entry {number} is settled: it was {found.resolution} on "
                f"{found.resolved_at:%Y-%m-%d %H:%M} UTC"
            )


def _binds(which: Which) -> dict[str, Any]:
    return {
        "ids": list(which.ids) or None,
        "source": which.source,
        "stream": which.stream,
        "batch_id": which.batch,
        "reason": which.reason,
    }


def _entry(found: Any) -> Entry:
    values = {name: found[name] for name in Entry.__dataclass_fields__}
    values["rules"] = tuple(values["rules"])
    values["reasons"] = tuple(values["reasons"])
    return Entry(**values)
