"""`regulars demo`: the corridor on real orders, in a sandbox."""

import click
from rich.console import Console


@click.command()
def command() -> None:
    """Run the main job on real orders, with local doubles of the platforms."""
    from flows import demo, sandbox

    try:
        demo.run(Console())
    except (sandbox.Configured, demo.NotEmpty) as error:
        raise click.ClickException(str(error)) from error
