"""`regulars sources`: where data comes from, and whether it can be had."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tasks.sources import Checked


@click.group()
def command() -> None:
    """Look after the shop's sources."""


@command.command()
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="another file than the sources_file of the settings",
)
def check(names: tuple[str, ...], file: Path | None) -> None:
    """Call each stream of each SOURCE (default: all) once, and say what is wrong.

    Ends with 1 if something does not work. A stream that only callbacks feed and that
    has no keys for them counts when `streams` names it; otherwise it is only told.
    """
    from tasks import sources

    try:
        known = sources.load(file)
    except sources.SourcesError as error:
        raise click.ClickException(str(error)) from None
    unknown = set(names) - {source.name for source in known}
    if unknown:
        there_are = ", ".join(source.name for source in known)
        asked = ", ".join(sorted(unknown))
        raise click.ClickException(f"no source {asked}: there are {there_are}")
    chosen = [source for source in known if not names or source.name in names]
    failed = 0
    for checked in sources.check(chosen):
        failed += checked.error is not None
        click.echo(line(checked))
    sys.exit(1 if failed else 0)


@command.command()
@click.argument("source")
@click.option("--since", required=True, help="2024-01-01, in the shop's time zone")
@click.option("--until", help="a later moment [default: now]")
@click.option("--stream", "names", multiple=True, help="only this one; may be repeated")
@click.option(
    "--restart", is_flag=True, help="give up an unfinished one of other dates"
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="another file than the sources_file of the settings",
)
def backfill(
    source: str,
    since: str,
    until: str | None,
    names: tuple[str, ...],
    restart: bool,
    file: Path | None,
) -> None:
    """Load the history of SOURCE since a date; the daily pulls are not disturbed.

    Stop it with Ctrl-C whenever you like: the same command goes on where it was.
    """
    from flows.history import load_history

    sys.exit(load_history(source, since, until, names, restart, file))


@command.command()
def inbox() -> None:
    """What platforms pushed: how much waits for the next ingest, what was refused."""
    from tasks import database
    from tasks.database import rows

    with database.transaction() as connection:
        waiting = rows(connection, "inbox/waiting")
        refused = rows(connection, "inbox/refused")
    for one in waiting:
        since = f"{one['oldest_at']:%Y-%m-%d %H:%M} UTC"
        place = f"{one['source']}.{one['stream']}"
        click.echo(f"{place}: {one['records']:,} wait, the oldest since {since}")
    if not waiting:
        click.echo("nothing waits")
    for one in refused:
        last = f"{one['last_at']:%Y-%m-%d %H:%M} UTC"
        click.echo(
            f"{one['source']}: {one['refusals']:,} refused, the last at {last}: "
            f"{one['reason']}"
        )


def line(checked: "Checked") -> str:
    name = f"{checked.source}.{checked.stream}"
    if checked.error is None and checked.hint:
        return f"{name}: takes no callbacks: {checked.hint}"
    if checked.error is None:
        return f"{name}: {'waits for callbacks' if checked.is_pushed else 'works'}"
    kind = "try again later" if checked.error.retriable else "somebody must look"
    return f"{name}: does not work ({kind}): {checked.error}"
