"""One row of facts per customer, computed anew only for those who changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine, RowMapping

import sql
from tasks.database import rows, run
from tasks.people import compute_facts
from tasks.settings import settings


class CurrencyUnknown(ValueError):
    """Customers paid in a currency that has no rate: a person must give one."""


@dataclass(frozen=True, slots=True)
class Standards:
    """What facts are measured in; another standard computes everybody anew."""

    home_currency: str
    language: str
    timezone: str

    @classmethod
    def of_settings(cls) -> "Standards":
        """As the environment has them."""
        chosen = settings()
        return cls(chosen.home_currency, chosen.language, chosen.timezone)

    @property
    def binds(self) -> dict[str, str]:
        """The values that `sql/facts/compute.sql` asks for."""
        return {
            "home_currency": self.home_currency,
            "language": self.language,
            "timezone": self.timezone,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored fact, or what a customer said, that would come out differently now."""

    customer_id: int
    fact: str
    stored: str | None
    computed: str | None


def refresh(
    engine: Engine,
    as_of: datetime,
    full: bool = False,
    standards: Standards | None = None,
) -> int:
    """Compute the facts of everybody who was touched; returns how many that were.

    `full`, a changed `sql/facts/compute.sql` and changed standards compute everybody.
    One transaction takes the touched customers, writes their facts and hands them on
    to segments and tags: killed anywhere, the next run does all of it.

    Raises:
        CurrencyUnknown: a currency has no rate; nothing was written.
    """
    chosen = standards or Standards.of_settings()
    with engine.begin() as connection:
        is_many = run(connection, "facts/choose").scalar_one()
        everybody = full or is_many or _is_new(connection, chosen)
        if everybody:
            compute_facts.of_everybody(engine, connection, as_of, chosen.binds)
        else:
            compute_facts.of_chosen(connection, as_of, chosen.binds)
        _refuse_unknown_currencies(connection, chosen)
        values = {"as_of": as_of, "everybody": everybody}
        computed = run(connection, "facts/store", **values).scalar_one()
        _remember(connection, chosen, as_of)
    return int(computed)


def check(
    engine: Engine,
    as_of: datetime,
    sample: int | None = None,
    standards: Standards | None = None,
    most: int = 100,
) -> list[Difference]:
    """Compute again, write nothing, and list what differs; `sample` takes so many.

    Customers who wait for the next refresh are left out; at most `most` differences.
    """
    chosen = standards or Standards.of_settings()
    with engine.begin() as connection:
        run(connection, "facts/sample", sample=sample)
        compute_facts.of_chosen(connection, as_of, chosen.binds)
        _refuse_unknown_currencies(connection, chosen)
        found = rows(connection, "facts/differences", most=most)
    return [Difference(**row) for row in found]


def then(
    connection: Connection,
    customer_id: int,
    as_of: datetime,
    standards: Standards | None = None,
) -> RowMapping | None:
    """The facts that one customer had at a moment of the past, by today's knowledge.

    They stay in the temporary table `computed` to the end of the transaction.
    """
    chosen = standards or Standards.of_settings()
    compute_facts.of_one_then(connection, customer_id, as_of, chosen.binds)
    found = rows(connection, "facts/computed")
    return found[0] if found else None


def set_rate(
    engine: Engine, currency: str, home_rate: Decimal, as_of: datetime
) -> None:
    """Say what one unit of a currency is worth at home; touches who paid in it."""
    with engine.begin() as connection:
        run(
            connection,
            "facts/set_rate",
            currency=currency,
            home_rate=home_rate,
            as_of=as_of,
        )


def _refuse_unknown_currencies(connection: Connection, standards: Standards) -> None:
    home = standards.home_currency
    unknown = rows(connection, "facts/unknown_currencies", home_currency=home)
    if not unknown:
        return
    first = unknown[0]["currency"]
    named = ", ".join(f"'{row['currency']}' ({row['records']})" for row in unknown)
    raise CurrencyUnknown(
        f"orders or refunds came in currencies without a rate to {home}: {named}; "
        f"say what one unit is worth: `regulars facts rate {first} AMOUNT`"
    )


def _is_new(connection: Connection, standards: Standards) -> bool:
    known = rows(connection, "definitions/known", kind="facts")
    return [row["digest"] for row in known] != [_digest(standards)]


def _remember(connection: Connection, standards: Standards, as_of: datetime) -> None:
    run(
        connection,
        "definitions/remember",
        kind="facts",
        name="customer_facts",
        question="What is known of each customer?",
        digest=_digest(standards),
        as_of=as_of,
    )


def _digest(standards: Standards) -> str:
    text = sql.query("facts/compute") + repr(standards)
    return hashlib.sha256(text.encode()).hexdigest()
