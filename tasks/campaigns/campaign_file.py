"""campaign.yaml, key by key: the strict model behind `regulars check`."""

import re
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tasks.campaigns.campaign_values import (
    QuietHours,
    Strict,
    as_duration,
    as_exits,
    as_param,
    as_quiet_hours,
    as_schedule,
)
from tasks.campaigns.money_file import Budget, Reward

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def plain_name(value: str) -> str:
    """A name that can be part of a file name; raises ValueError otherwise."""
    if not NAME.fullmatch(value):
        raise ValueError("a name is lower case letters, digits and _: spring_2027")
    return value


Duration = Annotated[timedelta, BeforeValidator(as_duration), Field(ge=timedelta(0))]
Name = Annotated[str, AfterValidator(plain_name)]


def as_schedule_or_none(value: object) -> object:
    """A cron line, or nothing."""
    return None if value is None else as_schedule(value)


Exit = Literal["goal", "refunded", "replied"]


class StepFile(Strict):
    """One message of the campaign, at a distance from the occasion's anchor."""

    after: Duration = Field(
        default=timedelta(0), description="how long after `anchor_at` it is due"
    )
    unless: Annotated[tuple[Exit, ...], BeforeValidator(as_exits)] = Field(
        default=(),
        strict=False,
        description="what makes the step needless once it has happened since the "
        "anchor: `goal`, `refunded` (money asked back), `replied` (she wrote to us)",
    )
    reward: Reward | None = Field(
        default=None, description="a code that comes with this message"
    )


class Goal(Strict):
    """What a touch is meant to bring about, and how long that may take."""

    event: Literal["order", "review", "interaction"] = Field(
        description="what counts as success"
    )
    within: Duration = Field(description="how long after the message it counts")


class CampaignFile(Strict):
    """campaign.yaml, key by key."""

    owner: str = Field(min_length=1, description="who answers for it: a name or team")
    description: str = Field(min_length=1, description="what it is for, in a sentence")
    purpose: Literal["service", "marketing"] = Field(
        description="`service`: about an order, needs no marketing consent; "
        "`marketing`: everything else"
    )
    channels: tuple[Name, ...] = Field(
        min_length=1, strict=False, description="ways to send, the preferred one first"
    )
    steps_by_name: dict[Name, StepFile] = Field(
        alias="steps",
        min_length=1,
        description="the messages; each has words of the same name",
    )
    enabled: bool = Field(default=True, description="`false` rests the campaign")
    starts_on: date | None = Field(default=None, description="first day it runs")
    ends_on: date | None = Field(default=None, description="last day it runs")
    schedule: Annotated[str | None, BeforeValidator(as_schedule_or_none)] = Field(
        default=None,
        description="when it is planned, as a cron line by the shop's clock; with the "
        "daily run if left out",
    )
    params: dict[Name, Annotated[Any, AfterValidator(as_param)]] = Field(
        default={}, description="values for `:name` in audience.sql and for the words"
    )
    holdout_percent: int = Field(
        default_factory=lambda known: 10 if known.get("purpose") == "marketing" else 0,
        ge=0,
        le=50,
        description="share of the audience that gets nothing, to see what it changes; "
        "10 for marketing and 0 for service unless given",
    )
    priority: int = Field(
        default=50,
        ge=0,
        le=100,
        description="who goes first when two want the same person; 100 is first",
    )
    frequency: Name | None = Field(
        default=None,
        description="its class in policies.yaml, for caps beside those over all "
        "marketing",
    )
    profiling: bool = Field(
        default_factory=lambda known: known.get("purpose") == "marketing",
        description="`true`: people are chosen by what we know of them, so those who "
        "refused that are left out; `true` for marketing unless given",
    )
    follow_habit: bool = Field(
        default=True,
        description="`true`: of `channels`, the one that the customer has used lately "
        "goes first; `false`: always the first one that is open",
    )
    budget: Budget | None = Field(
        default=None, description="what its messages and rewards may cost"
    )
    quiet_hours: Annotated[QuietHours | None, BeforeValidator(as_quiet_hours)] = Field(
        default=QuietHours(time(21), time(9)),
        description="when nothing is sent, by the customer's clock; `none` allows all",
    )
    latest_delay: Duration = Field(
        default=timedelta(days=3),
        description="how late it may still be sent; later it is skipped as too late",
    )
    approve_over: int | None = Field(
        default=None,
        ge=0,
        description="above so many messages in a run a person must approve the plan",
    )
    goal: Goal | None = Field(default=None, description="what success is")

    @model_validator(mode="after")
    def _is_consistent(self) -> "CampaignFile":
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValueError(
                f"ends_on {self.ends_on} is before starts_on {self.starts_on}"
            )
        if self.purpose == "service" and self.holdout_percent:
            raise ValueError(
                "holdout_percent is for marketing: what people must know about their "
                "order goes to everybody"
            )
        if self.purpose == "service" and self.frequency:
            raise ValueError(
                "frequency is for marketing: service messages are not capped"
            )
        for name, step in self.steps_by_name.items():
            if "goal" in step.unless and not self.goal:
                raise ValueError(
                    f"steps.{name} has unless: goal, and the campaign has no goal"
                )
        return self
