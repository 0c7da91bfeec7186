"""Test messages to the team's own addresses: real channels, no touch, no customer."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from tasks import accounts
from tasks.accounts import Accounts
from tasks.campaigns import audience, samples, ways
from tasks.campaigns.campaign import Campaign, CampaignError
from tasks.campaigns.words import Rendered, Words
from tasks.channels.base import Message, Outcome
from tasks.problem import Problem

MARK = {"zh": "【测试】", "": "[Test] "}


@dataclass(frozen=True, slots=True)
class Trial:
    """One test message: what it shows, to whom it goes, and what became of it."""

    step: str
    channel: str
    account: str
    language: str
    message: Message
    outcome: Outcome | None = None
    reason: str | None = None


def messages(
    connection: Connection, campaign: Campaign, as_of: datetime, known: Accounts
) -> list[Trial]:
    """One message per step, open channel and language for each address of the team.

    Filled in with somebody of the audience, the same every time. The caller undoes
    the transaction.

    Raises:
        CampaignError: audience.sql cannot run, or nobody is in the audience.
        WordsError: a value is missing for the one who was chosen.
    """
    words = Words.load(campaign)
    audience.candidates(connection, campaign, as_of)
    is_marketing = campaign.purpose == "marketing"
    found: list[Trial] = []
    for step, channel, language in words.messages:
        person = _somebody(connection, campaign, language)
        for account, address in _team(campaign, channel, known):
            link = known[channel][account].way_out("test") if is_marketing else None
            said = words.sample(step, channel, language, person["params"], as_of, link)
            message = _message(campaign, said, (step, language), person, as_of)
            one = replace(message, address=address, key=f"test{secrets.token_hex(8)}")
            found.append(Trial(step, channel, account, language, one))
    return found


def without_team(campaign: Campaign, known: Accounts) -> list[str]:
    """The open channels that have no address of the team to send to."""
    return [
        name
        for name in ways.open_channels(campaign, known)
        if not _team(campaign, name, known)
    ]


def send(trials: list[Trial], known: Accounts) -> Iterator[Trial]:
    """Send them at once, past every limit; yields each with what became of it."""
    lanes = sorted({(one.channel, one.account) for one in trials})
    for name, account in lanes:
        channel = accounts.channel(name, account, known)
        mine = {
            one.message.key: one
            for one in trials
            if (one.channel, one.account) == (name, account)
        }
        try:
            for result in channel.send([one.message for one in mine.values()], _may):
                trial = mine[result.message.key]
                yield replace(trial, outcome=result.outcome, reason=result.reason)
        finally:
            channel.close()


def _may(*_: Message) -> bool:
    return True


def _team(campaign: Campaign, channel: str, known: Accounts) -> list[tuple[str, str]]:
    """(account, address): the first account whose team has addresses."""
    if channel not in ways.open_channels(campaign, known):
        return []
    for account, settings in known.get(channel, {}).items():
        if settings.team:
            return [(account, address) for address in settings.team]
    return []


def _somebody(connection: Connection, campaign: Campaign, language: str) -> RowMapping:
    people = samples.people(connection, language, [language], wanted=1)
    people = people or samples.people(connection, "", [], wanted=1)
    if not people:
        file = campaign.folder / "audience.sql"
        message = (
            "finds nobody to fill the words with: give a moment at which it does, "
            "--as-of 2027-03-10"
        )
        raise CampaignError([Problem(file, None, message)])
    return people[0]


def _message(
    campaign: Campaign,
    said: Rendered,
    which: tuple[str, str],
    person: RowMapping,
    as_of: datetime,
) -> Message:
    step, language = which
    mark = MARK.get(language, MARK[""])
    is_marketing = campaign.purpose == "marketing"
    return Message(
        touch_id=0,
        number=1,
        key="",
        address="",
        campaign=campaign.name,
        step=step,
        language=language or None,
        is_marketing=is_marketing,
        subject=f"{mark}{said.subject}" if said.subject else "",
        text=said.text,
        html=said.html,
        params=dict(person["params"]),
        sent_at=as_of,
        unsubscribe="test" if is_marketing else None,
    )
