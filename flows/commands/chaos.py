"""`regulars chaos`: the proof of the ledger, by killing its senders."""

from pathlib import Path

import click


@click.command()
@click.option("--kills", default=200, show_default=True, help="Per channel.")
@click.option("--messages", default=20_000, show_default=True, help="Per channel.")
@click.option("--channel", "only", multiple=True, help="Only this channel.")
def command(kills: int, messages: int, only: tuple[str, ...]) -> None:
    """Kill senders at random and count what the providers' doubles received.

    Restarts Postgres, cuts the network and lets leases run out on the way. Writes
    var/chaos.json; ends with 1 unless nobody got a message twice and nobody was lost.
    """
    from flows import chaos
    from flows.chaos.stage import STAGES
    from tasks.settings import settings

    home = Path(settings().home).resolve()
    verdicts = chaos.chaos(
        home / "chaos", kills, messages, only or STAGES, report=click.echo
    )
    chaos.write(verdicts, home / "chaos.json")
    for verdict in verdicts:
        for violation in verdict.violations:
            click.echo(f"{verdict.channel}: {violation}", err=True)
    if not all(verdict.holds for verdict in verdicts):
        raise SystemExit(1)
