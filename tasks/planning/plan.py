"""Turns an audience into ledger rows: one frozen decision per message, made once.

Two sums hold for every campaign run and are checked before it is committed:
candidates = not_in_audience + in_audience, and
in_audience x steps = already + not_due + the decisions of this run.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from tasks import accounts, channels
from tasks.campaigns.campaign import Campaign
from tasks.channels.base import Account, Channel
from tasks.database import rows, run
from tasks.planning import policies
from tasks.planning.wording import keep
from tasks.settings import settings

ORDER_SIZE = 500
"""How many messages one work order holds."""

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

    Safe to run twice and by two at once: planners of one campaign wait for each
    other, and what is decided stays decided (only deferred rows are looked at again).
    `find` leaves the temporary table `candidate`; default: tasks.campaigns.audience.

    Raises:
        PlanError: the counts do not add up; nothing was written.
    """
    known = accounts.load() if known_accounts is None else known_accounts
    with engine.begin() as connection:
        run(connection, "plan/lock", campaign=campaign.name)
        waterfall = (find or _find())(connection, campaign, as_of)
        binds = _binds(campaign, as_of) | {"size": order_size}
        return _decide(connection, campaign, binds, known, waterfall)


def approve(connection: Connection, campaign_run_id: int, by: str) -> int:
    """Let a waiting run be sent; returns the number of messages set free.

    Raises:
        PlanError: the run does not wait for anybody.
    """
    return _answer(connection, campaign_run_id, by, "ledger/approve")


def reject(connection: Connection, campaign_run_id: int, by: str) -> int:
    """End a waiting run: its messages are skipped as `rejected`; returns how many."""
    return _answer(connection, campaign_run_id, by, "ledger/reject")


def _decide(
    connection: Connection,
    campaign: Campaign,
    binds: dict[str, Any],
    known: accounts.Accounts,
    waterfall: Any,
) -> Planned:
    usable = [c for c in campaign.channels if _is_usable(c, campaign, known)]
    binds |= _ways(usable, known)
    binds["run"] = run(connection, "plan/open_run", **binds).scalar_one()
    run(connection, "plan/due", **binds)
    binds["has_several"] = run(connection, "plan/several").scalar_one()
    for step in ("reach", "decide", "write", "decide_again", "give_up"):
        run(connection, f"plan/{step}", **binds)
    keep(connection, campaign)
    counts = _counts(connection)
    _check(campaign, counts)
    binds["state"] = _state(campaign, counts)
    is_held = binds["state"] == "waiting"
    run(
        connection, "plan/chunks", **binds | {"state": "waiting" if is_held else "open"}
    )
    binds |= {
        "waterfall": json.dumps(_plain(waterfall), default=str),
        "candidates": counts["candidates", None],
        "counts": json.dumps({"/".join(filter(None, k)): n for k, n in counts.items()}),
    }
    run(connection, "plan/close_run", **binds)
    missing = [c for c in campaign.channels if c not in usable]
    return _planned(binds, counts, waterfall, missing)


def _planned(
    binds: dict[str, Any],
    counts: dict[tuple[str, str | None], int],
    waterfall: Any,
    missing: list[str],
) -> Planned:
    standings = {"candidates", "in_audience", "already", "not_due", "new", "again"}
    return Planned(
        campaign_run_id=binds["run"],
        state=binds["state"],
        candidates=counts["candidates", None],
        in_audience=counts["in_audience", None],
        already=counts.get(("already", None), 0),
        not_due=counts.get(("not_due", None), 0),
        decisions={key: n for key, n in counts.items() if key[0] not in standings},
        waterfall=waterfall,
        without_account=missing,
    )


def _binds(campaign: Campaign, as_of: datetime) -> dict[str, Any]:
    quiet = campaign.quiet_hours
    cap = policies.load().caps[0] if campaign.purpose == "marketing" else None
    is_marketing = campaign.purpose == "marketing"
    return {
        "campaign": campaign.name,
        "as_of": as_of,
        "version": campaign.version,
        "purpose": campaign.purpose,
        "steps": [step.name for step in campaign.steps],
        "afters": [step.after for step in campaign.steps],
        "latest_delay": campaign.latest_delay,
        "holdout": campaign.holdout_percent / 100 if is_marketing else 0,
        "cap": cap.messages if cap else None,
        "cap_window": cap.window if cap else None,
        "zone": settings().timezone,
        "quiet_from": quiet.start if quiet else None,
        "quiet_to": quiet.end if quiet else None,
    }


def _ways(usable: list[str], known: accounts.Accounts) -> dict[str, Any]:
    """The channels with their addresses and the accounts, as arrays for SQL."""
    kinds: list[type[Channel]] = [channels.find(name) for name in usable]
    pairs: list[tuple[str, str, Account]] = [
        (name, account, given)
        for name in usable
        for account, given in known[name].items()
    ]
    return {
        "channels": usable,
        "kinds": [kind.identifier for kind in kinds],
        "consent_names": [kind.consent for kind in kinds],
        "account_channels": [channel for channel, _, _ in pairs],
        "accounts": [account for _, account, _ in pairs],
        "scopes": [given.scope for _, _, given in pairs],
        "ways": json.dumps(
            [
                {
                    "position": usable.index(channel),
                    "channel": channel,
                    "kind": channels.find(channel).identifier,
                    "consent_name": channels.find(channel).consent,
                    "account": account,
                    "scope": given.scope,
                }
                for channel, account, given in pairs
            ]
        ),
    }


def _is_usable(name: str, campaign: Campaign, known: accounts.Accounts) -> bool:
    if name not in channels.names() or not known.get(name):
        return False
    return campaign.purpose == "service" or channels.find(name).is_for_marketing


def _counts(connection: Connection) -> dict[tuple[str, str | None], int]:
    found = rows(connection, "plan/counts")
    return {(row["what"], row["reason"]): row["number"] for row in found}


def _check(campaign: Campaign, counts: dict[tuple[str, str | None], int]) -> None:
    """Raise PlanError unless every candidate is accounted for."""
    names = {"already", "not_due", "planned", "held_out", "skipped", "deferred"}
    told = sum(n for (what, _), n in counts.items() if what in names)
    asked = counts["in_audience", None] * len(campaign.steps)
    if told != asked:
        raise PlanError(
            f"the plan of campaign {campaign.name!r} decides {told} of {asked} "
            "messages (people in the audience times steps): nothing was written; "
            "this is an error of sql/plan, please report it with these numbers"
        )


def _state(campaign: Campaign, counts: dict[tuple[str, str | None], int]) -> str:
    limit = campaign.approve_over
    planned = counts.get(("planned", None), 0)
    return "waiting" if limit is not None and planned > limit else "planned"


def _plain(waterfall: Any) -> Any:
    return asdict(waterfall) if is_dataclass(waterfall) else waterfall or []  # type: ignore[arg-type]


def _answer(connection: Connection, campaign_run_id: int, by: str, query: str) -> int:
    found = rows(connection, query, run=campaign_run_id, by=by)
    if not found or found[0]["state"] is None:
        raise PlanError(
            f"campaign run {campaign_run_id} does not wait for approval: "
            "`regulars ledger runs` lists those that do"
        )
    messages: int = found[0]["messages"]
    return messages


def _find() -> Find:
    from tasks.campaigns import audience

    return audience.candidates
