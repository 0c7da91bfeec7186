"""`regulars deploy`: work pool, deployments and automations on a Prefect server."""

import click


@click.command()
def command() -> None:
    """Create or update everything that deployments/ describes.

    On the server that PREFECT_API_URL (or Prefect's active profile) names. Running it
    again changes only what is new.
    """
    from prefect.settings import get_current_settings

    from flows.register import NotRegistered, register
    from tasks.settings import environment

    api = get_current_settings().api.url
    if not api:
        raise click.ClickException(
            "PREFECT_API_URL is not set: name the server, for example "
            "http://127.0.0.1:4200/api, or start one here with `regulars up`"
        )
    try:
        deployments, automations = register(environment(PREFECT_API_URL=api))
    except NotRegistered as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{deployments} deployments and {automations} automations are on {api}")
