"""A campaign as its marketer wrote it: the folder `sql/campaigns/<name>`."""

import hashlib
import re
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

import sql
from tasks import audience_sql, yaml_file
from tasks.campaign_values import QuietHours, as_duration, as_param, as_quiet_hours
from tasks.problem import Problem, did_you_mean
from tasks.settings import settings

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


class CampaignError(Exception):
    """A campaign's files are wrong; `problems` names each place and the way out."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


def plain_name(value: str) -> str:
    """A name that can be part of a file name; raises ValueError otherwise."""
    if not NAME.fullmatch(value):
        raise ValueError("a name is lower case letters, digits and _: spring_2027")
    return value


Duration = Annotated[timedelta, BeforeValidator(as_duration), Field(ge=timedelta(0))]
Name = Annotated[str, AfterValidator(plain_name)]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a loaded campaign: due `after` the occasion's anchor."""

    name: str
    after: timedelta


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


class Campaign(CampaignFile):
    """One campaign, loaded: what campaign.yaml says, and the files beside it."""

    name: str
    folder: Path
    version: str
    audience: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """The messages in the order of the file."""
        items = self.steps_by_name.items()
        return tuple(Step(name, step.after) for name, step in items)

    def runs_on(self, day: date) -> bool:
        """Whether it is enabled and `day` (the shop's own) is in its season."""
        has_begun = self.starts_on is None or self.starts_on <= day
        return self.enabled and has_begun and (not self.ends_on or day <= self.ends_on)


def root() -> Path:
    """The folder of all campaigns: REGULARS_CAMPAIGNS, else `sql/campaigns`."""
    return settings().campaigns or Path(str(sql.folder("campaigns")))


def folders(where: Path | None = None) -> list[Path]:
    """The folders that are campaigns, by name; names with a leading _ or . are not."""
    entries = (where or root()).iterdir()
    return sorted(e for e in entries if e.is_dir() and e.name[0] not in "._")


def load(folder: Path) -> Campaign:
    """The campaign in `folder`.

    Raises:
        CampaignError: every problem of campaign.yaml and audience.sql, with its line.
    """
    if not folder.is_dir():
        raise CampaignError([_no_such(folder)])
    file = yaml_file.read(folder / "campaign.yaml")
    known, problems = yaml_file.validated(file, CampaignFile)
    if not NAME.fullmatch(folder.name):
        message = "the folder's name is lower case letters, digits and _: spring_2027"
        problems = [Problem(folder, None, message), *problems]
    audience, more = audience_sql.read(
        folder / "audience.sql", known.params if known else None
    )
    if problems or more or known is None:
        raise CampaignError([*problems, *more])
    settled = dict(known)
    return Campaign(
        name=folder.name,
        folder=folder,
        version=digest(folder),
        audience=audience,
        steps=settled.pop("steps_by_name"),
        **settled,
    )


def all_campaigns(where: Path | None = None) -> list[Campaign]:
    """Every campaign below `where` (default: root()), by name.

    Raises:
        CampaignError: the problems of all broken ones together.
    """
    loaded: list[Campaign] = []
    problems: list[Problem] = []
    for folder in folders(where):
        try:
            loaded.append(load(folder))
        except CampaignError as error:
            problems.extend(error.problems)
    if problems:
        raise CampaignError(problems)
    return loaded


def digest(folder: Path) -> str:
    """The version of a campaign: 16 hex digits over all its files and their names."""
    state = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if not any(part[0] == "." for part in path.relative_to(folder).parts):
            content = path.read_bytes()
            state.update(f"{path.relative_to(folder).as_posix()}\0".encode())
            state.update(f"{len(content)}\0".encode() + content)
    return state.hexdigest()[:16]


def _no_such(folder: Path) -> Problem:
    there = (
        [one.name for one in folders(folder.parent)] if folder.parent.is_dir() else []
    )
    hint = did_you_mean(folder.name, there)
    return Problem(folder, None, f'there is no campaign "{folder.name}"{hint}')
