"""`regulars deadletter`: messages that failed for good, and a second chance."""

from collections import Counter

import click

from flows import clock

LISTED = 50


@click.group()
def command() -> None:
    """Messages that nobody tries again: list them, release them."""


@command.command("list")
@click.option("--campaign", help="only of this campaign")
@click.option("--reason", default="", help="only where the reason holds these words")
def list_(campaign: str | None, reason: str) -> None:
    """What failed for good, with its reason, and how often each reason occurs."""
    from tasks import database
    from tasks.delivery import dead

    with database.transaction() as connection:
        found = [
            one
            for one in dead.letters(connection, campaign)
            if reason in (one.reason or "")
        ]
    for one in found[:LISTED]:
        click.echo(
            f"{one.touch_id:>9}  {one.campaign}/{one.step}  {one.channel}  "
            f"customer {one.customer_id}  {one.reason}"
        )
    for why, number in Counter(one.reason for one in found).most_common():
        click.echo(f"{number:>9,} × {why}")
    if not found:
        click.echo("Nothing failed for good")


@command.command()
@click.argument("touch_ids", type=int, nargs=-1)
@click.option("--campaign", help="everything that failed of this campaign")
@click.option("--reason", default="", help="… where the reason holds these words")
@click.option("--by", required=True, help="who decided")
def release(
    touch_ids: tuple[int, ...], campaign: str | None, reason: str, by: str
) -> None:
    """Try these again. An address that is suppressed is still not written to."""
    from tasks import database
    from tasks.delivery import dead

    if bool(touch_ids) == bool(campaign):
        raise click.UsageError("name messages, or a --campaign: one of the two")
    with database.transaction() as connection:
        chosen = list(touch_ids) or [
            one.touch_id
            for one in dead.letters(connection, campaign)
            if reason in (one.reason or "")
        ]
        number = dead.release(connection, chosen, by, clock.now())
        left = [one for one in dead.letters(connection) if one.touch_id in chosen]
    click.echo(f"{number} of {len(chosen)} had failed and are tried again")
    if void := sum(one.has_void_reward for one in left):
        click.echo(
            f"{void} stay as they are: they carry a code that is void since they "
            "failed. Write to these people yourself"
        )
