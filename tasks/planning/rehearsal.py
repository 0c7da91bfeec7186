"""What a plan would decide now, without planning anything: for previews."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from tasks.accounts import Accounts
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.ways import open_channels
from tasks.channels.base import Account
from tasks.database import rows, run
from tasks.delivery import pace
from tasks.planning import plan
from tasks.planning.days import shop_day
from tasks.settings import settings

MOST = 20_000
"""Of so many people of an audience everybody is judged; of more, a sample."""


@dataclass(frozen=True, slots=True)
class Fate:
    """So many messages would end like this; `reason` and `detail` say why.

    The `detail` of what is not due yet is when the first of it will be.
    """

    decision: str
    reason: str | None
    detail: str | None
    messages: int


@dataclass(frozen=True, slots=True)
class Use:
    """What one sending account would do: messages, their cost, and its limits."""

    channel: str
    account: str
    messages: int
    cost: Decimal
    sent_today: int
    per_day: int | None
    sent_this_month: int
    per_month: int | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Every message of the audience with its fate, and what the accounts would do.

    `every`: 1 where everybody was judged; else every so manieth, and the numbers are
    estimates to which quotas, rewards and budgets add no limit.
    """

    fates: tuple[Fate, ...]
    uses: tuple[Use, ...]
    later: int
    every: int

    @property
    def cost(self) -> Decimal:
        """Of all planned messages and rewards, in the home currency."""
        return sum((one.cost for one in self.uses), Decimal(0))


def rehearse(
    connection: Connection,
    campaign: Campaign,
    as_of: datetime,
    known: Accounts,
    audience: int,
) -> Rehearsal:
    """Judge the people of the temp table `candidate` as a plan would.

    `audience`: how many they are. Thins them out when they are too many, so read what
    you need of the table before. The caller undoes the transaction: nothing is kept.

    Raises:
        PoliciesError, RewardError: what would stop the plan, too.
    """
    every = -(-audience // MOST)
    if every > 1:
        run(connection, "plan/thin_out", kept=1 / every)
    plan.rehearse(connection, campaign, as_of, known, has_limits=every == 1)
    zone = settings().timezone
    found = rows(connection, "plan/rehearsed", as_of=as_of, zone=zone)
    fates: Counter[tuple[str, str | None, str | None]] = Counter()
    messages: Counter[tuple[str, str]] = Counter()
    costs: dict[tuple[str, str], Decimal] = {}
    for row in found:
        fates[row["decision"], row["reason"], row["detail"]] += row["messages"] * every
        if row["decision"] == "planned":
            way = (row["channel"], row["account"])
            messages[way] += row["messages"] * every
            costs[way] = costs.get(way, Decimal(0)) + row["cost"] * every
    later = sum(row["later"] for row in found if row["decision"] == "planned")
    return Rehearsal(
        fates=tuple(Fate(*key, number) for key, number in fates.most_common()),
        uses=tuple(_uses(connection, campaign, as_of, known, messages, costs)),
        later=later * every,
        every=max(1, every),
    )


def _uses(
    connection: Connection,
    campaign: Campaign,
    as_of: datetime,
    known: Accounts,
    messages: Counter[tuple[str, str]],
    costs: dict[tuple[str, str], Decimal],
) -> list[Use]:
    today = shop_day(as_of)
    first = today.replace(day=1)
    found = rows(connection, "plan/accounts_spent", today=today, this_month=first)
    spent = {
        (row["channel"], row["account"]): (row["this_day"], row["this_month"])
        for row in found
    }
    return [
        _use(way, given, messages[way], costs.get(way, Decimal(0)), spent, as_of)
        for channel in open_channels(campaign, known)
        for account, given in known[channel].items()
        for way in [(channel, account)]
    ]


def _use(
    way: tuple[str, str],
    given: Account,
    messages: int,
    cost: Decimal,
    spent: dict[tuple[str, str], tuple[int, int]],
    as_of: datetime,
) -> Use:
    day, month = spent.get(way, (0, 0))
    per_day = pace.quota(given, shop_day(as_of))
    return Use(*way, messages, cost, day, per_day, month, given.per_month)
