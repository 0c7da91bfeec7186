"""`regulars accounts`: how the sending accounts are, and who may send again."""

from typing import TYPE_CHECKING

import click

from flows import moment

if TYPE_CHECKING:
    from tasks.delivery.health import AccountHealth


@click.group()
def command() -> None:
    """The sending accounts: see who rests or was stopped, let them go on."""


@command.command("list")
def list_() -> None:
    """Every account of channels.yaml and what it has spent."""
    from tasks import accounts, database
    from tasks.delivery import health

    with database.transaction() as connection:
        known = {(one.channel, one.account): one for one in health.accounts(connection)}
    for channel, named in accounts.load().items():
        for account in named:
            click.echo(f"{channel}/{account}: {_told(known.get((channel, account)))}")


@command.command()
@click.argument("channel")
@click.argument("account")
def resume(channel: str, account: str) -> None:
    """Let an account send again, after what stopped it was put right."""
    from tasks import database
    from tasks.delivery import health

    with database.transaction() as connection:
        number = health.resume(connection, channel, account)
    if not number:
        raise click.ClickException(
            f"{channel}/{account} never sent anything: `regulars accounts list`"
        )
    click.echo(f"{channel}/{account} may send again")


def _told(one: "AccountHealth | None") -> str:
    if one is None:
        return "never used"
    if one.stopped_at:
        return f"stopped {moment.shown(one.stopped_at)}: {one.stopped_because}"
    spent = f"{one.day_spent:,} counted on {one.day}" if one.day else "no quota"
    failed = f", {one.failures_in_a_row:,} failures in a row" * bool(
        one.failures_in_a_row
    )
    rests = f", last rest until {moment.shown(one.paused_until)}" * bool(
        one.paused_until
    )
    return f"in service, {spent}{failed}{rests}"
