"""`regulars tags`: who carries which, and those that staff give and take."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from rich.console import Console
from rich.table import Table

from flows import clock
from tasks import database

if TYPE_CHECKING:
    from tasks.people import staff_tags


@click.group()
def command() -> None:
    """Look at tags; give and take staff tags, one or many."""


@command.command("list")
def list_() -> None:
    """Every tag, where it comes from, and how many customers carry it."""
    from tasks.people import tags

    shown = Table("tag", "origin", "customers")
    with database.transaction() as connection:
        for row in tags.counts(connection):
            shown.add_row(row["tag"], row["origin"], f"{row['customers']:,}")
    Console().print(shown)


@command.command()
@click.argument("customer")
def show(customer: str) -> None:
    """The tags of CUSTOMER: an id, a phone number, an e-mail address …"""
    from tasks.people import tags

    shown = Table("tag", "value", "origin", "by", "evidence", "since", "until")
    customer_id = _find(customer)
    with database.transaction() as connection:
        for row in tags.of_customer(connection, customer_id):
            until = f"{row['expires_at']:%Y-%m-%d}" if row["expires_at"] else ""
            since = f"{row['tagged_at']:%Y-%m-%d}"
            told = (row["tag"], row["value"], row["origin"], row["source"])
            shown.add_row(*told, row["evidence"] or "", since, until)
    Console().print(shown)


@command.command()
@click.argument("customer", required=False)
@click.argument("tag", required=False)
@click.argument("value", default="")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="a CSV file instead: customer,tag[,value][,expires_at]",
)
@click.option("--who", default=getpass.getuser, help="who gives it [default: you]")
def add(
    customer: str | None, tag: str | None, value: str, file: Path | None, who: str
) -> None:
    """Give CUSTOMER the TAG, with an optional VALUE; or many from a file."""
    from tasks.people import staff_tags

    if file:
        given = _read(file)
    elif customer and tag:
        given = [staff_tags.Given(1, customer, tag, value)]
    else:
        raise click.UsageError("give CUSTOMER and TAG, or --file")
    now, evidence = datetime.now(UTC), file.name if file else None
    unknown = staff_tags.give(database.engine(), given, who, now, evidence)
    click.echo(f"{len(given) - len(unknown):,} tags given")
    if unknown:
        first = ", ".join(f"{one.customer} (line {one.line})" for one in unknown[:5])
        raise click.ClickException(
            f"{len(unknown):,} are for nobody we know, and were left out: {first}"
        )


@command.command()
@click.argument("file", type=click.File("w", encoding="utf-8"))
@click.option("--tag", help="one tag instead of all")
@click.option(
    "--origin",
    type=click.Choice(["staff", "platform", "rule"]),
    default="staff",
    show_default=True,
)
def export(file: TextIO, tag: str | None, origin: str) -> None:
    """Write tags to FILE (- is the screen), as `regulars tags add` reads them."""
    from tasks.people import staff_tags

    count = staff_tags.export(database.engine(), file, tag, origin)
    click.echo(f"{count:,} tags written", err=True)


@command.command()
@click.argument("customer")
@click.argument("tag")
def remove(customer: str, tag: str) -> None:
    """Take from CUSTOMER the TAG that staff gave."""
    from tasks.people import staff_tags

    customer_id = _find(customer)
    if not staff_tags.take(database.engine(), customer_id, tag):
        raise click.ClickException(
            f"customer {customer_id} has no staff tag '{tag}': `regulars tags show "
            f"{customer_id}` lists all; rule and platform tags go with their reason"
        )
    click.echo("taken")


@command.command()
@click.argument("source")
@click.option("--dry-run", is_flag=True, help="only say what would change")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="another file than the sources_file of the settings",
)
def push(source: str, dry_run: bool, file: Path | None) -> None:
    """Make SOURCE show the segments and tags that its key push_tags names.

    Only differences go out. Running it again changes nothing; a push that was stopped
    goes on.
    """
    from tasks import sources
    from tasks.people import push_tags

    try:
        found = sources.find(source, file)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    now, engine = clock.now(), database.engine()
    if dry_run:
        for label, added, removed in push_tags.differences(engine, found, now):
            click.echo(f"{label}: {added:,} would get it, {removed:,} would lose it")
        return
    done = push_tags.push(engine, found, now)
    added, removed = done.added.total(), done.removed.total()
    click.echo(f"{added:,} put on, {removed:,} taken away")
    for reason, count in done.refused.most_common():
        click.echo(f"{count:,} not taken: {reason}")


def _find(customer: str) -> int:
    from tasks.people import customers

    try:
        with database.transaction() as connection:
            return customers.find(connection, customer)
    except LookupError as error:
        raise click.ClickException(str(error)) from None


def _read(file: Path) -> list["staff_tags.Given"]:
    from tasks.people import staff_tags

    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return staff_tags.read(lines, str(file))
    except UnicodeDecodeError:
        raise click.ClickException(
            f"{file} is not UTF-8: save it as 'CSV UTF-8' and try again"
        ) from None
    except staff_tags.FileRefused as error:
        raise click.ClickException(str(error)) from None
