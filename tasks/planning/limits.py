"""Who has no room: the quota of an account, rewards, the budget of the campaign."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from tasks import accounts
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.ways import open_channels
from tasks.channels.base import Account
from tasks.database import rows, run
from tasks.delivery import pace
from tasks.planning import rewards
from tasks.planning.days import beginning, shop_day


def are_set(campaign: Campaign, known: accounts.Accounts) -> bool:
    """Whether anything here can bind, so that all decisions must be seen together."""
    budget = campaign.budget
    has_budget = budget is not None and (budget.per_day or budget.total) is not None
    return has_budget or bool(_limited(campaign, known) or rewards.steps(campaign))


def apply(
    connection: Connection,
    campaign: Campaign,
    known: accounts.Accounts,
    binds: dict[str, Any],
) -> None:
    """Take back from the table `decided` what there is no room for, in this order.

    Raises:
        RewardError: a reward's currency has no rate.
    """
    if _limited(campaign, known):
        rooms = list(_rooms(connection, campaign, known, binds["as_of"]))
        run(connection, "plan/quotas", as_of=binds["as_of"], rooms=json.dumps(rooms))
    day = shop_day(binds["as_of"])
    for step in rewards.steps(campaign):
        rewards.give(connection, campaign, step, binds["as_of"], day)
    budget = campaign.budget
    if budget and (budget.per_day is not None or budget.total is not None):
        limits = {"total": budget.total, "per_day": budget.per_day}
        tomorrow = beginning(day + timedelta(days=1))
        own = binds | {"today": day, "tomorrow": tomorrow} | limits
        run(connection, "plan/budget", **own)


def _limited(
    campaign: Campaign, known: accounts.Accounts
) -> list[tuple[str, str, Account]]:
    """The accounts of the campaign that may not send as much as they like."""
    return [
        (channel, account, given)
        for channel in open_channels(campaign, known)
        for account, given in known[channel].items()
        if given.per_day is not None or given.per_month is not None or given.ramp_up
    ]


def _rooms(
    connection: Connection,
    campaign: Campaign,
    known: accounts.Accounts,
    as_of: datetime,
) -> Iterator[dict[str, Any]]:
    """How many messages each account may send by the end of each day from today."""
    today = shop_day(as_of)
    found = rows(
        connection,
        "plan/accounts_spent",
        today=today,
        this_month=today.replace(day=1),
    )
    spent = {(row["channel"], row["account"]): row for row in found}
    days = [today + timedelta(n) for n in range(campaign.latest_delay.days + 2)]
    for channel, account, given in _limited(campaign, known):
        row = spent.get((channel, account))
        sent = (row["this_day"], row["this_month"]) if row else (0, 0)
        for day, messages in zip(days, _by_day(given, days, *sent), strict=True):
            opens = as_of if day == today else beginning(day)
            yield {
                "channel": channel,
                "account": account,
                "opens_at": opens.isoformat(),
                "messages": messages,
            }


def _by_day(
    given: Account, days: list[date], sent_today: int, sent_this_month: int
) -> Iterator[int]:
    """The sum of what may be sent, at the end of each day."""
    total, of_month, month = 0, sent_this_month, days[0].replace(day=1)
    for day in days:
        if day.replace(day=1) != month:
            of_month, month = 0, day.replace(day=1)
        quotas = [
            quota - (sent_today if day == days[0] else 0)
            for quota in [pace.quota(given, day)]
            if quota is not None
        ]
        if given.per_month is not None:
            quotas.append(given.per_month - of_month)
        # Neither: on this day, as in a ramp that has ended, it may send all.
        more = max(0, min(quotas, default=10**9))
        total, of_month = total + more, of_month + more
        yield total
