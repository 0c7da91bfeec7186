"""`regulars quarantine`: look at records that were refused, correct them, try again."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from tasks.ingest.quarantine import Which


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which open entries are meant."""
    for option in (
        click.option("--reason", help="a rule's name, or a part of the sentence"),
        click.option("--batch", type=int, help="only what this batch brought"),
        click.option("--stream", help="only of this stream"),
        click.option("--source", help="only of this source"),
    ):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Records that were refused: list, show, replay, dismiss; and accept a batch."""


@command.command("list")
@_filters
@click.option("--limit", default=30, show_default=True, help="at most so many")
def list_(limit: int, **meant: Any) -> None:
    """The open entries, the latest first, and how many there are of each reason."""
    from rich.console import Console

    from tasks.ingest import quarantine

    console, which = Console(), _which(**meant)
    counted = quarantine.summary(_engine(), which)
    if not counted:
        console.print("Nothing is in quarantine" + (" of that kind" if which else ""))
        return
    found = quarantine.entries(_engine(), which, limit)
    names = ("entry", "source/stream", "record", "where", "why", "seen last")
    lines = [
        (
            str(one.quarantine_id),
            f"{one.source}/{one.stream}",
            one.record_key or "",
            one.place or "",
            "\n".join(one.reasons),
            f"{one.last_seen_at:%Y-%m-%d %H:%M}",
        )
        for one in found
    ]
    _table(console, names, lines)
    numbers = [(f"{s}/{t}", rule, f"{n:,}") for s, t, rule, n in counted]
    _table(console, ("source/stream", "rule", "entries"), numbers)
    if len(found) == limit:
        console.print(f"These are the latest {limit}; --limit shows more")


@command.command()
@click.argument("entry", type=int)
def show(entry: int) -> None:
    """One entry: why, from where, and the record as it was received."""
    from rich.console import Console

    from tasks.ingest import quarantine

    console = Console()
    with _told():
        found = quarantine.entry(_engine(), entry)
    lines = [
        ("source/stream", f"{found.source}/{found.stream}"),
        ("record", found.record_key or "(has no key)"),
        ("where", found.place or "(unknown)"),
        ("why", "\n".join(found.reasons)),
        ("rules", ", ".join(found.rules)),
        ("first seen", f"{found.first_seen_at:%Y-%m-%d %H:%M} UTC"),
        ("last seen", f"{found.last_seen_at:%Y-%m-%d %H:%M} UTC"),
        ("state", _state(found)),
    ]
    _table(console, ("", f"entry {entry}"), lines)
    raw = json.dumps(found.raw, ensure_ascii=False)
    # Platforms cut texts in the middle of an emoji, which no terminal can show.
    console.print_json(raw.encode(errors="replace").decode())


@command.command()
@click.argument("entries", type=int, nargs=-1)
@_filters
@click.option("--edit", is_flag=True, help="open each record in $EDITOR first")
def replay(entries: tuple[int, ...], edit: bool, **meant: Any) -> None:
    """Read records again, after the mapping or the rules or --edit put them right."""
    from tasks import sources
    from tasks.ingest import quarantine
    from tasks.settings import settings

    which = _which(entries, **meant)
    _insist_on_choice(which)
    with _told():
        configured = sources.load(settings().sources_file)
        done = quarantine.replay(
            _engine(),
            which,
            lambda source, stream: sources.stream(configured, source, stream),
            _edited if edit else None,
        )
    click.echo(
        f"{done.tried:,} tried again: {done.good:,} loaded, {done.again:,} still in "
        "quarantine" + (", with their new reasons" if done.again else "")
    )


@command.command()
@click.argument("entries", type=int, nargs=-1)
@_filters
@click.option("--because", required=True, help="why they will never be loaded")
def dismiss(entries: tuple[int, ...], because: str, **meant: Any) -> None:
    """Settle records that will never be loaded; they are kept, with the reason."""
    from tasks.ingest import quarantine

    which = _which(entries, **meant)
    _insist_on_choice(which)
    with _told():
        number = quarantine.dismiss(_engine(), which, because)
    click.echo(f"{number:,} dismissed")


@command.command()
@click.argument("batch", type=int)
@click.option("--because", required=True, help="why it is right to go on")
def accept(batch: int, because: str) -> None:
    """Load the good records of a stopped batch; the bad stay in quarantine."""
    from tasks.ingest import quarantine

    with _told():
        counts = quarantine.accept(_engine(), batch, because)
    click.echo(
        f"batch {batch}: {counts.records:,} records = {counts.loaded:,} loaded + "
        f"{counts.unchanged:,} unchanged + {counts.quarantined:,} quarantined"
    )


def _which(entries: tuple[int, ...] = (), **meant: Any) -> "Which":
    from tasks.ingest.quarantine import Which

    return Which(ids=entries, **meant)


def _insist_on_choice(which: "Which") -> None:
    if not which:
        raise click.UsageError(
            "name entries by their numbers, or choose them by --source, --stream, "
            "--batch or --reason"
        )


def _edited(raw: Any) -> Any:
    text = json.dumps(raw, ensure_ascii=False, indent=2)
    changed = click.edit(text, extension=".json")
    try:
        return json.loads(changed or text)
    except json.JSONDecodeError as error:
        raise click.ClickException(
            f"that is not JSON any more (line {error.lineno}: {error.msg}); nothing "
            "was tried again"
        ) from None


def _state(found: Any) -> str:
    if not found.resolution:
        return "open"
    because = f": {found.resolved_because}" if found.resolved_because else ""
    return f"{found.resolution} {found.resolved_at:%Y-%m-%d %H:%M} UTC{because}"


def _engine() -> "Engine":
    from tasks import database

    return database.engine()


def _table(
    console: Any, names: tuple[str, ...], lines: Sequence[tuple[str, ...]]
) -> None:
    from rich.table import Table

    table = Table(*names)
    for line in lines:
        table.add_row(*(_escaped(cell) for cell in line))
    console.print(table)


def _escaped(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


class _told:
    """Turns the errors a person can do something about into one line."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if isinstance(error, LookupError | RuntimeError | ValueError):
            raise click.ClickException(str(error)) from None
