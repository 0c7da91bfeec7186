"""Identifiers that records showed together, and who the database thinks they are."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)


def execute(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def an_identifier(connection: Connection, kind: str, value: str) -> int:
    connection.execute(
        text(
            "insert into identifiers (kind, scope, value) values"
            " (:kind, case when :kind = 'buyer' then 'shop' else '' end, :value)"
            " on conflict do nothing"
        ),
        {"kind": kind, "value": value},
    )
    found = connection.execute(
        text("select identifier_id from identifiers where kind = :k and value = :v"),
        {"k": kind, "v": value},
    ).scalar_one()
    return int(found)


def saw(engine: Engine, *together: str) -> None:
    """A record showed these identifiers, written `kind value`, together."""
    with engine.begin() as connection:
        ids = [an_identifier(connection, *one.split(" ")) for one in together]
        for other in ids[1:]:
            connection.execute(
                text(
                    "insert into identifier_links"
                    " (identifier_a, identifier_b, source, evidence) values"
                    " (least(:a, :b), greatest(:a, :b), 'shop', 'order 1')"
                    " on conflict do nothing"
                ),
                {"a": ids[0], "b": other},
            )


def ordered(engine: Engine, number: str, buyer: str) -> None:
    execute(
        engine,
        "insert into orders (source, order_number, status, ordered_at, updated_at,"
        " currency, amount, buyer_identifier_id)"
        " select 'shop', :number, 'paid', :at, :at, 'CNY', 10, identifier_id"
        " from identifiers where value = :buyer",
        number=number,
        buyer=buyer,
        at=AS_OF,
    )


def people(engine: Engine) -> set[frozenset[str]]:
    """Who is one person: the sets of identifiers, as the database has them."""
    found = execute(
        engine,
        "select array_agg(kind || ' ' || value) from identifiers"
        " where not is_junk group by customer_id",
    )
    return {frozenset(values) for (values,) in found}


def customer_of(engine: Engine, value: str) -> int:
    found = execute(
        engine, "select customer_id from identifiers where value = :v", v=value
    )
    return int(found[0][0])


def buyers_of_orders(engine: Engine) -> dict[str, int]:
    found = execute(engine, "select order_number, customer_id from orders")
    return {row[0]: row[1] for row in found}


def only_merge(engine: Engine) -> int:
    [[merge_id]] = execute(
        engine, "select merge_id from customer_merges where undone_at is null"
    )
    return int(merge_id)
