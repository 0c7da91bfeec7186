"""`regulars segments`: which there are, how they move, and why somebody is in one."""

from datetime import UTC, datetime

import click

from tasks import database

SEEN = {True: "[green]yes[/]", False: "[red]no[/]", None: "[yellow]unknown[/]"}
AS_OF = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="the moment that counts as now, in UTC",
)


@click.group()
def command() -> None:
    """Look at segments; each is one file of sql/segments."""


@command.command("list")
def list_() -> None:
    """Every segment with its question and its size."""
    from rich.console import Console
    from rich.table import Table

    from tasks.database import rows
    from tasks.people import definition

    try:
        files = definition.load_all("segment")
    except definition.DefinitionError as error:
        raise click.ClickException(str(error)) from None
    with database.transaction() as connection:
        sizes = {row["segment"]: row for row in rows(connection, "membership/sizes")}
    shown = Table("segment", "customers", "question", "last moved")
    for one in files:
        size = sizes.get(one.name)
        shown.add_row(
            one.name,
            f"{size['size']:,}" if size else "0",
            one.question,
            f"{size['counted_at']:%Y-%m-%d %H:%M}" if size else "not judged yet",
        )
    Console().print(shown)


@command.command()
@click.argument("name")
@click.option("--most", default=20, show_default=True, help="how many refreshes")
def show(name: str, most: int) -> None:
    """The rules of segment NAME, the limits they read, and its size over time."""
    from rich.console import Console
    from rich.table import Table

    from tasks.database import rows
    from tasks.people import definition, thresholds

    try:
        segment = definition.load("segment", name)
    except definition.DefinitionError as error:
        raise click.ClickException(str(error)) from None
    with database.transaction() as connection:
        history = rows(connection, "membership/history", segment=name, most=most)
        limits = thresholds.all_of(connection) if segment.reads_thresholds else []
    console = Console()
    console.print(segment.select, markup=False)
    for row in limits:
        console.print(f"{row['threshold']}: {row['value']} since {row['taken_at']:%F}")
    shown = Table("refresh", "customers", "joined", "left")
    for row in history:
        shown.add_row(
            f"{row['counted_at']:%Y-%m-%d %H:%M}",
            f"{row['size']:,}",
            f"{row['joined_count']:,}",
            f"{row['left_count']:,}",
        )
    console.print(shown)


@command.command()
@click.option("--full", is_flag=True, help="everybody instead of those who changed")
@AS_OF
def refresh(full: bool, as_of: datetime | None) -> None:
    """Judge everybody for whom something changed, or whose time has come."""
    from tasks.people import definition, segments

    moment = as_of.replace(tzinfo=UTC) if as_of else datetime.now(UTC)
    try:
        moved = segments.refresh(database.engine(), moment, full)
    except definition.DefinitionError as error:
        raise click.ClickException(str(error)) from None
    for name, one in moved.items():
        click.echo(
            f"{name}: {one.joined:,} joined, {one.left:,} left, {one.size:,} now"
        )


@command.command()
@click.argument("customer")
@AS_OF
def explain(customer: str, as_of: datetime | None) -> None:
    """Why CUSTOMER (an id, a phone, an e-mail) is in each segment or not.

    With --as-of: why they were, by what had happened until then.
    """
    from rich.console import Console
    from rich.table import Table

    from tasks.people import customers, segments

    moment = as_of.replace(tzinfo=UTC) if as_of else datetime.now(UTC)
    engine = database.engine()
    try:
        with engine.connect() as connection:
            customer_id = customers.find(connection, customer)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    shown = Table("segment", "in it", "rules", "since", "can change by itself")
    for one in segments.explain(engine, customer_id, moment, then=bool(as_of)):
        rules = ", ".join(f"{rule}: {SEEN[seen]}" for rule, seen in one.rules.items())
        since = f"{one.joined_at:%Y-%m-%d}" if one.joined_at else ""
        change = f"{one.recheck_at:%Y-%m-%d}" if one.recheck_at else ""
        shown.add_row(one.segment, SEEN[one.is_member], rules, since, change)
    Console().print(shown)
