"""Looking at customers: who is meant, what is known, what was merged."""

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from tasks.database import rows
from tasks.people import consent, tags


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that staff see of one customer."""

    customer_id: int
    facts: RowMapping | None
    identifiers: list[RowMapping]
    segments: list[RowMapping]
    tags: list[RowMapping]
    merges: list[RowMapping]
    consents: list[RowMapping]


def find(connection: Connection, who: str) -> int:
    """The customer with this id, phone number, e-mail address or other identifier.

    A merged customer is the one who was kept.

    Raises:
        LookupError: nobody is, or several are.
    """
    found = rows(connection, "customers/find", who=who)
    if len(found) == 1:
        return int(found[0]["customer_id"])
    if found:
        several = ", ".join(str(row["customer_id"]) for row in found)
        raise LookupError(f"'{who}' is known of several customers: {several}")
    raise LookupError(
        f"no customer is known by '{who}': give an id, a phone number, "
        "an e-mail address or the number of a buyer"
    )


def card(connection: Connection, customer_id: int) -> Card:
    """What is known of a customer; `facts` is None before the first refresh."""
    one = {"customer_id": customer_id}
    facts = rows(connection, "customers/facts", **one)
    return Card(
        customer_id=customer_id,
        facts=facts[0] if facts else None,
        identifiers=rows(connection, "customers/identifiers", **one),
        segments=rows(connection, "membership/of_customer", **one),
        tags=tags.of_customer(connection, customer_id),
        merges=merges(connection, customer_id),
        consents=consent.of_customer(connection, customer_id),
    )


def merges(
    connection: Connection, customer_id: int | None = None, most: int = 50
) -> list[RowMapping]:
    """The latest merges, of everybody or of one customer."""
    return rows(connection, "customers/merges", customer_id=customer_id, most=most)


def junk(connection: Connection, most: int = 200) -> list[RowMapping]:
    """Identifiers that join nobody: kind, scope, value, junk_reason."""
    return rows(connection, "customers/junk", most=most)


def conflicts(connection: Connection, most: int = 50) -> list[RowMapping]:
    """What waits for a person: kind, detail, found_at, identifiers."""
    return rows(connection, "customers/conflicts", most=most)
