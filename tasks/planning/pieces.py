"""How many SMS each message is: a plan pays for what is sent, not for each message.

Messages are as long as the values that they print, so one is filled in for each
combination of lengths that occurs, and stands for all the others of it.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from tasks import accounts, channels
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.ways import open_channels
from tasks.campaigns.words import Words, WordsError
from tasks.channels.base import Channel
from tasks.database import array, rows, run
from tasks.settings import settings

MOST = 10_000
"""Of more combinations, all the others cost as much as the dearest of the longest."""


def are_counted(campaign: Campaign, known: accounts.Accounts) -> bool:
    """Whether an account of the campaign has a price for each piece of a message."""
    return any(_paid(campaign, known))


def count(
    connection: Connection,
    campaign: Campaign,
    known: accounts.Accounts,
    as_of: datetime,
) -> None:
    """Multiply the prices in the table `decided` by the pieces of each message.

    Raises:
        CampaignError: the words cannot be compiled.
    """
    words = Words.load(campaign)
    for channel in _paid(campaign, known):
        for step in campaign.steps:
            if words.has(step.name, channel.name):
                _count(connection, words, channel, step.name, as_of)


def _count(
    connection: Connection,
    words: Words,
    channel: type[Channel],
    step: str,
    as_of: datetime,
) -> None:
    given = {
        "names": array(words.printed(step, channel.name)),
        "channel": channel.name,
        "step": step,
        "most": MOST,
    }
    found = rows(connection, "plan/lengths", **given)
    counted = [
        {
            "language": row["language"],
            "lengths": row["lengths"],
            "pieces": _pieces(words, channel, step, row, as_of),
        }
        for row in found
    ]
    dearest = max((one["pieces"] for one in counted), default=1)
    if dearest > 1:
        said = json.dumps(counted)
        run(connection, "plan/pieces", pieces=said, otherwise=dearest)


def _pieces(
    words: Words, channel: type[Channel], step: str, row: Any, as_of: datetime
) -> int:
    language = row["language"] or settings().language
    params = row["params"] or {}
    try:
        said = words.sample(step, channel.name, language, params, as_of)
    except WordsError:
        # It will fail before it leaves, and costs nothing.
        return 1
    return channel.pieces(said.text)


def _paid(campaign: Campaign, known: accounts.Accounts) -> Iterator[type[Channel]]:
    """The channels on which the length of a message makes its price."""
    for name in open_channels(campaign, known):
        kind = channels.find(name)
        if kind.is_paid_by_piece and any(one.price for one in known[name].values()):
            yield kind
