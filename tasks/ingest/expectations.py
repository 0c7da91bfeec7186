"""What a staged row must be: the rules of `sql/expectations`, read and checked."""

import re
import string
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

import sql
from tasks import yaml_file
from tasks.ingest.checks import (
    AnyFilled,
    Between,
    Empty,
    Filled,
    InOrder,
    Known,
    Matches,
    OneOf,
    Past,
)


class BadRules(ValueError):
    """A rules file cannot be used; the message has file, line and key of each fault."""


class Rule(BaseModel):
    """One rule: what it checks, how bad a failure is, and how to say so."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    check: Annotated[
        Filled | AnyFilled | Empty | Between | OneOf | Known | Matches | InOrder | Past,
        Field(discriminator="kind"),
    ]
    severity: Literal["fail", "warn"]
    must: str = Field(description="what a good row is, for people who read the suite")
    reason: str = Field(description="what is wrong, with {column} for its value")
    when: Literal["repeated_lines"] | None = Field(
        default=None, description="only for batches whose stream asks for it"
    )

    @field_validator("must", "reason")
    @classmethod
    def _is_a_sentence(cls, given: str) -> str:
        if not given.strip():
            raise ValueError("must say something")
        return given.strip()

    @property
    def reason_columns(self) -> tuple[str, ...]:
        """The columns whose values the reason shows."""
        found = (name for _, name, _, _ in string.Formatter().parse(self.reason))
        return tuple(name for name in found if name)

    @property
    def reason_in_general(self) -> str:
        """The reason without the values of one row: `quantity … is not positive`."""
        return re.sub(r"\{\w+\}", "…", self.reason)

    @property
    def columns(self) -> set[str]:
        """Every column of the staged table that this rule reads."""
        return {*self.check.columns, *self.reason_columns}


class Rules(BaseModel):
    """The rules of one entity, and how many bad records stop the flow."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_over: float = Field(description="share of failing records, like 20%")
    stop_from: int = Field(gt=0, description="fewer failing records never stop")
    rules: dict[str, Rule]

    @field_validator("stop_over", mode="before")
    @classmethod
    def _is_a_share(cls, given: object) -> float:
        found = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", str(given))
        if not found or not 0 < float(found[1]) <= 100:
            raise ValueError("write a share above 0% and up to 100%, like 20%")
        return float(found[1]) / 100

    @model_validator(mode="after")
    def _has_rules(self) -> "Rules":
        if not self.rules:
            raise ValueError("needs at least one rule")
        return self

    def stops(self, records: int, failing: int) -> bool:
        """Whether so many failing records are too many to go on."""
        return failing >= self.stop_from and failing > self.stop_over * records


def rules(entity: str, path: Path | None = None) -> Rules:
    """The rules of `sql/expectations/<entity>.yaml`, or of the file at `path`.

    Raises:
        BadRules: the file has faults; all of them are named.
    """
    place = path or Path(str(sql.folder("expectations", f"{entity}.yaml")))
    found, problems = yaml_file.validated(yaml_file.read(place), Rules)
    if found is None:
        raise BadRules("\n".join(str(problem) for problem in problems))
    return found
