"""`regulars world`: fill an empty database with an invented shop."""

import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine


@click.group()
def command() -> None:
    """Invent a shop of any size, for trying out and measuring."""


@command.command()
@click.option("--customers", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--orders-per-customer", type=float, default=10, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="same, same world")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-01-01",
    show_default=True,
    help="the day on which the three years of history end",
)
@click.option("--lines/--no-lines", default=True, help="orders with or without lines")
@click.option(
    "--identified/--not-identified",
    default=True,
    help="with customers, or with what `identify` makes customers of",
)
def fill(
    customers: int,
    orders_per_customer: float,
    seed: int,
    until: datetime,
    lines: bool,
    identified: bool,
) -> None:
    """Fill the final tables of an empty database."""
    from tasks import world

    made = world.World(
        customers=customers,
        orders_per_customer=orders_per_customer,
        seed=seed,
        until=until.replace(tzinfo=UTC),
        is_identified=identified,
        with_lines=lines,
    )
    engine = _engine()
    started = time.perf_counter()
    try:
        held = world.fill(engine, made, lambda step: click.echo(f"… {step}"))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    for name, count in held.items():
        click.echo(f"{count:>12,} {name}")
    click.echo(f"in {time.perf_counter() - started:.1f} seconds")


@command.command()
@click.argument("on", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--share", type=float, default=0.01, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def day(on: datetime, share: float, seed: int) -> None:
    """Let one day happen to a share of the customers."""
    from tasks import world

    on_date: date = on.date()
    told = world.day(_engine(), seed, on_date, share)
    for name, count in told.items():
        click.echo(f"{count:>12,} {name.replace('_', ' ')}")


def _engine() -> "Engine":
    from tasks import database

    address = database.url()
    database.migrate(address)
    return database.engine(address)
