"""What a campaign, the policies and the accounts say, as values for sql/plan."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from tasks import accounts, channels
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.ways import open_channels
from tasks.channels.base import Account
from tasks.planning import policies
from tasks.planning.policies import Cap, Policies
from tasks.settings import settings


def of(
    campaign: Campaign, as_of: datetime, known: accounts.Accounts, shop: Policies
) -> dict[str, Any]:
    """Every value that the files of sql/plan bind, but for those of the run itself.

    Raises:
        PoliciesError: the campaign names a frequency class that there is not.
    """
    quiet = campaign.quiet_hours
    is_marketing = campaign.purpose == "marketing"
    return {
        "campaign": campaign.name,
        "as_of": as_of,
        "version": campaign.version,
        "purpose": campaign.purpose,
        "priority": campaign.priority,
        "frequency": campaign.frequency,
        "profiling": campaign.profiling,
        "steps": [step.name for step in campaign.steps],
        "afters": [step.after for step in campaign.steps],
        "exits": exits(campaign),
        "has_exits": any(step.unless for step in campaign.steps),
        "has_several_steps": len(campaign.steps) > 1,
        "latest_delay": campaign.latest_delay,
        "holdout": campaign.holdout_percent / 100 if is_marketing else 0,
        "global_holdout": shop.holdout_percent / 100 if is_marketing else 0,
        "has_windows": any(
            given.windows or channels.find(name).windows
            for name in open_channels(campaign, known)
            for given in known[name].values()
        ),
        "zone": settings().timezone,
        "quiet_from": quiet.start if quiet else None,
        "quiet_to": quiet.end if quiet else None,
        "ways": json.dumps(ways(campaign, known), default=str),
        # True for the one customer who is asked about: every cap is looked at.
        "is_asked": False,
        "has_choice": campaign.follow_habit and len(open_channels(campaign, known)) > 1,
        **_caps(campaign, shop),
    }


def ways(campaign: Campaign, known: accounts.Accounts) -> list[dict[str, Any]]:
    """Each account of each usable channel, the preferred channel first."""
    pairs = [
        (position, name, account, given)
        for position, name in enumerate(open_channels(campaign, known))
        for account, given in known[name].items()
    ]
    return [
        {"way": way, "position": position, **_way(name, account, given)}
        for way, (position, name, account, given) in enumerate(pairs)
    ]


def exits(campaign: Campaign) -> str:
    """The steps with what makes each needless, as JSON."""
    goal = campaign.goal.event if campaign.goal else None
    return json.dumps(
        [
            {
                "step": step.name,
                "after": f"{step.after.total_seconds():.0f} seconds",
                "unless": list(step.unless),
                "goal": goal,
            }
            for step in campaign.steps
        ]
    )


def _way(name: str, account: str, given: Account) -> dict[str, Any]:
    kind = channels.find(name)
    return {
        "channel": name,
        "kind": kind.identifier,
        "consent_name": kind.consent,
        "account": account,
        "scope": given.scope,
        "price": given.price or None,
        "windows": [
            {
                "kinds": list(window.kinds),
                "messages": window.messages,
                "within": f"{window.within.total_seconds():.0f} seconds",
            }
            for window in given.windows or kind.windows
        ],
    }


def _caps(campaign: Campaign, shop: Policies) -> dict[str, Any]:
    """The caps that hold for this campaign, as arrays; none for service messages."""
    caps: list[tuple[Cap, str | None, str | None]] = []
    if campaign.purpose == "marketing":
        caps += [(cap, None, None) for cap in shop.caps]
        for channel, own in shop.channel_caps.items():
            caps += [(cap, channel, None) for cap in own]
        named = policies.class_caps(shop, campaign)
        caps += [(cap, None, campaign.frequency) for cap in named]
    return {
        "cap_messages": [cap.messages for cap, _, _ in caps],
        "cap_windows": [cap.window for cap, _, _ in caps],
        "cap_channels": [channel for _, channel, _ in caps],
        "cap_classes": [name for _, _, name in caps],
        "cap_names": [_shown(*one) for one in caps],
        # Also for what another campaign promised for today.
        "longest": _longest(cap.window for cap, _, _ in caps),
    }


def _shown(cap: Cap, channel: str | None, name: str | None) -> str:
    return " ".join(filter(None, (channel or name, str(cap))))


def _longest(windows: Iterable[timedelta]) -> timedelta:
    return max(windows, default=timedelta(days=1))
