"""Turns an audience into ledger rows: one frozen decision per message, made once.

Two sums hold for every campaign run and are checked before it is committed:
candidates = not_in_audience + in_audience, and
in_audience x steps = already + not_due + the decisions of this run.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine

from tasks import accounts, database
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.ways import open_channels
from tasks.database import rows, run
from tasks.planning import limits, pieces, policies, rewards, terms
from tasks.planning.days import shop_day
from tasks.planning.wording import keep

ORDER_SIZE = 1_000
"""How many messages one work order holds at most; sql/plan/chunks.sql says how many."""

# (decision, reason, detail): messages
Counts = dict[tuple[str, str | None, str | None], int]
Find = Callable[[Connection, Campaign, datetime], Any]


class PlanError(Exception):
    """The plan does not add up, and nothing of it was kept."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What one run decided; `decisions` counts per (decision, reason)."""

    campaign_run_id: int
    state: str
    candidates: int
    in_audience: int
    already: int
    not_due: int
    decisions: dict[tuple[str, str | None], int]
    lost_out: Counts = field(default_factory=dict)
    """Who had no room, per (decision, reason, what was full or went first)."""
    cost: Decimal = Decimal(0)
    """Of the planned messages and their rewards, in the home currency."""
    waterfall: Any = None
    without_account: list[str] = field(default_factory=list)
    """Channels of the campaign that are passed over: no such file or no account."""

    @property
    def planned(self) -> int:
        """How many messages will be sent if nothing more comes between."""
        return self.decisions.get(("planned", None), 0)


def plan(
    engine: Engine,
    campaign: Campaign,
    as_of: datetime,
    find: Find | None = None,
    known_accounts: accounts.Accounts | None = None,
    order_size: int = ORDER_SIZE,
) -> Planned:
    """Decide about every message of `campaign` that is due at `as_of`, in one go.

    Safe to run twice and by two at once: planners wait for each other, and what is
    decided stays decided (only deferred rows are looked at again).
    `find` leaves the temporary table `candidate`; default: tasks.campaigns.audience.

    Raises:
        PlanError: the counts do not add up; nothing was written.
    """
    known = accounts.load() if known_accounts is None else known_accounts
    binds = terms.of(campaign, as_of, known, policies.load()) | {"size": order_size}
    with engine.begin() as connection:
        waterfall = (find or _find())(connection, campaign, as_of)
        run(connection, "plan/lock")
        return _decide(connection, campaign, binds, known, waterfall)


def rehearse(
    connection: Connection,
    campaign: Campaign,
    as_of: datetime,
    known: accounts.Accounts,
    has_limits: bool = True,
    is_asked: bool = False,
) -> None:
    """Judge the table `candidate` as `plan` does; the caller undoes the transaction.

    Leaves `due` and `decided`. No other planner is waited for. `has_limits` False
    leaves out quotas, rewards and the budget; `is_asked` leaves `cap_room` of
    everybody, also of those who have had little.
    """
    shop = policies.load()
    binds = terms.of(campaign, as_of, known, shop) | {"is_asked": is_asked}
    run(connection, "plan/withdraw", **binds)
    rewards.void(connection, as_of)
    binds |= _opened(connection, binds)
    _judge(connection, campaign, binds, known, has_limits)


def _decide(
    connection: Connection,
    campaign: Campaign,
    binds: dict[str, Any],
    known: accounts.Accounts,
    waterfall: Any,
) -> Planned:
    run(connection, "plan/withdraw", **binds)
    rewards.void(connection, binds["as_of"])
    binds |= _opened(connection, binds)
    _judge(connection, campaign, binds, known)
    _write(connection, campaign, binds)
    keep(connection, campaign)
    counts = _counts(connection, binds)
    _check(campaign, counts)
    binds["cost"] = run(connection, "plan/cost").scalar_one()
    binds["state"] = _state(campaign, counts, binds["cost"])
    state = "waiting" if binds["state"] == "waiting" else "open"
    run(connection, "plan/chunks", **binds | {"state": state})
    _close(connection, binds, counts, waterfall)
    there = open_channels(campaign, known)
    missing = [name for name in campaign.channels if name not in there]
    return _planned(binds, counts, waterfall, missing)


def _opened(connection: Connection, binds: dict[str, Any]) -> dict[str, Any]:
    """The run, and what is due in it."""
    (opened,) = rows(connection, "plan/open_run", **binds)
    found = {
        "run": opened["campaign_run_id"],
        "oldest_run": opened["oldest_run"],
        "newest_before": opened["newest_before"],
        "earlier_runs": database.array(opened["earlier_runs"]),
    }
    if not opened["earlier_runs"] and binds["afters"] == [timedelta(0)]:
        (launch,) = rows(connection, "plan/launch")
        if launch["is_launch"]:
            # Everybody is new, in it once, and due now: nothing to look up twice.
            run(connection, "plan/due_at_launch", **binds, step=binds["steps"][0])
            is_for_all = launch["is_broad"] and not binds["is_asked"]
            never = {"has_several": False, "has_again": False}
            return {**found, **launch, **never, "is_for_all": is_for_all}
    run(connection, "plan/due", **binds, **found)
    (several,) = rows(connection, "plan/several")
    counted = {"candidates": None, "in_audience": None}
    return {**found, **several, **counted, "is_launch": False, "is_for_all": False}


