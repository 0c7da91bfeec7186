"""Pull one source's new records, validate them and load them into Postgres."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows import clock, story
from flows.retries import step
from tasks import database, sources
from tasks.ingest import land, load, validate
from tasks.settings import settings

log = logging.getLogger(__name__)

SourceName = Annotated[
    str, Field(description="a source in sources.yaml", examples=["youzan_main"])
]
StreamNames = Annotated[
    list[str] | None,
    Field(description="only these streams of it, in this order; empty: all"),
]
Until = Annotated[
    datetime | None,
    Field(description="only what changed before this moment; empty: up to now"),
]


class IngestFailed(Exception):
    """Some streams of a source failed; the others are loaded."""


@dataclass
class Ingested:
    """What became of the records of one stream, or of all of a source."""

    records: int = 0
    loaded: int = 0
    unchanged: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Why in quarantine, and how many for each reason."""
    warnings: Counter[str] = field(default_factory=Counter)
    """What was noticed about records that are loaded all the same."""

    def __add__(self, other: "Ingested") -> "Ingested":
        mine, others = vars(self).values(), vars(other).values()
        return Ingested(*(a + b for a, b in zip(mine, others, strict=True)))


@flow(flow_run_name="ingest {source}")
def ingest(
    source: SourceName, streams: StreamNames = None, until: Until = None
) -> State[Ingested]:
    """Pull what is new at a source, validate it and load it.

    Streams go one after the other; one that fails does not stop the next, and the run
    then ends as Failed with the reason of each. **Retry is always safe**: it continues
    where the failed stream stopped, and what is loaded stays loaded once.

    Records that break a rule are kept in quarantine with their reason; nothing is
    dropped. Runbook: `deployments/RUNBOOK.md`, *ingest*.
    """
    names = streams or [one.name for one in sources.find(source).streams]
    moment = until or clock.now()
    done: dict[str, Ingested] = {}
    failures: dict[str, Exception] = {}
    for name in names:
        try:
            done[name] = _one_stream(source, name, moment)
        except Exception as error:
            log.exception("%s/%s failed", source, name)
            failures[name] = error
    total = _tell(source, done, failures)
    if failures:
        cause = next(iter(failures.values()))
        raise IngestFailed(_why(source, names, failures)) from cause
    return story.ended(*_last_state(total), result=total)


@step("land {stream}")
def landed(source: str, stream: str, until: datetime) -> int:
    """Pages into staging, the cursor with them; the number of the batch."""
    chosen = sources.stream(sources.load(settings().sources_file), source, stream)
    return land.land(database.engine(), chosen, until, _Pace())


@step("validate {stream}")
def validated(batch_id: int, stream: str) -> tuple[dict[str, int], dict[str, int]]:
    """Why records went to quarantine, and what was noticed about the others."""
    docs: Path = settings().home / "data_docs"
    verdict = validate.validate(database.engine(), batch_id, docs)
    return verdict.reasons, verdict.warnings


@step("stopped {stream}")
def waiting(source: str, stream: str) -> list[int]:
    """Batches that were too bad to load, to be judged again."""
    return validate.stopped(database.engine(), source, stream)


@step("load {stream}")
def loaded(batch_id: int, stream: str) -> load.Counts:
    """The good records of that stream's batch into the final tables."""
    return load.load(database.engine(), batch_id)


class _Pace:
    """Tells the log how far a landing has come, every half a minute."""

    def __init__(self) -> None:
        self._seldom = story.Seldom()

    def __call__(self, progress: land.Progress) -> None:
        if self._seldom.is_due():
            place = f"{progress.source}/{progress.stream}"
            log.info("%s: %s records so far", place, f"{progress.records:,}")


def _one_stream(source: str, stream: str, until: datetime) -> Ingested:
    done = _judged(landed(source, stream, until), source, stream)
    for batch_id in waiting(source, stream):
        done += _judged(batch_id, source, stream)
    return done


def _judged(batch_id: int, source: str, stream: str) -> Ingested:
    found = validated(batch_id, stream)
    counts = loaded(batch_id, stream)
    log.info("%s/%s: %s of %s loaded", *(source, stream, counts.loaded, counts.records))
    return Ingested(
        *(counts.records, counts.loaded, counts.unchanged, counts.quarantined),
        *map(Counter, found),
    )


def _tell(
    source: str, done: dict[str, Ingested], failures: dict[str, Exception]
) -> Ingested:
    total = sum(done.values(), Ingested())
    columns = ["stream", "records in", "loaded", "unchanged", "quarantined"]
    lines = [
        [name, one.records, one.loaded, one.unchanged, one.quarantined]
        for name, one in done.items()
    ]
    failed = [[name, story.cause(error)] for name, error in failures.items()]
    story.tell(
        f"ingest-{source}",
        f"{source}: what came in",
        story.table(columns, lines),
        story.table(["stream", "why"], failed),
        _quarantine(source, total),
        story.table(["noticed, and loaded", "records"], total.warnings.most_common(5)),
    )
    return total


def _quarantine(source: str, total: Ingested) -> str:
    if not total.quarantined:
        return ""
    return "\n\n".join(
        [
            story.table(["why in quarantine", "records"], total.reasons.most_common(5)),
            story.command(f"quarantine list --source {source}", "To see them:"),
        ]
    )


def _last_state(total: Ingested) -> tuple[str, str]:
    message = (
        f"{total.records:,} records = {total.loaded:,} loaded + "
        f"{total.unchanged:,} unchanged + {total.quarantined:,} quarantined"
    )
    if total.quarantined:
        return f"{total.quarantined:,} quarantined", message
    return (f"{total.loaded:,} loaded" if total.loaded else "Nothing new"), message


def _why(source: str, names: list[str], failures: dict[str, Exception]) -> str:
    each = "; ".join(
        f"{name}: {story.cause(error)}" for name, error in failures.items()
    )
    return f"{source}: {len(failures)} of {len(names)} streams failed. {each}"
