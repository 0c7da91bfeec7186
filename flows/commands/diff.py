"""`regulars diff`: who enters a campaign and who leaves it, against its last plan."""

from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from flows import moment

if TYPE_CHECKING:
    from tasks.campaigns.difference import Difference, Move

SIGNS = {"enters": "[green]+[/]", "leaves": "[red]−[/]"}


@click.command()
@click.argument("name")
@moment.as_of
def command(name: str, as_of: datetime) -> None:
    """Show who enters campaign NAME and who leaves it, against its last plan.

    Where its files were changed since, the difference is that of the files alone;
    otherwise it is what time and new data made. Nothing is written.
    """
    from tasks import database
    from tasks.campaigns import campaign, difference

    database.migrate()
    chosen = campaign.load(campaign.root() / name)
    with database.engine().connect() as connection:
        found = difference.difference(connection, chosen, as_of)
        connection.rollback()
    _print(Console(), name, found)


def _print(console: Console, name: str, found: "Difference") -> None:
    console.print(
        f"[bold]{name}[/] as of {moment.shown(found.as_of)}, {_against(found)}"
    )
    table = Table("", "people", "why", "for example", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for move in found.moves:
        if move.movement in SIGNS:
            table.add_row(*_row(move))
    if table.row_count:
        console.print(table)
    enter, leave = found.total("enters"), found.total("leaves")
    console.print(f"{enter:,} enter, {leave:,} leave, {found.total('stays'):,} stay")
    if enter or leave:
        console.print(f"Why somebody: `regulars explain CUSTOMER {name}`")


def _against(found: "Difference") -> str:
    if found.planned_at is None:
        return "which was never planned: everybody enters"
    then = moment.shown(found.planned_at)
    if found.files_changed:
        return f"against the files of the plan of {then}; what was sent stays sent"
    return f"with the same files as the plan of {then}: what time and data changed"


def _row(move: "Move") -> tuple[str, str, str, str]:
    rule = move.rule.replace("_", " ")
    why = f"was not: {rule}" if move.movement == "enters" else f"is not: {rule}"
    if move.rule == "not_a_candidate":
        why = "was" if move.movement == "enters" else "is"
        why += " no candidate (`from` and `where` of audience.sql)"
    people = ", ".join(str(one) for one in move.examples)
    return SIGNS[move.movement], f"{move.number:,}", why, people
