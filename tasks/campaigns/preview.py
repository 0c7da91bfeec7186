"""What a campaign would do now: its waterfall and ten of its messages, nothing kept."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined
from sqlalchemy import Connection

from tasks.campaigns import audience, samples
from tasks.campaigns.audience import Waterfall
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.samples import Sample
from tasks.campaigns.words import Words
from tasks.settings import settings

PAGE = Path(__file__).with_suffix(".html")


@dataclass(frozen=True, slots=True)
class Preview:
    """The waterfall of a campaign at `as_of`, and samples of its messages."""

    campaign: Campaign
    as_of: datetime
    waterfall: Waterfall
    samples: tuple[Sample, ...]


def preview(connection: Connection, campaign: Campaign, as_of: datetime) -> Preview:
    """Run audience.sql and fill in messages; the caller undoes the transaction.

    The samples are spread over the languages and steps that there are words for, and
    are the same people every time.

    Raises:
        CampaignError: audience.sql cannot run, or words cannot be compiled.
    """
    words = Words.load(campaign)
    waterfall = audience.candidates(connection, campaign, as_of)
    there = [(step.name, c) for step in campaign.steps for c in campaign.channels]
    there = [way for way in there if words.has(*way)]
    chosen = samples.choose(connection, words, there, as_of)
    return Preview(campaign, as_of, waterfall, chosen)


def page(shown: Preview) -> str:
    """The preview as one HTML page that needs nothing from outside."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(PAGE.read_text(encoding="utf-8"))
    return template.render(
        shown=shown, campaign=shown.campaign, steps=steps(shown), as_of=_told(shown)
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


def _told(shown: Preview) -> str:
    """The moment by the shop's clock."""
    here = shown.as_of.astimezone(ZoneInfo(settings().timezone))
    return here.strftime("%Y-%m-%d %H:%M")
