"""`regulars explain`: why a customer gets a campaign, or why not."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows import moment

if TYPE_CHECKING:
    from sqlalchemy import Connection, RowMapping

    from tasks.campaigns.campaign import Campaign
    from tasks.campaigns.explain import Explained, RuleSeen
    from tasks.planning.seen import Judged, PolicySeen

VERDICTS = {True: "[green]yes[/]", False: "[red]no[/]", None: "[yellow]unknown[/]"}


@click.command()
@click.argument("customer")
@click.argument("campaign", required=False)
@moment.as_of
def command(customer: str, campaign: str | None, as_of: datetime) -> None:
    """Explain why CUSTOMER gets CAMPAIGN (default: every campaign), or why not.

    CUSTOMER is our number, a phone, an e-mail address or another identifier, or an
    order number. Every rule is shown with what it saw, also for people who are not in
    the audience; then what was decided, and what became of the messages.
    """
    from tasks import database
    from tasks.campaigns import explain
    from tasks.campaigns.campaign import CampaignError

    chosen = _chosen(campaign)
    database.migrate()
    console = Console()
    with database.engine().connect() as connection:
        person = _one(explain.meant(connection, customer), customer)
        known_as = f" ({person['name']})" if person["name"] else ""
        about = f"customer {person['customer_id']}{known_as}"
        console.print(f"[bold]{about}[/] as of {moment.shown(as_of)}")
        for one in chosen:
            try:
                _rules(console, connection, one, person["customer_id"], as_of)
            except CampaignError as error:
                console.print(f"  {error}", style="red", markup=False)
        _told(console, explain.told(connection, person["customer_id"], campaign))
        connection.rollback()


def _one(found: Sequence["RowMapping"], word: str) -> "RowMapping":
    if not found:
        raise click.ClickException(
            f'nobody is known by "{word}": give our customer number, a phone, an '
            "e-mail address or an order number"
        )
    if len(found) > 1:
        numbers = ", ".join(str(one["customer_id"]) for one in found)
        raise click.ClickException(
            f'"{word}" stands for several customers, {numbers}: give one of the numbers'
        )
    return found[0]


def _chosen(name: str | None) -> list["Campaign"]:
    from tasks.campaigns import campaign
    from tasks.campaigns.campaign import CampaignError

    try:
        if name:
            return [campaign.load(campaign.root() / name)]
        return campaign.all_campaigns()
    except CampaignError as error:
        raise click.ClickException(str(error)) from error


def _rules(
    console: Console,
    connection: "Connection",
    campaign: "Campaign",
    customer_id: int,
    as_of: datetime,
) -> None:
    from tasks.campaigns import explain

    console.print(f"\n[bold]{campaign.name}[/]: {campaign.description}")
    found = explain.explain(connection, campaign, customer_id, as_of)
    for one in found:
        _candidate(console, one)
    if any(one.is_in for one in found):
        _policies(console, connection, campaign, customer_id, as_of)
    if not found:
        console.print("  Not a candidate: audience.sql has no row for them. It asks:")
        for asked in explain.conditions(campaign, as_of):
            line = f"line {asked.line}: " if asked.line else ""
            console.print(f"    {line}{asked.condition}", markup=False, highlight=False)


def _candidate(console: Console, one: "Explained") -> None:
    from tasks.campaigns.explain import readable

    verdict = "[green]in the audience[/]" if one.is_in else "[red]left out[/]"
    since = f", anchored at {moment.shown(one.anchor_at)}" if one.anchor_at else ""
    console.print(f"  about {one.occasion}{since}: {verdict}")
    table = Table("rule", "", "what it saw", "what it asks", box=None, padding=(0, 2))
    for rule in one.rules:
        row = (Text(_seen(rule)), Text(rule.condition, style="dim"))
        table.add_row(rule.rule.replace("_", " "), VERDICTS[rule.verdict], *row)
    console.print(table)
    values = ", ".join(f"{k} = {readable(v)}" for k, v in one.values.items())
    if values:
        console.print(f"  the words would use: {values}", markup=False, highlight=False)


def _policies(
    console: Console,
    connection: "Connection",
    campaign: "Campaign",
    customer_id: int,
    as_of: datetime,
) -> None:
    """Every policy with what it saw, then what would be decided now."""
    from tasks import accounts
    from tasks.planning import seen

    try:
        known = accounts.load()
    except accounts.AccountsError as error:
        console.print(f"  No policies: {error}", style="red", markup=False)
        return
    policies, judged = seen.see(connection, campaign, customer_id, as_of, known)
    table = Table("policy", "", "what it saw", box=None, padding=(0, 2))
    for policy in policies:
        table.add_row(policy.policy, _passes(policy), Text(policy.seen))
    console.print(table)
    for one in judged:
        console.print(f"  {_fate(one)}", markup=False, highlight=False)


def _passes(policy: "PolicySeen") -> str:
    return "-" if policy.passes is None else VERDICTS[policy.passes]


def _fate(one: "Judged") -> str:
    """One sentence about one step."""
    about = f"{one.step} about {one.occasion}"
    if one.standing == "already":
        return f"{about}: was decided before, see below"
    if one.standing == "not_due" or one.decision is None:
        return f"{about}: is due at {moment.shown(one.due_at)}"
    why = ": ".join(filter(None, (one.reason, one.detail))).replace("_", " ")
    when = f", {moment.shown(one.not_before)}" if one.not_before else ""
    way = f" by {one.way}" if one.decision == "planned" else ""
    return (
        f"{about}: would now be {one.decision}{way}{f' ({why})' if why else ''}{when}"
    )


def _seen(rule: "RuleSeen") -> str:
    from tasks.campaigns.explain import readable

    return ", ".join(f"{name} = {readable(value)}" for name, value in rule.seen.items())


def _told(console: Console, found: Sequence["RowMapping"]) -> None:
    if not found:
        console.print("\nNothing was decided about them so far.")
        return
    console.print("\n[bold]What was decided, and what became of it[/]")
    heads = ("decided", "campaign", "step", "about", "state", "why", "how")
    table = Table(*heads, box=None)
    for one in found:
        way = " ".join(filter(None, (one["channel"], one["account"])))
        tries = f", {one['attempts']} attempts" if one["attempts"] > 1 else ""
        until = f" until {moment.shown(one['until'])}" if one["until"] else ""
        heard = f" {moment.shown(one['heard_at'])}" if one["heard_at"] else ""
        table.add_row(
            moment.shown(one["decided_at"]),
            one["campaign"],
            one["step"],
            one["occasion"],
            f"{one['state']}{until}{heard}",
            (one["reason"] or "").replace("_", " "),
            f"{way}{tries}",
        )
    console.print(table)
