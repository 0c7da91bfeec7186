"""campaign.yaml, key by key: the strict model behind `regulars check`."""

import re
from datetime import date, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from tasks.campaigns.campaign_values import (
    QuietHours,
    as_duration,
    as_param,
    as_quiet_hours,
)

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def plain_name(value: str) -> str:
    """A name that can be part of a file name; raises ValueError otherwise."""
    if not NAME.fullmatch(value):
        raise ValueError("a name is lower case letters, digits and _: spring_2027")
    return value


Duration = Annotated[timedelta, BeforeValidator(as_duration), Field(ge=timedelta(0))]
Name = Annotated[str, AfterValidator(plain_name)]


class Strict(BaseModel):
    """Unknown keys are refused, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class StepFile(Strict):
    """One message of the campaign, at a distance from the occasion's anchor."""

    after: Duration = Field(
        default=timedelta(0), description="how long after `anchor_at` it is due"
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
        return self
