"""`regulars ledger`: are the books right, and which plans wait for approval?"""

import click

from flows import moment


@click.group()
def command() -> None:
    """Check the ledger, see its runs, approve, reject or resume them."""


@command.command()
@click.option("--run", "run_id", type=int, help="only this campaign run")
def check(run_id: int | None) -> None:
    """Every candidate in one state, nothing accepted twice; ends with 1 if not."""
    from tasks import database
    from tasks.delivery import ledger

    with database.transaction() as connection:
        violations = ledger.check(connection, run_id)
    for violation in violations:
        click.echo(str(violation), err=True)
    if violations:
        raise SystemExit(1)
    click.echo("The ledger adds up")


@command.command()
@click.option("--waiting", is_flag=True, help="only those that wait for approval")
@click.option("--limit", default=20, show_default=True, help="at most so many")
def runs(waiting: bool, limit: int) -> None:
    """The last campaign runs."""
    from tasks.database import rows, transaction

    with transaction() as connection:
        found = rows(connection, "ledger/runs", waiting=waiting, number=limit)
    for row in found:
        click.echo(
            f"{row['campaign_run_id']:>6}  {moment.shown(row['as_of'])}  "
            f"{row['campaign']}: {row['planned']:,} of {row['candidates']:,} "
            f"candidates planned, {row['state']}"
        )
    if not found:
        click.echo("No run waits for approval" if waiting else "No campaign ran yet")


@command.command()
@click.argument("run_id", type=int)
def show(run_id: int) -> None:
    """How many messages of a run are in which state."""
    from tasks import database
    from tasks.delivery import ledger

    with database.transaction() as connection:
        states = ledger.states(connection, run_id)
    for state, number in states.items():
        click.echo(f"{number:>9,}  {state}")
    if not states:
        raise click.ClickException(
            f"there is no campaign run {run_id}: `regulars ledger runs` lists them"
        )


@command.command()
def stopped() -> None:
    """The runs that were stopped because providers refuse what they say."""
    from tasks import database
    from tasks.delivery import health

    with database.transaction() as connection:
        found = health.stopped_runs(connection)
    for one in found:
        click.echo(
            f"{one.campaign_run_id:>6}  {one.campaign} by {one.channel}/{one.account}: "
            f"{one.messages:,} messages are held back, {one.because}"
        )
    click.echo("`regulars ledger resume RUN` sends them" if found else "No run")


@command.command()
@click.argument("run_id", type=int)
def resume(run_id: int) -> None:
    """Send what is left of a stopped run, after somebody looked at its words."""
    from tasks import database
    from tasks.delivery import health

    with database.transaction() as connection:
        messages = health.resume_run(connection, run_id)
    if not messages:
        raise click.ClickException(
            f"run {run_id} is not stopped: `regulars ledger stopped` lists them"
        )
    click.echo(f"{messages:,} messages of run {run_id} may be sent")


@command.command()
@click.argument("run_id", type=int)
@click.option("--by", required=True, help="who decided")
def approve(run_id: int, by: str) -> None:
    """Let a waiting plan be sent."""
    _answer("approve", run_id, by)


@command.command()
@click.argument("run_id", type=int)
@click.option("--by", required=True, help="who decided")
def reject(run_id: int, by: str) -> None:
    """End a waiting plan: none of it is sent."""
    _answer("reject", run_id, by)


def _answer(what: str, run_id: int, by: str) -> None:
    from tasks import database
    from tasks.planning import approval

    try:
        with database.transaction() as connection:
            if what == "reject":
                messages = approval.reject(connection, run_id, by)
            else:
                version = approval.version_now(connection, run_id)
                messages = approval.approve(connection, run_id, by, version)
    except approval.ApprovalError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{what}: {messages:,} messages")
