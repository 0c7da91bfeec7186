"""What a campaign would do now: its waterfall and ten of its messages, nothing kept."""

from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined
from sqlalchemy import Connection, RowMapping

from tasks import database
from tasks.campaigns import audience
from tasks.campaigns.audience import Waterfall
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.words import Rendered, Words, WordsError
from tasks.settings import settings

SAMPLES = 10
PAGE = Path(__file__).with_suffix(".html")


@dataclass(frozen=True, slots=True)
class Sample:
    """One message as one person would get it, or why it cannot be filled in."""

    customer_id: int
    occasion: str
    address: str
    step: str
    channel: str
    language: str
    rendered: Rendered | None
    problem: str | None


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
    samples = _samples(connection, campaign, words, as_of)
    return Preview(campaign, as_of, waterfall, samples)


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


def _samples(
    connection: Connection, campaign: Campaign, words: Words, as_of: datetime
) -> tuple[Sample, ...]:
    """Ten people, the languages and, within each, the steps taking turns."""
    ways = [(step.name, c) for step in campaign.steps for c in campaign.channels]
    ways = [way for way in ways if words.has(*way)]
    languages = sorted({language for _, _, language in words.messages})
    if not ways:
        return ()
    groups = [_people(connection, one, languages) for one in languages]
    turns = zip_longest(*groups)
    return tuple(
        _sample(words, person, as_of, *ways[turn % len(ways)])
        for turn, people in enumerate(turns)
        for person in people
        if person is not None
    )[:SAMPLES]


def _people(
    connection: Connection, language: str, languages: list[str]
) -> list[RowMapping]:
    """People of one language; the empty one stands for all that have no words."""
    return database.rows(
        connection,
        "audience/samples",
        language=language,
        others=[one for one in languages if one],
        wanted=SAMPLES,
    )


def _sample(
    words: Words, person: RowMapping, as_of: datetime, step: str, channel: str
) -> Sample:
    language = person["language"] or ""
    rendered, problem = None, None
    try:
        rendered = words.sample(step, channel, language, person["params"], as_of)
    except WordsError as error:
        problem = str(error)
    return Sample(
        customer_id=person["customer_id"],
        occasion=person["occasion"],
        address=_masked(person["email"] or ""),
        step=step,
        channel=channel,
        language=language,
        rendered=rendered,
        problem=problem,
    )


def _masked(address: str) -> str:
    """Enough of an address to recognise it, not enough to use it."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}" if at else ""


def _told(shown: Preview) -> str:
    """The moment by the shop's clock."""
    here = shown.as_of.astimezone(ZoneInfo(settings().timezone))
    return here.strftime("%Y-%m-%d %H:%M")
