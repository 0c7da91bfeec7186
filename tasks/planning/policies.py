"""What the planner asks, in order, before a message is planned; the shop's limits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from tasks import channels, yaml_file
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.campaign_file import Name
from tasks.campaigns.campaign_values import Strict, as_duration
from tasks.problem import Problem, did_you_mean

ORDER = (
    "too_late",
    "goal_reached",
    "refunded",
    "replied",
    "suppressed",
    "no_consent",
    "unreachable",
    "no_window",
    "no_profiling",
    "global_control_group",
    "control_group",
    "frequency_cap",
    "priority",
    "quota",
    "quiet_hours",
    "no_reward",
    "budget",
)
"""The reasons in the order in which sql/plan asks for them: the first one counts."""

CAP = re.compile(r"(\d{1,3}) in (.+)")


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `messages` of marketing per customer in any `window`."""

    messages: int
    window: timedelta

    def __str__(self) -> str:
        return f"{self.messages} in {self.window}"


def as_cap(value: object) -> object:
    """`3 in 7 days` as a Cap; raises ValueError that says how to write it."""
    found = CAP.fullmatch(str(value))
    window = as_duration(found[2]) if found else None
    if not found or not isinstance(window, timedelta) or not window:
        raise ValueError("a cap is a number of messages and a time: 3 in 7 days")
    return Cap(int(found[1]), window)


Caps = tuple[Annotated[Cap, BeforeValidator(as_cap)], ...]


class Policies(Strict):
    """policies.yaml: the limits of the whole shop, over all of its marketing."""

    holdout_percent: float = Field(
        default=0,
        ge=0,
        le=50,
        strict=False,
        description="share of all customers who never get marketing, always the same",
    )
    caps: Annotated[Caps, Field(strict=False)] = Field(
        default=(Cap(3, timedelta(days=7)),),
        description="per customer, over all marketing",
    )
    channel_caps: Mapping[Name, Annotated[Caps, Field(strict=False)]] = Field(
        default={}, description="per customer, over the marketing of one channel"
    )
    frequency: Mapping[Name, Annotated[Caps, Field(strict=False)]] = Field(
        default={},
        description="per customer, over the campaigns that name this class",
    )


class PoliciesError(Exception):
    """policies.yaml is wrong, or a campaign asks for what it does not have."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def load(where: Path | None = None) -> Policies:
    """The shop's policies beside its campaigns; without a file, the defaults.

    Raises:
        PoliciesError: every problem of the file, with its line.
    """
    path = (where or campaigns.root()) / "policies.yaml"
    if not path.exists():
        return Policies()
    file = yaml_file.read(path)
    known, problems = yaml_file.validated(file, Policies)
    for name in known.channel_caps if known else ():
        if name not in channels.names():
            hint = did_you_mean(name, channels.names())
            message = f'there is no channel "{name}" here{hint}'
            problems.append(file.problem(("channel_caps", name), message))
    if known is None or problems:
        raise PoliciesError(problems)
    return known


def class_caps(policies: Policies, campaign: Campaign) -> Caps:
    """The caps of the campaign's frequency class; none when it names none.

    Raises:
        PoliciesError: policies.yaml has no such class.
    """
    if campaign.frequency is None:
        return ()
    if campaign.frequency not in policies.frequency:
        file = campaign.folder / "campaign.yaml"
        lines = yaml_file.read(file, campaign.files["campaign.yaml"])
        hint = did_you_mean(campaign.frequency, policies.frequency)
        message = f'policies.yaml has no frequency class "{campaign.frequency}"{hint}'
        raise PoliciesError([lines.problem(("frequency",), message)])
    return policies.frequency[campaign.frequency]
