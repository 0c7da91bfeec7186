"""`regulars worklist`: the tasks that colleagues were given, and what they noted."""

from typing import TYPE_CHECKING

import click

from flows import clock

if TYPE_CHECKING:
    from tasks.delivery.worklists import Listed


@click.group()
def command() -> None:
    """Tasks for people: which files there are, and what was written into them."""


@command.command("list")
def list_() -> None:
    """Every file of tasks, and how many of them are open."""
    from tasks.delivery import worklists

    found = worklists.listed()
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("There are no tasks: campaigns with the channel worklist make them")


@command.command()
def read() -> None:
    """Take over what is done, answered or unwanted; `deliver worklist` does it too."""
    from tasks import database
    from tasks.delivery import worklists

    database.migrate()
    told = worklists.read_back(database.engine(), clock.now())
    click.echo(
        f"{told.done:,} done, {told.answered:,} answered, {told.stopped:,} want no more"
    )
    if told.unknown:
        click.echo(f"{told.unknown:,} tasks are none of this database")
    if told.problems:
        raise click.ClickException("\n".join(told.problems))


def _line(one: "Listed") -> str:
    if one.problem:
        return one.problem
    return f"{one.account}  {one.open:>5,} open of {one.tasks:>5,}  {one.path}"
