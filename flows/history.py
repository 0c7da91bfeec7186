"""Loads the history of a source from a terminal: progress, stops, what is next."""

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from connectors.base import SourceError, Stream
from flows import clock
from tasks import database, sources
from tasks.ingest import backfill
from tasks.ingest.backfill import Reached
from tasks.settings import settings

# Seconds between two lines of progress.
EVERY = 2.0


def load_history(
    source: str,
    since: str,
    until: str | None,
    names: tuple[str, ...],
    is_restarted: bool,
    file: Path | None = None,
) -> int:
    """Load it stream by stream; one that fails does not stop the next.

    Returns the exit code: 0, 1 when a stream failed, 130 when somebody stopped it.
    """
    start, end = _moment(since, "--since"), _moment(until, "--until") if until else None
    _insist_on_span(start, end)
    failed = 0
    for stream in _chosen(source, names, file):
        shown = _Shown(stream)
        try:
            reached = backfill.backfill(
                database.engine(),
                stream,
                start,
                end,
                clock.now(),
                is_restarted=is_restarted,
                docs=settings().home / "data_docs",
                on_reached=shown,
            )
        except KeyboardInterrupt:
            click.echo(f"{shown.name}: stopped; the same command goes on from here")
            return 130
        except Exception as error:
            if not _is_ours(error):
                raise
            failed += 1
            click.echo(f"{shown.name}: {error}")
            continue
        shown.end(reached)
    return 1 if failed else 0


class _Shown:
    """The lines that tell how far one stream has come."""

    def __init__(self, stream: Stream) -> None:
        self.name = f"{stream.source}.{stream.name}"
        self._begun = self._told_at = time.monotonic()

    def __call__(self, reached: Reached) -> None:
        now = time.monotonic()
        if now - self._told_at < EVERY:
            return
        self._told_at = now
        rate = reached.records / max(now - self._begun, 0.001)
        click.echo(
            f"{self.name}: up to {_local(reached.position)} ({reached.share:.0%}), "
            f"{reached.records:,} records, {rate:,.0f} a second"
        )

    def end(self, reached: Reached) -> None:
        seconds = time.monotonic() - self._begun
        click.echo(
            f"{self.name}: done in {seconds:,.0f} s: {reached.records:,} records = "
            f"{reached.loaded:,} loaded + {reached.unchanged:,} unchanged + "
            f"{reached.quarantined:,} quarantined"
        )


def _chosen(source: str, names: tuple[str, ...], file: Path | None) -> list[Stream]:
    """The streams that are asked for; without names, all that have a history."""
    found = sources.find(source, file)
    if names:
        return [sources.stream([found], source, name) for name in names]
    for stream in found.streams:
        if stream.is_pushed:
            click.echo(
                f"{source}.{stream.name}: only told by callbacks, has no history"
            )
    return [stream for stream in found.streams if not stream.is_pushed]


def _moment(written: str, option: str) -> datetime:
    zone = ZoneInfo(settings().timezone)
    try:
        given = datetime.fromisoformat(written)
    except ValueError:
        raise click.UsageError(
            f"{option} '{written}' is no date: write 2024-01-31 or 2024-01-31T12:00"
        ) from None
    return given if given.tzinfo else given.replace(tzinfo=zone)


def _insist_on_span(since: datetime, until: datetime | None) -> None:
    end = until or clock.now()
    if since >= end:
        raise click.UsageError(
            f"--since {_local(since)} is not before {_local(end)}, the end: nothing "
            "lies between them"
        )


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(settings().timezone)):%Y-%m-%d %H:%M}"


def _is_ours(error: Exception) -> bool:
    """Whether its message says what is wrong and what to do."""
    return isinstance(error, SourceError) or type(error).__module__.startswith("tasks.")
