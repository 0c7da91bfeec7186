"""How fast and how much an account may send, shared by all workers on all machines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from tasks.channels.base import Account, Outcome, Result
from tasks.database import rows, run
from tasks.delivery.settle import Lane
from tasks.settings import settings

# Answers that say: this account, or the way to its provider, does not work now.
FAILURES = {Outcome.RETRYABLE, Outcome.CONFIG, Outcome.UNKNOWN_OUTCOME}
PAUSES = {
    Outcome.RATE_LIMITED: timedelta(seconds=30),
    Outcome.QUOTA_EXHAUSTED: timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """What may be sent after `wait` seconds; the rest not before `until`, and why."""

    messages: int
    wait: float = 0.0
    until: datetime | None = None
    why: str | None = None


def is_free(lane: Lane) -> bool:
    """Whether the account has no rate and no quota to ask for."""
    limits = lane.limits
    bounds = (limits.rate, limits.per_day, limits.per_month)
    return bounds == (None, None, None) and not limits.ramp_up


def take(engine: Engine, lane: Lane, wanted: int, at: datetime) -> Grant:
    """Spend up to `wanted` messages of the account's rate and quotas at time `at`."""
    limits = lane.limits
    today = at.astimezone(ZoneInfo(settings().timezone)).date()
    per_day = quota(limits, today)
    if is_free(lane):
        return Grant(wanted)
    binds = _names(lane) | {
        "wanted": wanted,
        "rate": limits.rate,
        "per_day": per_day,
        "per_month": limits.per_month,
        "today": today,
        "this_month": today.replace(day=1),
    }
    with engine.begin() as connection:
        (row,) = rows(connection, "deliver/take", **binds)
    if row["granted"] == wanted:
        return Grant(wanted, max(0.0, row["wait"]))
    first = _next_month(today) if row["is_month_spent"] else today + timedelta(days=1)
    until = datetime.combine(first, time(), ZoneInfo(settings().timezone))
    span = "monthly" if row["is_month_spent"] else "daily"
    why = f"the {span} quota of account {lane.account} is used up"
    return Grant(row["granted"], max(0.0, row["wait"]), until, why)


def settle(connection: Connection, lane: Lane, results: Sequence[Result]) -> bool:
    """Give back what did not leave, count failures; True: the account has to rest."""
    unspent = sum(one.outcome in (Outcome.NOT_SENT, Outcome.CONFIG) for one in results)
    limits = lane.limits
    if unspent and (limits.per_day or limits.per_month or limits.ramp_up):
        run(connection, "deliver/give_back", unspent=unspent, **_names(lane))
    trailing = _failures_at_end(results)
    broken = next((one for one in results if one.outcome is Outcome.CONFIG), None)
    found = run(
        connection,
        "deliver/health",
        failures=trailing,
        is_all=trailing == len(results),
        stop_after=limits.stop_after,
        rest=timedelta(seconds=limits.rest),
        pause=_pause(results),
        broken=f"config: {broken.reason}" if broken else None,
        **_names(lane),
    )
    return bool(found.scalar())


def quota(limits: Account, today: date) -> int | None:
    """How much the account may send today; a new one grows by its `ramp_up`."""
    quotas = [limits.per_day] if limits.per_day is not None else []
    if limits.started_on and limits.ramp_up:
        age = max(0, (today - limits.started_on).days)
        quotas += limits.ramp_up[age : age + 1]
    return min(quotas, default=None)


def _failures_at_end(results: Sequence[Result]) -> int:
    """How many of the last results in a row were failures of the account."""
    count = 0
    for result in reversed(results):
        is_released = result.outcome is Outcome.NOT_SENT and result.reason is None
        is_failure = result.outcome in FAILURES or (
            result.outcome is Outcome.NOT_SENT and not is_released
        )
        if not is_failure:
            break
        count += 1
    return count


def _pause(results: Sequence[Result]) -> timedelta | None:
    """How long the provider wants the whole account to wait."""
    asked = [
        one.retry_after or PAUSES[one.outcome]
        for one in results
        if one.outcome in PAUSES
    ]
    return max(asked, default=None)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _names(lane: Lane) -> dict[str, str]:
    return {"channel": lane.channel.name, "account": lane.account}
