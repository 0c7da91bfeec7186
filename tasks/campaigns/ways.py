"""Which of a campaign's channels are open, and what they lack to send its steps."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tasks import channels
from tasks.accounts import Accounts
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.way_out import EXAMPLE
from tasks.channels.base import Account
from tasks.problem import did_you_mean


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A channel of a campaign by which nothing can go, and why."""

    channel: str
    why: str
    is_mistake: bool = False
    """Nobody means this: a slip of the pen, or what the platform forbids."""


def passed_over(campaign: Campaign, known: Accounts | None) -> list[PassedOver]:
    """The channels that a plan would leave out; `known` None: accounts are not known.

    The next channel of the campaign takes their place.
    """
    found = (_why(campaign, name, known) for name in campaign.channels)
    return [one for one in found if one]


def open_channels(campaign: Campaign, known: Accounts | None) -> list[str]:
    """The channels that a plan would use, the preferred one first."""
    closed = {one.channel for one in passed_over(campaign, known)}
    return [name for name in campaign.channels if name not in closed]


def way_out(
    campaign: Campaign, channel: str, known: Accounts | None, token: str
) -> str | None:
    """The link that a message of marketing would show, by the channel's first account.

    None: it shows none. Without an account it is an example.
    """
    is_there = channel in channels.names() and channels.find(channel).shows_way_out
    if campaign.purpose != "marketing" or not is_there:
        return None
    given = list((known or {}).get(channel, {}).values())
    return given[0].way_out(token) if given else EXAMPLE


def without_template(
    campaign: Campaign, known: Accounts, values: Collection[str]
) -> Iterator[tuple[str, str]]:
    """(channel, what is missing) where a provider needs a template for each step.

    `values`: what audience.sql gives, to fill the variables of the templates.
    """
    for channel in open_channels(campaign, known):
        for account, settings in known.get(channel, {}).items():
            templates = getattr(settings, "templates", None)
            if templates is not None:
                for lack in _lacks(campaign, settings, templates, values):
                    yield channel, f'the account "{account}" {lack}'


def _why(campaign: Campaign, name: str, known: Accounts | None) -> PassedOver | None:
    there = channels.names()
    if name not in there:
        hint = did_you_mean(name, there)
        why = f'there is no channel "{name}" here; it is passed over{hint}'
        return PassedOver(name, why, "did you mean" in hint)
    if campaign.purpose == "marketing" and not channels.find(name).is_for_marketing:
        why = (
            f'"{name}" is for service messages only, the platform forbids marketing '
            "there: take it from `channels`, or all offers from the words and write "
            "`purpose: service`"
        )
        return PassedOver(name, why, True)
    if known is not None and not known.get(name):
        why = f'channels.yaml has no account of "{name}"; it is passed over'
        return PassedOver(name, why)
    return None


def _lacks(
    campaign: Campaign,
    settings: Account,
    templates: Mapping[str, object],
    values: Collection[str],
) -> Iterator[str]:
    for step in campaign.steps:
        stem = f"{campaign.name}/{step.name}"
        found = {k: t for k, t in templates.items() if f"{k}/".startswith(f"{stem}/")}
        if not found:
            yield f'has no template "{stem}" in channels.yaml: its messages would fail'
        elif stem not in found:
            yield (
                f"has only {', '.join(sorted(found))} in channels.yaml: other "
                f'languages need "{stem}"'
            )
        for name, template in found.items():
            used = getattr(template, "params", None) or getattr(template, "data", {})
            for missing in sorted(set(used.values()) - set(values)):
                hint = did_you_mean(missing, values)
                lack = f'"{missing}", which is no column of audience.sql{hint}'
                yield f'fills "{name}" with {lack}'
