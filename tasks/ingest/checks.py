"""The kinds of checks a rule can make: one definition, in SQL and as expectation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Self

import sqlalchemy
from pydantic import BaseModel, ConfigDict, field_validator, model_validator
from sqlalchemy import ColumnElement, Table, and_, or_

# Clocks differ, and a source's own "now" may be a little ahead of ours.
AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a check has to know beside the row: when, and which words exist."""

    started_at: datetime
    known: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation of Great Expectations, not made yet: its import takes seconds."""

    type: str
    arguments: dict[str, Any]
    only_where_null: tuple[str, ...] = ()


class Check(BaseModel, ABC):
    """What one rule looks at; a null value passes unless the check is about nulls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the check reads."""
        return (self.column,)  # type: ignore[attr-defined]

    @abstractmethod
    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        """The condition that is true for the rows that fail."""

    @abstractmethod
    def expectation(self, facts: Facts) -> Expectation:
        """The same as an expectation."""


class Filled(Check):
    """The column has a value; a value that cannot be read is not a missing one."""

    kind: Literal["filled"]
    column: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column, "problem")

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return and_(row.c[self.column].is_(None), row.c.problem.is_(None))

    def expectation(self, facts: Facts) -> Expectation:
        arguments = {"column": self.column}
        return Expectation("ExpectColumnValuesToNotBeNull", arguments, ("problem",))


class AnyFilled(Check):
    """At least one of the columns has a value."""

    kind: Literal["any_filled"]
    any_of: tuple[str, ...]

    @field_validator("any_of")
    @classmethod
    def _is_a_choice(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if len(given) < 2:
            raise ValueError("needs two columns or more; for one, use `filled`")
        return given

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.any_of, "problem")

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return and_(*(row.c[name].is_(None) for name in self.columns))

    def expectation(self, facts: Facts) -> Expectation:
        *others, last = self.any_of
        arguments = {"column": last}
        return Expectation(
            "ExpectColumnValuesToNotBeNull", arguments, (*others, "problem")
        )


class Empty(Check):
    """The column has no value: nobody noted anything against this row."""

    kind: Literal["empty"]
    column: str

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return row.c[self.column].is_not(None)

    def expectation(self, facts: Facts) -> Expectation:
        return Expectation("ExpectColumnValuesToBeNull", {"column": self.column})


class Between(Check):
    """The number lies within the limits: `min` and `max` belong to it, `above` not."""

    kind: Literal["between"]
    column: str
    min: int | float | None = None
    above: int | float | None = None
    max: int | float | None = None

    @model_validator(mode="after")
    def _has_limits(self) -> Self:
        if self.min is not None and self.above is not None:
            raise ValueError("takes `min` or `above`, not both")
        if self.min is None and self.above is None and self.max is None:
            raise ValueError("needs `min`, `above` or `max`")
        return self

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        value = row.c[self.column]
        limits = []
        if self.min is not None:
            limits.append(value < self.min)
        if self.above is not None:
            limits.append(value <= self.above)
        if self.max is not None:
            limits.append(value > self.max)
        return or_(*limits)

    def expectation(self, facts: Facts) -> Expectation:
        arguments = {
            "column": self.column,
            "min_value": self.above if self.min is None else self.min,
            "max_value": self.max,
            "strict_min": self.above is not None,
        }
        return Expectation("ExpectColumnValuesToBeBetween", arguments)


class OneOf(Check):
    """The value is one of these words."""

    kind: Literal["one_of"]
    column: str
    values: tuple[str, ...]

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return row.c[self.column].not_in(self.values)

    def expectation(self, facts: Facts) -> Expectation:
        arguments = {"column": self.column, "value_set": list(self.values)}
        return Expectation("ExpectColumnValuesToBeInSet", arguments)


class Known(Check):
    """The value is one of the words that a table of ours holds now."""

    kind: Literal["known"]
    column: str
    to: Literal["currency_rates"]

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return row.c[self.column].not_in(facts.known[self.to])

    def expectation(self, facts: Facts) -> Expectation:
        arguments = {"column": self.column, "value_set": list(facts.known[self.to])}
        return Expectation("ExpectColumnValuesToBeInSet", arguments)


class Matches(Check):
    """The text matches a regular expression of Postgres."""

    kind: Literal["matches"]
    column: str
    pattern: str

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return row.c[self.column].op("!~", is_comparison=True)(self.pattern)

    def expectation(self, facts: Facts) -> Expectation:
        arguments = {"column": self.column, "regex": self.pattern}
        return Expectation("ExpectColumnValuesToMatchRegex", arguments)


class InOrder(Check):
    """The first column's time is not after the second's."""

    kind: Literal["in_order"]
    first: str
    then: str

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.first, self.then)

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return row.c[self.first] > row.c[self.then]

    def expectation(self, facts: Facts) -> Expectation:
        arguments = {
            "column_A": self.then,
            "column_B": self.first,
            "or_equal": True,
            "ignore_row_if": "either_value_is_missing",
        }
        return Expectation("ExpectColumnPairValuesAToBeGreaterThanB", arguments)


class Past(Check):
    """The time is not later than a day after the batch began."""

    kind: Literal["past"]
    column: str

    def fails(self, row: Table, facts: Facts) -> ColumnElement[bool]:
        return row.c[self.column] > sqlalchemy.literal(facts.started_at + AHEAD)

    def expectation(self, facts: Facts) -> Expectation:
        latest = facts.started_at + AHEAD
        arguments = {"column": self.column, "max_value": latest}
        return Expectation("ExpectColumnValuesToBeBetween", arguments)
