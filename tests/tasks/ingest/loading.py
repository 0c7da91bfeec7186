"""What the tests of loading share: good rows, and staging and loading in one step."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text

from tasks.ingest.load import Counts, load
from tests.tasks.ingest.staged_batch import stage

MORNING = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def order(number: str = "A", /, **more: Any) -> dict[str, Any]:
    """A row of a good order."""
    return {
        "order_number": number,
        "status": "paid",
        "ordered_at": MORNING,
        "updated_at": MORNING,
        "currency": "CNY",
        "buyer_id": "b1",
        "product_id": "tea",
        "quantity": 2,
        "unit_price": "9.90",
    } | more


def put(engine: Engine, entity: str, records: list[Any], **batch: Any) -> Counts:
    """Stage as validated, and load."""
    return load(engine, stage(engine, entity, records, validated=True, **batch))


def get(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
