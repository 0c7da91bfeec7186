"""`regulars check`: what is wrong with the files that marketers edit."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from flows import moment

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tasks.accounts import Accounts
    from tasks.campaigns.campaign_check import Checked


COLOURS = {"error": "red", "warning": "yellow", "note": "dim"}


@click.command()
@click.argument("name", required=False)
@moment.as_of
def command(name: str | None, as_of: datetime) -> None:
    """Check campaign, segment or tag NAME, or all of them: keys, SQL, words, examples.

    Nothing is written. Exits with 1 when something must be mended; warnings are
    allowed.
    """
    from tasks import database

    database.migrate()
    with database.engine().connect() as connection:
        checked = _campaigns(connection, name, as_of) + _selects(connection, name)
        connection.rollback()
    if not checked:
        raise click.ClickException(_nothing(name))
    console = Console()
    for one in checked:
        report(console, one)
    raise SystemExit(0 if all(one.is_right for one in checked) else 1)


def report(console: Console, checked: "Checked") -> None:
    """Print what was found out about one campaign, segment or tag."""
    verdict = "[green]right[/]" if checked.is_right else "[red]to be mended[/]"
    examples = checked.examples_passed
    details = [f"{examples} example{'s' * (examples != 1)}"] if examples else []
    if checked.columns:
        rules = len(checked.columns.rules)
        details.insert(0, f"{rules} rule{'s' * (rules != 1)}")
    told = f" ({', '.join(details)})" if details else ""
    console.print(f"[bold]{checked.name}[/] is {verdict}{told}")
    for one in checked.problems:
        colour = COLOURS[one.severity]
        console.print(f"  [{colour}]{one.severity}[/] {one.place}", highlight=False)
        console.print(
            f"    {one.message}", markup=False, highlight=False, soft_wrap=True
        )
    if checked.differences:
        console.print(_differences(checked))


def _differences(checked: "Checked") -> Table:
    table = Table("example", "where", "whom", "expected", "got", title_justify="left")
    for one in checked.differences:
        table.add_row(one.example, one.place.place, one.what, one.expected, one.got)
    return table


def _campaigns(
    connection: "Connection", name: str | None, as_of: datetime
) -> list["Checked"]:
    from tasks.campaigns import campaign, campaign_check

    folders = [one for one in campaign.folders() if name in (None, one.name)]
    known = accounts_or_none() if folders else None
    return [campaign_check.check(connection, one, as_of, known) for one in folders]


def accounts_or_none() -> "Accounts | None":
    """The sending accounts; None, and a word about it, where they are wrong."""
    from tasks import accounts

    try:
        return accounts.load()
    except accounts.AccountsError as error:
        click.echo(f"{error}\nWhat depends on accounts was not checked.", err=True)
        return None


def _selects(connection: "Connection", name: str | None) -> list["Checked"]:
    """The segments and tags: whether Postgres takes their files."""
    from tasks.campaigns import campaign_check
    from tasks.people import definition

    kinds: Sequence[definition.Kind] = ("segment", "tag")
    return [
        campaign_check.check_select(connection, kind, one)
        for kind in kinds
        for one in definition.names(kind)
        if name in (None, one)
    ]


def _nothing(name: str | None) -> str:
    from tasks.campaigns import campaign
    from tasks.people import definition
    from tasks.problem import did_you_mean

    if name is None:
        return "there is nothing to check: `regulars new campaign NAME` begins one"
    there = [one.name for one in campaign.folders()]
    there += definition.names("segment") + definition.names("tag")
    hint = did_you_mean(name, there)
    return f'there is no campaign, segment or tag "{name}"{hint}'
