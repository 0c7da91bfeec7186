"""`regulars demo`: the corridor on real orders, in a sandbox."""

import click
from rich.console import Console


@click.command()
def command() -> None:
    """Run the main job on real orders, with local doubles of the platforms."""
    from flows import demo

    demo.run(Console())
