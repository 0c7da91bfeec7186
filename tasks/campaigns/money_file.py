"""campaign.yaml: what a campaign may spend, and what it gives away."""

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tasks.campaigns.campaign_values import Strict, as_duration

POOL = re.compile(r"[a-z][a-z0-9_]{0,40}")
PREFIX = re.compile(r"[A-Z0-9]{0,8}")


def as_amount(value: object) -> Decimal:
    """`5`, `5.50` as a Decimal; raises ValueError that says how to write it."""
    try:
        amount = Decimal("x" if isinstance(value, bool) else str(value))
    except InvalidOperation:
        amount = Decimal("nan")
    if not amount.is_finite() or amount < 0 or amount != round(amount, 2):
        raise ValueError("an amount is a number with at most two decimals: 5.50")
    return amount


def plain_pool(value: str) -> str:
    """The name of a code pool; raises ValueError otherwise."""
    if not POOL.fullmatch(value):
        raise ValueError("a pool's name is lower case letters, digits and _: spring_5")
    return value


def plain_prefix(value: str) -> str:
    """What generated codes begin with; raises ValueError otherwise."""
    if not PREFIX.fullmatch(value):
        raise ValueError("a prefix is at most 8 capital letters and digits: TEA")
    return value


Amount = Annotated[Decimal, BeforeValidator(as_amount)]
Duration = Annotated[timedelta, BeforeValidator(as_duration), Field(gt=timedelta(0))]


class Limit(Strict):
    """How much may be spent or given, by the shop's own day and altogether."""

    per_day: Amount | None = Field(default=None, description="on one day of the shop")
    total: Amount | None = Field(
        default=None, description="over the whole life of the campaign"
    )

    @model_validator(mode="after")
    def _limits_something(self) -> "Limit":
        if self.per_day is None and self.total is None:
            raise ValueError("give per_day, total or both")
        return self


class Budget(Strict):
    """What messages and rewards may cost, in the home currency."""

    per_day: Amount | None = Field(default=None, description="on one day of the shop")
    total: Amount | None = Field(
        default=None, description="over the whole life of the campaign"
    )
    approve_over: Amount | None = Field(
        default=None, description="a run that costs more waits for a person"
    )

    @model_validator(mode="after")
    def _limits_something(self) -> "Budget":
        if self.per_day is None and self.total is None and self.approve_over is None:
            raise ValueError("give per_day, total, approve_over or several of them")
        return self


class Reward(Strict):
    """A code that comes with a step's message, once per message that is sent."""

    value: Amount = Field(description="what one code is worth")
    currency: str | None = Field(
        default=None,
        pattern="^[A-Z]{3}$",
        description="of `value` and `budget`; the home currency if left out",
    )
    pool: Annotated[str, AfterValidator(plain_pool)] | None = Field(
        default=None, description="codes that were loaded with `regulars rewards load`"
    )
    prefix: Annotated[str, AfterValidator(plain_prefix)] | None = Field(
        default=None, description="unique codes are made, and begin with this"
    )
    valid_for: Duration | None = Field(
        default=None, description="how long a code can be used; always if left out"
    )
    budget: Limit = Field(description="never more than this is given away")

    @model_validator(mode="after")
    def _has_codes(self) -> "Reward":
        if (self.pool is None) == (self.prefix is None):
            raise ValueError(
                "give either pool (codes that you load) or prefix (codes that are made)"
            )
        if not self.value:
            raise ValueError("value must be more than 0: it is what the budget counts")
        return self
