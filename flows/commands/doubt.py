"""`regulars doubt`: messages of which only a person can find out whether they left."""

from collections import Counter
from typing import Literal

import click

from flows import clock, moment

LISTED = 50


@click.group()
def command() -> None:
    """Messages in doubt: list them, say what became of them."""


@command.command("list")
@click.option("--channel", help="only of this channel")
def list_(channel: str | None) -> None:
    """What waits for a person, the oldest first."""
    from tasks import database
    from tasks.delivery import doubt

    with database.transaction() as connection:
        parked = doubt.parked(connection, channel)
    for one in parked[:LISTED]:
        click.echo(
            f"{one.touch_id:>9}  {moment.shown(one.attempted_at)}  {one.channel}/"
            f"{one.account}  {one.campaign}/{one.step}  customer {one.customer_id}  "
            f"{one.reason}"
        )
    counted = Counter(f"{one.channel}/{one.account}" for one in parked)
    total = ", ".join(f"{number:,} {name}" for name, number in counted.items())
    click.echo(f"In doubt: {total}" if parked else "Nothing is in doubt")
    if parked:
        click.echo(
            "Look at the provider's own log, then: "
            "regulars doubt resolve NUMBER … --as sent|again|dropped --by YOU"
        )


@command.command()
@click.argument("touch_ids", type=int, nargs=-1, required=True)
@click.option(
    "--as",
    "answer",
    type=click.Choice(["sent", "again", "dropped"]),
    required=True,
    help="sent: it arrived; again: it did not, send it; dropped: leave it be",
)
@click.option("--by", required=True, help="who found out")
def resolve(
    touch_ids: tuple[int, ...], answer: Literal["sent", "again", "dropped"], by: str
) -> None:
    """Say what became of these messages."""
    from tasks import database
    from tasks.delivery import doubt

    with database.transaction() as connection:
        number = doubt.resolve(connection, touch_ids, answer, by, clock.now())
    click.echo(f"{number} of {len(touch_ids)} were in doubt and are {answer} now")
