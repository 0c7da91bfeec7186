"""`regulars demand`: what the people who were asked would like to have."""

from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from flows import moment


@click.command()
@click.argument("name")
@click.option("--step", help="whose codes are counted; by default the first step's")
@moment.as_of
def command(name: str, step: str | None, as_of: datetime) -> None:
    """Count the likes of campaign NAME, and what they promise for its whole audience.

    A like is an interaction of the kind `like` with the code that the message printed.
    The range holds the truth 19 times out of 20, if the others are like those who were
    asked; a like is no order.
    """
    from tasks import database
    from tasks.campaigns import campaign, demand

    database.migrate()
    chosen = campaign.load(campaign.root() / name)
    steps = [one.name for one in chosen.steps]
    if step is not None and step not in steps:
        raise click.ClickException(
            f'{name} has no step "{step}": it has {", ".join(steps)}'
        )
    with database.engine().connect() as connection:
        found = demand.demand(connection, chosen, step or steps[0], as_of)
        connection.rollback()
    table = Table("what", "size", "liked by", "of all, about", box=None, pad_edge=False)
    for one in found.likes:
        spread = f"{one.low:,} to {one.high:,}"
        table.add_row(one.what, one.size or "", f"{one.people:,}", spread)
    if found.likes:
        Console().print(table)
    if not found.asked:
        click.echo(
            f"nobody was asked so far: {steps[0] if step is None else step} reached "
            f"nobody; `regulars preview {name}` shows who would get it and when"
        )
        return
    click.echo(
        f"{found.asked:,} were asked and {found.answered:,} liked something; the "
        f"audience is {found.audience:,}"
    )
