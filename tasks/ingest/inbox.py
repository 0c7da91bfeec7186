"""The one door for what platforms push: verified, kept, landed by the next run."""

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine

from connectors.base import CallbackRefused, Callbacks, Request
from tasks import sources
from tasks.database import run
from tasks.settings import settings
from tasks.sources import Source


class NoCallbacks(LookupError):
    """The source has a connector to which nothing can be pushed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform wants to hear; always with status 200."""

    body: bytes
    content_type: str


def receive(
    engine: Engine,
    source_name: str,
    request: Request,
    now: datetime,
    file: Path | None = None,
) -> Answer:
    """Keep what one callback to `source_name` tells; safe on disk when this returns.

    The next `ingest` of the source stages it. What comes twice is kept once, for as
    long as it waits; after that, loading finds that it is known. `file` is another
    file of sources than that of the settings.

    Raises:
        CallbackRefused: it is not the platform; counted by its reason, nothing kept.
        LookupError: there is no such source, or nothing is pushed to it.
        SourcesError: the file of sources is wrong.
    """
    source, callbacks = _receiver(source_name, file or settings().sources_file)
    try:
        received = callbacks.receive(request)
    except CallbackRefused as refusal:
        _refuse(engine, source_name, str(refusal), now)
        raise
    streams = {stream.name: stream for stream in source.streams}
    pushed = []
    for name, records in received.records.items():
        if stream := streams.get(name):
            pushed += [(name, stream.raw(record).decode()) for record in records]
        else:
            said = f"the stream {name} is not among the streams of this source"
            _refuse(engine, source_name, said, now)
    if pushed:
        _keep(engine, source_name, pushed, now)
    return Answer(received.answer, received.content_type)


def _keep(
    engine: Engine, source: str, pushed: list[tuple[str, str]], now: datetime
) -> None:
    names, raws = map(list, zip(*pushed, strict=True))
    values = {"source": source, "streams": names, "raws": raws, "now": now}
    with engine.begin() as connection:
        run(connection, "inbox/put", **values)


def _refuse(engine: Engine, source: str, said: str, now: datetime) -> None:
    """Anybody may call: a trace must cost little, and need not wait for the disk."""
    reason = _in_general(said.removeprefix(f"{source}: "))
    with engine.begin() as connection:
        connection.exec_driver_sql("set local synchronous_commit = off")
        run(connection, "inbox/refuse", source=source, reason=reason, now=now)


def _in_general(said: str) -> str:
    """The reason without the values of one request, which may be anybody's data."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "…", said)[:200]


def _receiver(name: str, file: Path) -> tuple[Source, Callbacks]:
    known = _known(file, file.stat().st_mtime_ns if file.exists() else 0)
    if name not in known:
        raise LookupError(f"no source {name!r}: there are {', '.join(known)}")
    source = known[name]
    if source.callbacks is None:
        raise NoCallbacks(
            f"nothing can be pushed to {name!r}: its connector '{source.connector}' "
            "takes no callbacks, or the keys that verify them are not set"
        )
    return source, source.callbacks


@lru_cache(maxsize=4)
def _known(file: Path, changed: int) -> dict[str, Source]:
    """The sources of the file as it is since `changed`: a platform waits seconds."""
    return {source.name: source for source in sources.load(file)}
