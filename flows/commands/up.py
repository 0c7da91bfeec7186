"""`regulars up`: Prefect's server, a worker, every deployment, on this machine."""

import signal
from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

import click
from rich.console import Console

if TYPE_CHECKING:
    from flows.prefect_server import Prefect


@click.command()
@click.option(
    "--foreground", is_flag=True, help="stay until Ctrl-C or SIGTERM, then stop all"
)
@click.option(
    "--sandbox", "in_sandbox", is_flag=True, help="with the demo's shop, not yours"
)
def command(foreground: bool, in_sandbox: bool) -> None:
    """Start Postgres, a Prefect server and a worker, on loopback only.

    Deployments and automations are set up too. Running it again changes nothing that
    is right already.
    """
    from flows import sandbox
    from flows.prefect_server import installed
    from tasks.settings import settings

    console = Console()
    try:
        if in_sandbox:
            sandbox.enter()
        with console.status("Postgres") as status:
            prefect = installed(settings())
            _start(prefect, status.update)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from error
    console.print(_ready(prefect))
    if foreground:
        _stay()
        prefect.stop()


def _start(prefect: "Prefect", say: Callable[[str], None]) -> None:
    from flows import sandbox
    from flows.register import register
    from tasks import database

    database.migrate()
    if place := sandbox.found():
        place.start()
    say("Prefect server (the first time it makes its tables)")
    prefect.start_server()
    say("deployments and automations")
    register(prefect.environment())
    say("worker")
    prefect.start_worker()


def _ready(prefect: "Prefect") -> str:
    return f"""
[bold green]Regulars is up[/]: {prefect.ui}

  Deployments → shop → Run → Quick run   the whole day, now
  Runs → a run → Artifacts               what came in, what went out, and why
  Runs → a red run → Retry               always safe: nothing is doubled

logs: {prefect.server.log.parent}   stop: make down   on call: deployments/RUNBOOK.md
"""


def _stay() -> None:
    """Until Ctrl-C or SIGTERM, which is how a container is asked to end."""
    asked = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    asked.wait()
