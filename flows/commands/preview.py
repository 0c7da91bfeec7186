"""`regulars preview`: what a campaign would do now, before anything leaves."""

import webbrowser
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from flows import moment

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

    database.migrate()
    try:
        chosen = campaign.load(campaign.root() / name)
        with database.engine().connect() as connection:
            shown = preview.preview(connection, chosen, as_of)
            connection.rollback()
    except CampaignError as error:
        raise click.ClickException(
            f"{error}\n`regulars check {name}` says more"
        ) from error
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
    for sample in shown.samples:
        console.print(_panel(sample))


def _panel(sample: "Sample") -> Panel:
    told = (
        f"{sample.step} · {sample.channel} · {sample.language} · "
        f"customer {sample.customer_id} · {sample.address}"
    )
    if not sample.rendered:
        return Panel(Text(sample.problem or "", style="red"), title=told, width=88)
    body = Text(sample.rendered.text.rstrip())
    if sample.rendered.subject:
        body = Text(f"{sample.rendered.subject}\n\n", style="bold").append(body)
    return Panel(body, title=Text(told), title_align="left", width=88)
