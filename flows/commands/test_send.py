"""`regulars test-send`: a campaign's messages to the team, over the real channels."""

from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape

from flows import moment

if TYPE_CHECKING:
    from tasks.campaigns.trial import Trial


@click.command()
@click.argument("name")
@click.option("--step", help="only this step")
@click.option("--channel", help="only this channel")
@click.option("--language", help="only these words: zh; en for those of everybody else")
@moment.as_of
def command(
    name: str,
    step: str | None,
    channel: str | None,
    language: str | None,
    as_of: datetime,
) -> None:
    """Send campaign NAME to your team: one message per step, channel and language.

    The addresses are `team` of the accounts in channels.yaml. The messages are
    filled in with somebody of the audience. No customer gets anything, nothing is
    noted, no limit counts it.
    """
    from tasks import accounts, database
    from tasks.campaigns import campaign, trial

    database.migrate()
    chosen, known = campaign.load(campaign.root() / name), accounts.load()
    with database.engine().connect() as connection:
        found = trial.messages(connection, chosen, as_of, known)
        connection.rollback()
    wanted = [
        one
        for one in found
        if step in (None, one.step)
        and channel in (None, one.channel)
        and language in (None, one.language or "en")
    ]
    silent = trial.without_team(chosen, known)
    for one in silent:
        click.echo(f"{one}: no `team` in channels.yaml: add addresses of yours there")
    if not wanted:
        raise click.ClickException(_nothing(found, name))
    console = Console()
    sent = [_tell(console, one) for one in trial.send(wanted, known)]
    raise SystemExit(0 if all(sent) else 1)


def _tell(console: Console, trial: "Trial") -> bool:
    from tasks.channels.base import Outcome

    is_sent = trial.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED)
    sign = "[green]✓[/]" if is_sent else "[red]✗[/]"
    how = f"{trial.step} · {trial.channel} · {trial.language or 'all others'}"
    why = "" if is_sent else f": {trial.outcome} {trial.reason or ''}"
    to = f" → {trial.message.address}{why}"
    console.print(f"{sign} {how}{escape(to)}", highlight=False)
    return is_sent


def _nothing(found: list["Trial"], name: str) -> str:
    if not found:
        return f"{name} has no channel with an address of the team: nothing was sent"
    there = {f"{one.step}/{one.channel}/{one.language or 'en'}" for one in found}
    return f"there are no such words; there are {', '.join(sorted(there))}"
