"""`regulars database`: the embedded Postgres and the schema."""

import click

from tasks import database


@click.group()
def command() -> None:
    """Start, stop and migrate the database."""


@command.command()
def start() -> None:
    """Start the embedded Postgres unless DATABASE_URL is set; bring the schema up."""
    address = database.url()
    applied = database.migrate(address)
    click.echo(f"Postgres is at {address}; {len(applied)} migrations applied")


@command.command()
def stop() -> None:
    """Stop the embedded Postgres; its data stays."""
    database.embedded().stop()
    click.echo("The embedded Postgres is stopped; its data stays in var/postgres")


@command.command()
def migrate() -> None:
    """Apply the migrations that are new."""
    for name in database.migrate():
        click.echo(f"applied {name}")
