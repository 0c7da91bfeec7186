"""What a campaign would do now: who is left, what it costs, ten messages; not kept."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined
from sqlalchemy import Connection

from tasks.accounts import Accounts
from tasks.campaigns import audience, samples, ways
from tasks.campaigns.audience import Waterfall
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.samples import Sample, Way
from tasks.campaigns.ways import PassedOver
from tasks.campaigns.words import Words
from tasks.planning import rehearsal
from tasks.planning.rehearsal import Fate, Rehearsal, Use
from tasks.settings import settings

PAGE = Path(__file__).with_suffix(".html")
# What the reasons of the ledger say to people who do not know it.
REASONS = {
    "too_late": "due longer ago than latest_delay allows",
    "goal_reached": "not needed any more: they did what it is for",
    "refunded": "not needed any more: they asked for their money back",
    "replied": "not needed any more: they wrote to us",
    "suppressed": "must not be written to: bounced, complained or unsubscribed",
    "no_consent": "did not agree to it on any open channel",
    "unreachable": "no address on any open channel",
    "no_window": "no open conversation; waits for one",
    "no_profiling": "do not want to be chosen by what we know of them",
    "global_control_group": "control group of the shop: never get marketing",
    "control_group": "control group: get nothing, to see what the campaign changes",
    "frequency_cap": "got enough marketing lately",
    "priority": "another campaign goes first on that day",
    "quota": "no room in the account's quota",
    "quiet_hours": "quiet hours",
    "no_reward": "no reward left for them",
    "budget": "no money left in the budget",
    "files_changed": "planned before with other files; decided anew",
}
DECISIONS = {
    "planned": "would be sent",
    "deferred": "would wait",
    "held_out": "held out",
    "skipped": "would get nothing",
    "not_due": "not due yet",
    "already": "decided before",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """The waterfall of a campaign at `as_of`, its plan, and samples of its messages.

    `rehearsal` None: channels.yaml cannot be read, so there is no telling.
    """

    campaign: Campaign
    as_of: datetime
    waterfall: Waterfall
    samples: tuple[Sample, ...]
    passed_over: tuple[PassedOver, ...] = ()
    rehearsal: Rehearsal | None = None


def preview(
    connection: Connection,
    campaign: Campaign,
    as_of: datetime,
    known: Accounts | None = None,
) -> Preview:
    """Run audience.sql, fill in messages, rehearse; the caller undoes the transaction.

    The samples are spread over the languages, steps and open channels that there are
    words for, and are the same people every time.

    Raises:
        CampaignError: audience.sql cannot run, or words cannot be compiled.
    """
    words = Words.load(campaign)
    waterfall = audience.candidates(connection, campaign, as_of)
    there = ways.open_channels(campaign, known) or campaign.channels
    turns = [(step.name, c) for step in campaign.steps for c in there]
    said = [_way(campaign, *turn, known) for turn in turns if words.has(*turn)]
    chosen = samples.choose(connection, words, said, as_of)
    closed = tuple(ways.passed_over(campaign, known))
    plan = None
    if known is not None:
        given = (campaign, as_of, known, waterfall.in_audience)
        plan = rehearsal.rehearse(connection, *given)
    return Preview(campaign, as_of, waterfall, chosen, closed, plan)


def page(shown: Preview) -> str:
    """The preview as one HTML page that needs nothing from outside."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(PAGE.read_text(encoding="utf-8"))
    return template.render(
        shown=shown,
        campaign=shown.campaign,
        steps=steps(shown),
        fates=fates(shown),
        uses=uses(shown),
        cost=cost(shown),
        as_of=_told(shown),
    )


def steps(shown: Preview) -> list[tuple[str, int, str]]:
    """The waterfall for people: (what, how many are left, who was lost)."""
    lines = [("candidates", shown.waterfall.candidates, "")]
    for rule in shown.waterfall.rules:
        lost = [
            f"{count:,} {word}"
            for count, word in ((rule.failed, "no"), (rule.unknown, "unknown"))
            if count
        ]
        if rule.only:
            lost.append(f"{rule.only:,} by this rule alone")
        lines.append((rule.rule.replace("_", " "), rule.passed, ", ".join(lost)))
    return lines


def fates(shown: Preview) -> list[tuple[str, int, str]]:
    """What would become of the messages: (what, how many, why)."""
    if shown.rehearsal is None:
        return []
    order = list(DECISIONS)
    found = sorted(shown.rehearsal.fates, key=lambda one: order.index(one.decision))
    return [(DECISIONS[one.decision], one.messages, _why(shown, one)) for one in found]


def uses(shown: Preview) -> list[tuple[str, int, str, str]]:
    """What the accounts would do: (account, messages, cost, what of its quota)."""
    plan = shown.rehearsal
    return [
        (f"{one.channel} {one.account}", one.messages, _money(one.cost), _quota(one))
        for one in (plan.uses if plan else ())
    ]


def cost(shown: Preview) -> str:
    """What the whole run would cost, with rewards; with `about` where estimated."""
    plan = shown.rehearsal
    if plan is None:
        return ""
    return f"{'about ' if plan.every > 1 else ''}{_money(plan.cost) or 'nothing'}"


def _way(campaign: Campaign, step: str, channel: str, known: Accounts | None) -> Way:
    link = ways.way_out(campaign, channel, known, "sample")
    given = (known or {}).get(channel, {}).values()
    return Way(step, channel, link, frozenset(one.price for one in given))


def _why(shown: Preview, one: Fate) -> str:
    plan = shown.rehearsal
    assert plan is not None
    if one.decision == "planned" and plan.later:
        return f"{plan.later:,} of them later, when quiet hours end"
    if one.decision == "not_due":
        return f"the first on {one.detail}"
    why = REASONS.get(one.reason or "", (one.reason or "").replace("_", " "))
    return f"{why}: {one.detail}" if one.detail else why


def _quota(one: Use) -> str:
    """`would use 480 of 500 that are left today` and the like."""
    parts = [
        f"{sent + one.messages:,} of {limit:,} this {span} ({sent:,} sent so far)"
        for sent, limit, span in (
            (one.sent_today, one.per_day, "day"),
            (one.sent_this_month, one.per_month, "month"),
        )
        if limit is not None
    ]
    return ", ".join(parts) or "no quota"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f} {settings().home_currency}" if amount else ""


def _told(shown: Preview) -> str:
    """The moment by the shop's clock."""
    here = shown.as_of.astimezone(ZoneInfo(settings().timezone))
    return here.strftime("%Y-%m-%d %H:%M")
