"""`regulars customers`: look at one, and say who is who where machines were wrong."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from flows import clock
from tasks import database

if TYPE_CHECKING:
    from tasks.people.customers import Card
    from tasks.people.identify import Identified


@click.group()
def command() -> None:
    """Look at customers, note what they say, undo merges, mark what is nobody's."""


@command.command()
@click.argument("customer")
def show(customer: str) -> None:
    """Everything known of CUSTOMER: an id, a phone number, an e-mail address …"""
    from tasks.people import customers

    with database.transaction() as connection:
        try:
            found = customers.card(connection, customers.find(connection, customer))
        except LookupError as error:
            raise click.ClickException(str(error)) from None
    _show(Console(), found)


@command.command()
@click.argument("customer", required=False)
@click.option("--most", default=50, show_default=True, help="how many, newest first")
def merges(customer: str | None, most: int) -> None:
    """Who turned out to be the same person, and what waits for a decision."""
    from tasks.people import customers

    with database.transaction() as connection:
        one = customers.find(connection, customer) if customer else None
        found = customers.merges(connection, one, most)
        open_ones = customers.conflicts(connection, most)
    Console().print(_table("merges", found, MERGE))
    if open_ones:
        Console().print(_table("waiting for a person", open_ones, CONFLICT))


@command.command()
@click.argument("merge", type=int)
@click.option("--because", required=True, help="why they are two people")
@click.option("--redo", is_flag=True, help="take an earlier undo back instead")
def undo(merge: int, because: str, redo: bool) -> None:
    """Part the two customers of MERGE for good; orders go back to who bought."""
    from tasks.people import identify

    now, engine = datetime.now(UTC), database.engine()
    try:
        if redo:
            click.echo(_told(identify.redo(engine, merge, now)))
            return
        undone = identify.undo(engine, merge, because, now)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    if undone.parted:
        click.echo(
            f"customers {undone.kept_id} and {undone.merged_id} are two people again; "
            "`regulars facts refresh` brings their facts up to date"
        )
        return
    between = ", ".join(undone.joined_by) or "links that came later"
    raise click.ClickException(
        f"still one person, through {between}: if that is shared, "
        "`regulars customers junk KIND VALUE --because …` parts them"
    )


@command.command()
@click.argument("kind", required=False)
@click.argument("value", required=False)
@click.option("--because", default="staff said so", help="why it is nobody's")
@click.option("--not-junk", is_flag=True, help="it is one person's: trust it again")
def junk(kind: str | None, value: str | None, because: str, not_junk: bool) -> None:
    """Say that an identifier (phone 8613800000000) is nobody's; alone: list them."""
    from tasks.people import customers, identify

    if not (kind and value):
        with database.transaction() as connection:
            Console().print(_table("nobody's", customers.junk(connection), JUNK))
        return
    now, engine = datetime.now(UTC), database.engine()
    try:
        if not_junk:
            found = identify.trust(engine, kind, value, now)
        else:
            found = identify.mark_junk(engine, kind, value, because, now)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(_told(found))


@command.command()
@click.argument("customer")
@click.argument("subject")
@click.argument("answer", type=click.Choice(["yes", "no"]))
@click.option("--because", required=True, help="how they said it: on the phone")
@click.option("--who", default=getpass.getuser, help="to whom [default: you]")
def consent(customer: str, subject: str, answer: str, because: str, who: str) -> None:
    """Note that CUSTOMER agreed to SUBJECT (ANSWER yes), or refused it (no).

    SUBJECT is a channel (email, sms …) for marketing by it; marketing, for all of them;
    or profiling, for being chosen by what is known of them.
    """
    from tasks.people import consent as consents
    from tasks.people import customers

    evidence = f"told {who}: {because}"
    try:
        with database.transaction() as connection:
            found = customers.find(connection, customer)
            given = (found, subject, answer == "yes", evidence, clock.now())
            changed = consents.note(connection, *given)
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    said = f"customer {found}, {subject}: {answer}"
    click.echo(f"noted: {said}" if changed else f"known before: {said}")


MERGE = ("merge_id", "kept_id", "merged_id", "evidence", "merged_at", "undone_because")
CONFLICT = ("kind", "detail", "identifiers", "found_at")
JUNK = ("kind", "scope", "value", "junk_reason")
CONSENT = ("subject", "answer", "decided_at", "source", "evidence")
IDENTIFIER = ("kind", "scope", "value", "first_seen_at")
TAG = ("tag", "value", "origin", "source", "evidence", "expires_at")


def _told(found: "Identified") -> str:
    return (
        f"{found.merges} merged, {found.parted} parted, {found.new_customers} new; "
        "`regulars facts refresh` brings their facts up to date"
    )


def _show(console: Console, card: "Card") -> None:
    title = f"customer {card.customer_id}"
    if card.facts is None:
        console.print(f"{title}: no facts yet; `regulars facts refresh` computes them")
    else:
        facts = Table(title=title, show_header=False)
        for name, value in card.facts.items():
            if name != "customer_id":
                facts.add_row(name, _cell(value))
        console.print(facts)
    console.print(_table("known by", card.identifiers, IDENTIFIER))
    console.print(_table("agreed and refused", card.consents, CONSENT))
    console.print(_table("segments", card.segments, ("segment", "joined_at")))
    console.print(_table("tags", card.tags, TAG))
    if card.merges:
        console.print(_table("merges", card.merges, MERGE))


def _table(title: str, found: Sequence[Any], columns: Sequence[str]) -> Table:
    shown = Table(*columns, title=title)
    for row in found:
        shown.add_row(*(_cell(row[column]) for column in columns))
    return shown


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)
