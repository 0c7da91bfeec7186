"""`regulars preview`: what a campaign would do now, before anything leaves."""

import webbrowser
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flows import moment
from flows.commands import check

if TYPE_CHECKING:
    from tasks.campaigns.preview import Preview
    from tasks.campaigns.samples import Sample


@click.command()
@click.argument("name")
@moment.as_of
@click.option("--open", "is_opened", is_flag=True, help="show the page in a browser")
def command(name: str, as_of: datetime, is_opened: bool) -> None:
    """Show who would get campaign NAME and ten of its messages; nothing is written.

    The messages are printed as text, and kept as a page with their HTML in
    var/previews.
    """
    from tasks import database
    from tasks.campaigns import campaign, preview
    from tasks.campaigns.campaign import CampaignError
    from tasks.planning.policies import PoliciesError

    database.migrate()
    try:
        chosen = campaign.load(campaign.root() / name)
        with database.engine().connect() as connection:
            shown = preview.preview(connection, chosen, as_of, check.accounts_or_none())
            connection.rollback()
    except (CampaignError, PoliciesError) as error:
        is_there = (campaign.root() / name).is_dir()
        more = f"\n`regulars check {name}` says more" if is_there else ""
        raise click.ClickException(f"{error}{more}") from error
    page = _keep(shown)
    _print(Console(), shown)
    click.echo(f"\nThe messages with their HTML: {page}")
    if is_opened:
        webbrowser.open(page.resolve().as_uri())


def _keep(shown: "Preview") -> Path:
    """Write the page; only its owner may read it, since it names customers."""
    from tasks.campaigns import preview
    from tasks.settings import settings

    folder = settings().home / "previews"
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{shown.campaign.name}.html"
    page.touch(mode=0o600)
    page.write_text(preview.page(shown), encoding="utf-8")
    return page


def _print(console: Console, shown: "Preview") -> None:
    from tasks.campaigns import preview

    console.print(f"[bold]{shown.campaign.name}[/] as of {moment.shown(shown.as_of)}")
    console.print(shown.campaign.description, markup=False)
    table = Table("who is left", "customers", "who was lost", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, count, lost in preview.steps(shown):
        table.add_row(name, f"{count:,}", lost)
    console.print(table)
    for one in shown.passed_over:
        console.print(f"[yellow]{escape(one.why)}[/]", highlight=False, soft_wrap=True)
    if shown.rehearsal:
        _print_plan(console, shown)
    for sample in shown.samples:
        console.print(_panel(sample))


def _print_plan(console: Console, shown: "Preview") -> None:
    """What would become of the messages, by which account, for how much."""
    from tasks.campaigns import preview

    told = Table("", "messages", "why", box=None, pad_edge=False)
    told.columns[1].justify = "right"
    for what, messages, why in preview.fates(shown):
        told.add_row(what, f"{messages:,}", why)
    console.print(told)
    used = Table(
        "account", "messages", "with rewards", "quota", box=None, pad_edge=False
    )
    used.columns[1].justify = "right"
    for account, messages, cost, quota in preview.uses(shown):
        used.add_row(account, f"{messages:,}", cost, quota)
    console.print(used)
    console.print(f"It would cost {preview.cost(shown)}. Nothing was written or sent.")


def _panel(sample: "Sample") -> Panel:
    about = (sample.step, sample.channel, sample.language)
    who = (f"customer {sample.customer_id}", sample.address, sample.length)
    told = " · ".join(filter(None, (*about, *who)))
    if not sample.rendered:
        return Panel(Text(sample.problem or "", style="red"), title=told, width=88)
    body = Text(sample.rendered.text.rstrip())
    if sample.rendered.subject:
        body = Text(f"{sample.rendered.subject}\n\n", style="bold").append(body)
    return Panel(body, title=Text(told), title_align="left", width=88)
