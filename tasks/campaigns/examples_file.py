"""examples.yaml, key by key: the tests of a campaign."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from tasks.campaigns.campaign_values import Strict
from tasks.campaigns.stand_ins import RowError, in_shop_time

# The clock of examples that do not bring their own.
NOON = "2026-03-10 12:00"


def _as_person(value: object) -> object:
    return {"customer_id": value} if isinstance(value, int) else value


def _has_id(person: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(person.get("customer_id"), int):
        raise ValueError("write the number of a customer, or {customer_id: 1, …}")
    return person


def _is_time(value: str | date) -> str | date:
    try:
        in_shop_time(value)
    except RowError as error:
        raise ValueError(str(error)) from None
    return value


Person = Annotated[dict[str, Any], BeforeValidator(_as_person), AfterValidator(_has_id)]


class Example(Strict):
    """One small world, who of it gets the campaign, and what keeps the others out."""

    name: str = Field(min_length=1, description="what it shows, in a sentence")
    given: dict[str, list[dict[str, Any]]] = Field(
        description="rows by table; every other row of the shop is out of sight"
    )
    gets: list[Person] = Field(
        default=[],
        description="customers in the audience, and nobody else; `{customer_id: 1, "
        "product: Vase}` compares values too",
    )
    left_out: dict[int, str] = Field(
        default={},
        description="customer: the rule that keeps them out, or `not_a_candidate`",
    )


class ExamplesFile(Strict):
    """examples.yaml, key by key."""

    as_of: Annotated[str | date, AfterValidator(_is_time)] = Field(
        default=NOON, description="the clock of the examples, in the shop's time"
    )
    examples: list[Example] = Field(min_length=1, description="the tests")
