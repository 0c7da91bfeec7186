"""Codes that come with a message: set aside with the plan, void when it is not sent."""

import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tasks.campaigns.campaign import Campaign, Step
from tasks.campaigns.money_file import Reward
from tasks.database import rows, run
from tasks.planning.days import beginning
from tasks.settings import settings


class RewardError(Exception):
    """A reward that cannot be given; says what to do."""


def steps(campaign: Campaign) -> list[Step]:
    """The steps that come with a reward."""
    return [step for step in campaign.steps if step.reward]


def in_words(reward: Reward, as_of: datetime) -> dict[str, str]:
    """What the words may print of a reward, but for its code: reward.value …"""
    told = {"value": f"{reward.value.normalize():f}", "currency": _currency(reward)}
    if reward.valid_for:
        zone = ZoneInfo(settings().timezone)
        told["until"] = f"{(as_of + reward.valid_for).astimezone(zone):%Y-%m-%d}"
    return told


def sample(reward: Reward, as_of: datetime) -> dict[str, str]:
    """A reward as the words see it, for previews: its code is none, and as long."""
    return {"code": f"{reward.prefix or ''}0SAMPLE00000", **in_words(reward, as_of)}


def give(
    connection: Connection, campaign: Campaign, step: Step, as_of: datetime, day: date
) -> None:
    """Put a reward into every planned message of the step that there is one for."""
    reward = _reward(step)
    run(
        connection,
        "plan/rewards",
        campaign=campaign.name,
        step=step.name,
        today=day,
        tomorrow=beginning(day + timedelta(days=1)),
        value=reward.value,
        home_value=reward.value * _rate(connection, campaign, reward),
        pool=reward.pool,
        prefix=reward.prefix,
        total=reward.budget.total,
        per_day=reward.budget.per_day,
        words=json.dumps(in_words(reward, as_of)),
    )


def reserve(
    connection: Connection, campaign: Campaign, as_of: datetime, day: date
) -> None:
    """Note which message has which code, once the messages are in the ledger."""
    for step in steps(campaign):
        reward = _reward(step)
        run(
            connection,
            "plan/reserve",
            campaign=campaign.name,
            step=step.name,
            pool=reward.pool,
            value=reward.value,
            currency=_currency(reward),
            today=day,
            expires_at=as_of + reward.valid_for if reward.valid_for else None,
        )


def void(connection: Connection, as_of: datetime | None = None) -> int:
    """Void the rewards whose message is not sent after all; returns how many.

    `as_of`: what is noted as its time; the database's own clock if not given.

    Their money is in the budget again, and a code of a pool that nobody can have
    seen is free again.
    """
    return run(connection, "plan/void", as_of=as_of).rowcount


def load(connection: Connection, pool: str, codes: Iterable[str]) -> int:
    """Add codes to a pool; returns how many were new to it."""
    return run(connection, "plan/load_codes", pool=pool, codes=list(codes)).rowcount


def given(connection: Connection) -> list[Any]:
    """What each campaign and step has given away, and how much of it is void."""
    return rows(connection, "plan/given")


def pools(connection: Connection) -> list[Any]:
    """How many codes each pool has, and how many are free."""
    return rows(connection, "plan/pools")


def _reward(step: Step) -> Reward:
    assert step.reward is not None
    return step.reward


def _currency(reward: Reward) -> str:
    return reward.currency or settings().home_currency


def _rate(connection: Connection, campaign: Campaign, reward: Reward) -> Decimal:
    """How much of the home currency one unit of the reward's is worth."""
    currency = _currency(reward)
    if currency == settings().home_currency:
        return Decimal(1)
    rate = run(connection, "plan/rate", currency=currency).scalar()
    if rate is None:
        raise RewardError(
            f'the reward of campaign "{campaign.name}" is in {currency}, which has no '
            f"rate: `regulars facts rate {currency} <how much {currency} 1 is worth>`"
        )
    return Decimal(rate)
