"""Every policy for one customer, in its order, with the value that it saw."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping

from tasks import accounts
from tasks.campaigns import audience
from tasks.campaigns.campaign import Campaign
from tasks.database import rows
from tasks.planning import plan, policies, terms
from tasks.planning.days import shop_day
from tasks.settings import settings


@dataclass(frozen=True, slots=True)
class PolicySeen:
    """One policy; `passes` None: it does not hold for this campaign or customer."""

    policy: str
    passes: bool | None
    seen: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What would be decided now about one step and occasion.

    `standing`: new, again (a deferred one), already or not_due; only the first two
    are decided.
    """

    occasion: str
    step: str
    standing: str
    due_at: datetime
    decision: str | None
    reason: str | None
    detail: str | None
    way: str
    not_before: datetime | None


def see(
    connection: Connection,
    campaign: Campaign,
    customer_id: int,
    as_of: datetime,
    known: accounts.Accounts,
) -> tuple[list[PolicySeen], list[Judged]]:
    """The policies and the decisions for one customer; nothing is kept of it.

    Empty where she is not in the audience.

    Raises:
        CampaignError, PoliciesError, RewardError: what would stop a plan, too.
    """
    undo = connection.begin_nested()
    try:
        audience.candidates(connection, _only(campaign, customer_id), as_of)
        plan.rehearse(connection, campaign, as_of, known, is_asked=True)
        binds = terms.of(campaign, as_of, known, policies.load())
        found = rows(connection, "plan/seen", **binds)
        judged = [_judged(one) for one in rows(connection, "plan/judged_one")]
    finally:
        undo.rollback()
    if not found:
        return [], []
    return list(_policies(campaign, binds, found[0], judged, as_of)), judged


def _only(campaign: Campaign, customer_id: int) -> Campaign:
    """The campaign for one customer; the line numbers of its SQL stay as they are."""
    text = f"select * from (\n{campaign.audience}\n) as one"
    where = f"where customer_id = {int(customer_id)}"
    return campaign.model_copy(update={"audience": f"{text} {where}"})


def _judged(row: RowMapping) -> Judged:
    return Judged(
        occasion=row["occasion"],
        step=row["step"],
        standing=row["standing"],
        due_at=row["due_at"],
        decision=row["decision"],
        reason=row["reason"],
        detail=row["detail"],
        way=" ".join(filter(None, (row["channel"], row["account"]))),
        not_before=row["not_before"],
    )


def _policies(
    campaign: Campaign,
    binds: dict[str, Any],
    row: RowMapping,
    judged: list[Judged],
    as_of: datetime,
) -> Iterator[PolicySeen]:
    """In the order of policies.ORDER."""
    reasons = {one.reason: one.detail for one in judged}
    yield from _steps(campaign, reasons)
    yield from _ways(campaign, row["ways"])
    yield from _groups(campaign, binds, row)
    yield from _pressure(campaign, row, as_of)
    yield from _rooms(campaign, row, reasons)


def _steps(campaign: Campaign, reasons: dict[str | None, Any]) -> Iterator[PolicySeen]:
    late = "too_late" not in reasons
    yield PolicySeen("in time", late, f"at most {campaign.latest_delay} late")
    for name in ("goal_reached", "refunded", "replied"):
        asked = any(name.startswith(one) for s in campaign.steps for one in s.unless)
        if asked:
            seen = "it has happened" if name in reasons else "nothing since the anchor"
            yield PolicySeen(f"unless {name}", name not in reasons, seen)


def _ways(campaign: Campaign, ways: list[dict[str, Any]]) -> Iterator[PolicySeen]:
    """Suppression, consent and reach, each over all of her ways."""
    open_ways = [way for way in ways if not way["suppressed_because"]]
    shown = [f"{_way(way)}: {way['suppressed_because'] or 'no'}" for way in ways]
    yield PolicySeen("not suppressed", bool(open_ways) or None, "; ".join(shown))
    words = {True: "yes", False: "no", None: "nothing said"}
    needs = campaign.purpose == "marketing"
    agreed = [
        way
        for way in open_ways
        if way["is_granted"] or (not needs and way["is_granted"] is None)
    ]
    said = "; ".join(f"{_way(way)}: {words[way['is_granted']]}" for way in ways)
    yield PolicySeen(f"consent to {campaign.purpose}", bool(agreed), said)
    used = "; ".join(
        f"{_way(way)}: "
        + ("asked for" if way["used_at"] == "infinity" else f"used {way['used_at']}")
        for way in ways
        if way["used_at"]
    )
    shown_ways = ", ".join(_way(way) for way in ways) or "no address on any channel"
    habit = f"; {used}" if used else ""
    yield PolicySeen("reachable", bool(ways), f"{shown_ways}{habit}")
    if any(way["needs_conversation"] for way in agreed):
        talks = [
            way
            for way in agreed
            if way["has_conversation"] or not way["needs_conversation"]
        ]
        seen = ", ".join(map(_way, talks)) or "none is open"
        yield PolicySeen("open conversation", bool(talks), seen)


def _groups(
    campaign: Campaign, binds: dict[str, Any], row: RowMapping
) -> Iterator[PolicySeen]:
    may = row["may_be_profiled"]
    words = {True: "agreed", False: "refused", None: "nothing said"}
    passes = may is not False if campaign.profiling else None
    yield PolicySeen("may be profiled", passes, words[may])
    for name, share, limit in (
        ("not in the shop's control group", row["shop_share"], "global_holdout"),
        ("not in its own control group", row["own_share"], "holdout"),
    ):
        percent = binds[limit] * 100
        seen = f"her number is {share * 100:.1f}, the group is below {percent:g}"
        yield PolicySeen(name, share >= binds[limit] if percent else None, seen)


def _pressure(
    campaign: Campaign, row: RowMapping, as_of: datetime
) -> Iterator[PolicySeen]:
    if campaign.purpose != "marketing":
        return
    for cap in row["caps"]:
        had = cap["of"] - cap["room"]
        yield PolicySeen(f"at most {cap['cap']}", cap["room"] > 0, f"{had} so far")
    days = row["days"] or []
    today = str(shop_day(row["not_before"] or as_of))
    taken = {day["day"]: day["campaign"] for day in days}
    seen = taken.get(today, "no other campaign")
    yield PolicySeen(f"first on {today}", today not in taken, seen)


def _rooms(
    campaign: Campaign, row: RowMapping, reasons: dict[str | None, Any]
) -> Iterator[PolicySeen]:
    """Limits that depend on everybody: only she is asked about, so: as of now."""
    yield _room("quota of the account", "quota", reasons)
    if campaign.quiet_hours:
        zone = row["zone"] or settings().timezone
        opens = row["not_before"].astimezone(ZoneInfo(zone))
        soon = timedelta(0)
        closed = row["open_until"] - row["not_before"] <= soon
        seen = f"by {zone} from {opens:%Y-%m-%d %H:%M}"
        yield PolicySeen("quiet hours", not closed, seen)
    if any(step.reward for step in campaign.steps):
        yield _room("a reward is left", "no_reward", reasons)
    if campaign.budget:
        yield _room("within the budget", "budget", reasons)


def _room(name: str, reason: str, reasons: dict[str | None, Any]) -> PolicySeen:
    full = reason in reasons
    return PolicySeen(name, not full, str(reasons[reason]) if full else "there is room")


def _way(way: dict[str, Any]) -> str:
    return f"{way['channel']} {way['account']}"
