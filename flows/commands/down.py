"""`regulars down`: stop what `regulars up` started."""

import click


@click.command()
def command() -> None:
    """Stop the worker, the Prefect server and the embedded Postgres; all data stays."""
    from flows import sandbox
    from flows.prefect_server import at_home
    from tasks import database
    from tasks.settings import settings

    prefect = at_home(settings())
    click.echo("Prefect is stopped" if prefect.stop() else "Prefect was not running")
    if place := sandbox.found():
        place.stop()
    if settings().database_url is None:
        database.embedded().stop()
        click.echo("The embedded Postgres is stopped; its data stays")
