"""How many people a launch may count on, from what those who were asked have liked."""

from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from sqlalchemy import Connection

from tasks import database
from tasks.campaigns import audience
from tasks.campaigns.campaign import Campaign

# Of the normal distribution: the interval holds the truth 19 times out of 20.
CERTAINTY = 1.96


@dataclass(frozen=True, slots=True)
class Liked:
    """One thing in one size: how many liked it, and how many of all would."""

    what: str
    size: str | None
    people: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What people said; `asked` and `answered` are of an audience of so many."""

    asked: int
    answered: int
    audience: int
    likes: tuple[Liked, ...]


def demand(
    connection: Connection, campaign: Campaign, step: str, as_of: datetime
) -> Demand:
    """Count the likes that came back with the codes of a step's messages.

    A like is an interaction of the kind `like` with the code that the message printed;
    its text names the thing. The numbers for the whole audience are Wilson intervals:
    as if those who were not asked were like those who were. A like is no order.

    Raises:
        CampaignError: audience.sql cannot run.
    """
    everybody = audience.candidates(connection, campaign, as_of).in_audience
    binds = {"campaign": campaign.name, "step": step, "as_of": as_of}
    found = database.rows(connection, "audience/demand", **binds)
    asked, answered = found[0]["asked"], found[0]["answered"]
    likes = []
    for row in found:
        if row["people"]:
            low, high = interval(row["people"], asked)
            spread = (round(low * everybody), round(high * everybody))
            likes.append(Liked(row["liked"], row["size"], row["people"], *spread))
    return Demand(asked, answered, everybody, tuple(likes))


def interval(hits: int, tries: int) -> tuple[float, float]:
    """The share that `hits` of `tries` stand for: lowest and highest (Wilson, 95 %)."""
    if not tries:
        return 0.0, 1.0
    share, z = hits / tries, CERTAINTY
    middle = (share + z * z / (2 * tries)) / (1 + z * z / tries)
    reach = z * sqrt(share * (1 - share) / tries + z * z / (4 * tries * tries))
    reach /= 1 + z * z / tries
    return max(0.0, middle - reach), min(1.0, middle + reach)
