"""A handful of messages as people of the audience would get them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import zip_longest

from sqlalchemy import Connection, RowMapping

from tasks import database
from tasks.campaigns import sms_length
from tasks.campaigns.words import Rendered, Words, WordsError

SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Way:
    """A step on a channel, the way out it shows, and the prices of the accounts."""

    step: str
    channel: str
    link: str | None = None
    prices: frozenset[Decimal] = frozenset()


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
    length: str = ""
    """How many SMS it is, where that counts."""


def choose(
    connection: Connection,
    words: Words,
    ways: list[Way],
    as_of: datetime,
) -> tuple[Sample, ...]:
    """Ten messages: the languages and, within each, the `ways` taking turns.

    Reads the temp table `candidate`; the same people every time.
    """
    languages = sorted({language for _, _, language in words.messages})
    if not ways:
        return ()
    others = [one for one in languages if one]
    groups = [people(connection, one, others, SAMPLES) for one in languages]
    turns = zip_longest(*groups)
    return tuple(
        _sample(words, person, as_of, ways[turn % len(ways)])
        for turn, those in enumerate(turns)
        for person in those
        if person is not None
    )[:SAMPLES]


def people(
    connection: Connection, language: str, others: list[str], wanted: int
) -> list[RowMapping]:
    """People of the audience who are written in `language`.

    The empty one stands for all that are in none of the `others`.
    """
    binds = {"language": language, "others": others, "wanted": wanted}
    return database.rows(connection, "audience/samples", **binds)


def _sample(words: Words, person: RowMapping, as_of: datetime, way: Way) -> Sample:
    language = person["language"] or ""
    rendered, problem = None, None
    try:
        given = (language, person["params"], as_of, way.link)
        rendered = words.sample(way.step, way.channel, *given)
    except WordsError as error:
        problem = str(error)
    return Sample(
        customer_id=person["customer_id"],
        occasion=person["occasion"],
        address=_masked(person["email"] or "") if way.channel == "mail" else "",
        step=way.step,
        channel=way.channel,
        language=language,
        rendered=rendered,
        problem=problem,
        length=_length(way, rendered),
    )


def _length(way: Way, rendered: Rendered | None) -> str:
    if way.channel != "sms" or rendered is None:
        return ""
    length = sms_length.measure(rendered.text.strip())
    costs = sms_length.costs(length, way.prices)
    return f"{length.characters} characters, {length.segments} SMS{costs}"


def _masked(address: str) -> str:
    """Enough of an address to recognise it, not enough to use it."""
    name, at, host = address.partition("@")
    return f"{name[:1]}…{at}{host}" if at else ""