def _judge(
    connection: Connection,
    campaign: Campaign,
    binds: dict[str, Any],
    known: accounts.Accounts,
    has_limits: bool = True,
) -> None:
    """Everything that decides, in tables and views of this transaction."""
    waiting = run(connection, "plan/said_since").scalar_one()
    binds = binds | {"has_waiting": waiting}
    for part in (
        *("ways", "spans", "habits", "conversations", "reach", "ask_due", "exits"),
        *("promised", "pressure", "decide"),
    ):
        run(connection, f"plan/{part}", **binds)
    is_limited = has_limits and limits.are_set(campaign, known)
    is_counted = pieces.are_counted(campaign, known)
    if not (is_limited or is_counted):
        run(connection, "plan/decided_view", **binds)
        return
    run(connection, "plan/decided_table", **binds)
    if is_counted:
        pieces.count(connection, campaign, known, binds["as_of"])
    if is_limited:
        limits.apply(connection, campaign, known, binds)


def _write(connection: Connection, campaign: Campaign, binds: dict[str, Any]) -> None:
    if not binds["is_launch"]:
        run(connection, "plan/give_up", **binds)
    run(connection, "plan/write", **binds)
    run(connection, "plan/tally", **binds)
    if binds["has_again"]:
        run(connection, "plan/write_again", **binds)
    if binds["has_several"]:
        run(connection, "plan/queue")
    rewards.reserve(connection, campaign, binds["as_of"], shop_day(binds["as_of"]))


def _close(
    connection: Connection, binds: dict[str, Any], counts: Counts, waterfall: Any
) -> None:
    told: Counter[str] = Counter()
    for (what, reason, _), number in counts.items():
        told["/".join(filter(None, (what, reason)))] += number
    summary = {
        "waterfall": json.dumps(_plain(waterfall), default=str),
        "candidates": told["candidates"],
        "counts": json.dumps(told),
    }
    run(connection, "plan/close_run", **binds | summary)


def _planned(
    binds: dict[str, Any], counts: Counts, waterfall: Any, missing: list[str]
) -> Planned:
    standings = {"candidates", "in_audience", "already", "not_due", "new", "again"}
    decisions: Counter[tuple[str, str | None]] = Counter()
    for (what, reason, _), number in counts.items():
        if what not in standings:
            decisions[what, reason] += number
    return Planned(
        campaign_run_id=binds["run"],
        state=binds["state"],
        candidates=counts["candidates", None, None],
        in_audience=counts["in_audience", None, None],
        already=counts.get(("already", None, None), 0),
        not_due=counts.get(("not_due", None, None), 0),
        decisions=dict(decisions),
        lost_out={key: n for key, n in counts.items() if key[2]},
        cost=binds["cost"],
        waterfall=waterfall,
        without_account=missing,
    )


def _counts(connection: Connection, binds: dict[str, Any]) -> Counts:
    found = rows(connection, "plan/counts", **binds)
    return {(row["what"], row["reason"], row["detail"]): row["number"] for row in found}


def _check(campaign: Campaign, counts: Counts) -> None:
    """Raise PlanError unless every candidate is accounted for."""
    names = {"already", "not_due", "planned", "held_out", "skipped", "deferred"}
    told = sum(n for (what, _, _), n in counts.items() if what in names)
    asked = counts["in_audience", None, None] * len(campaign.steps)
    if told != asked:
        raise PlanError(
            f"the plan of campaign {campaign.name!r} decides {told} of {asked} "
            "messages (people in the audience times steps): nothing was written; "
            "this is an error of sql/plan, please report it with these numbers"
        )


def _state(campaign: Campaign, counts: Counts, cost: Decimal) -> str:
    """Whether a person must look at it first: many messages, or much money."""
    people, money = campaign.approve_over, None
    if campaign.budget:
        money = campaign.budget.approve_over
    is_large = people is not None and counts.get(("planned", None, None), 0) > people
    is_dear = money is not None and cost > money
    return "waiting" if is_large or is_dear else "planned"


def _plain(waterfall: Any) -> Any:
    return asdict(waterfall) if is_dataclass(waterfall) else waterfall or []  # type: ignore[arg-type]


def _find() -> Find:
    from tasks.campaigns import audience

    return audience.candidates
