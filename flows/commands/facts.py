"""`regulars facts`: compute what is known of customers, and prove that it is right."""

from datetime import UTC, datetime
from decimal import Decimal

import click
from rich.console import Console
from rich.table import Table

from tasks import database


@click.group()
def command() -> None:
    """Compute the facts of customers, and check them."""


@command.command()
@click.option("--full", is_flag=True, help="everybody instead of those who changed")
def refresh(full: bool) -> None:
    """Compute the facts of everybody about whom something changed.

    With --full, what every customer is like and said last is read again before.
    """
    from tasks.people import facts, identify

    if full:
        identify.read_everybody(database.engine())
    try:
        computed = facts.refresh(database.engine(), datetime.now(UTC), full)
    except facts.CurrencyUnknown as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{computed:,} customers computed")


@command.command()
@click.option("--sample", type=click.IntRange(min=1), help="so many, at random")
def check(sample: int | None) -> None:
    """Compute again, change nothing, and show every fact that would come out otherwise.

    Looked at are the facts, and what each customer agreed to and refused last.

    Exits with 1 when there is one.
    """
    from tasks.people import facts

    differences = facts.check(database.engine(), datetime.now(UTC), sample)
    if not differences:
        who = f"{sample:,} customers" if sample else "all customers"
        click.echo(f"the facts of {who} are what they would be computed to now")
        return
    shown = Table("customer", "fact", "stored", "computed now")
    for one in differences:
        shown.add_row(
            str(one.customer_id), one.fact, str(one.stored), str(one.computed)
        )
    Console().print(shown)
    raise click.ClickException(
        "stored facts are wrong: `regulars facts refresh --full` mends them; "
        "please report how it came about"
    )


@command.command()
@click.argument("customer")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    required=True,
    help="the moment in question, in UTC",
)
def then(customer: str, as_of: datetime) -> None:
    """The facts of CUSTOMER at a moment of the past, by what is known today."""
    from tasks.people import customers, facts

    with database.transaction() as connection:
        try:
            customer_id = customers.find(connection, customer)
        except LookupError as error:
            raise click.ClickException(str(error)) from None
        found = facts.then(connection, customer_id, as_of.replace(tzinfo=UTC))
    shown = Table("fact", f"at {as_of:%Y-%m-%d %H:%M}")
    for fact, value in (found or {}).items():
        shown.add_row(fact, "" if value is None else str(value))
    Console().print(shown)


@command.command()
@click.argument("currency")
@click.argument("amount", type=Decimal)
def rate(currency: str, amount: Decimal) -> None:
    """One unit of CURRENCY (GBP) is worth AMOUNT of the home currency."""
    from tasks.people import facts

    if len(currency) != 3 or not currency.isalpha() or amount <= 0:
        raise click.ClickException(
            f"'{currency} {amount}' is no rate: write three letters and an amount "
            "above zero, as in `regulars facts rate GBP 9.8`"
        )
    now = datetime.now(UTC)
    facts.set_rate(database.engine(), currency.upper(), amount, now)
    click.echo("written; the next refresh computes who paid in it")
