"""Fills staging as `land` does: records in, a batch that is landed out."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, text

NULL = r"\N"
KEYS = {
    "orders": ["order_number"],
    "refunds": ["refund_number"],
    "reviews": ["review_number"],
    "customers": ["buyer_id"],
    "interactions": ["kind", "interaction_key"],
}

Record = Sequence[Mapping[str, Any]] | Mapping[str, Any]


def stage(
    engine: Engine,
    entity: str,
    records: Iterable[Record],
    *,
    source: str = "shop",
    validated: bool = False,
    refused: Iterable[int] = (),
    **batch: Any,
) -> int:
    """A landed batch of `records`; each is one row or several rows of one record.

    `validated` passes it off as validated, with the numbers of the refused records.
    """
    given = [[one] if isinstance(one, Mapping) else list(one) for one in records]
    with engine.begin() as connection:
        batch_id = _insert_batch(connection, entity, source, len(given), batch)
        connection.exec_driver_sql(
            f"create table staging.{entity}_{batch_id} (like staging.{entity})"
        )
        _copy(connection, f"{entity}_{batch_id}", given)
        if validated:
            _pass_off(connection, batch_id, list(refused))
    return batch_id


def _insert_batch(
    connection: Connection, entity: str, source: str, records: int, more: dict[str, Any]
) -> int:
    values = {
        "source": source,
        "stream": entity,
        "entity": entity,
        "state": "landed",
        "records": records,
        "record_key": KEYS[entity],
    } | more
    columns = ", ".join(values)
    binds = ", ".join(f":{name}" for name in values)
    statement = f"insert into batch ({columns}) values ({binds}) returning batch_id"
    return int(connection.execute(text(statement), values).scalar_one())


def _copy(connection: Connection, table: str, records: list[list[Any]]) -> None:
    rows = list(_rows(records))
    if not rows:
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = io.StringIO()
    writer = csv.writer(lines)
    for row in rows:
        writer.writerow([_written(row.get(name)) for name in columns])
    lines.seek(0)
    names = ", ".join(columns)
    connection.connection.cursor().copy_expert(  # type: ignore[attr-defined]
        f"copy staging.{table} ({names}) from stdin with (format csv, null '{NULL}')",
        lines,
    )


def _rows(records: list[list[Any]]) -> Iterable[dict[str, Any]]:
    for number, record in enumerate(records, start=1):
        for line, row in enumerate(record):
            raw = json.dumps(record, default=str, ensure_ascii=False)
            yield {
                "record_no": number,
                "place": f"test line {number}",
                "raw": raw if line == 0 else None,
            } | dict(row)


def _written(value: Any) -> Any:
    if value is None:
        return NULL
    return json.dumps(value) if isinstance(value, dict | list) else value


def _pass_off(connection: Connection, batch_id: int, refused: list[int]) -> None:
    connection.exec_driver_sql(
        f"create table staging.refused_{batch_id} (record_no bigint primary key)"
    )
    for record_no in refused:
        connection.execute(
            text(f"insert into staging.refused_{batch_id} values (:number)"),
            {"number": record_no},
        )
    connection.execute(
        text(
            "update batch set validated_at = now(), quarantined = :refused"
            " where batch_id = :batch_id"
        ),
        {"batch_id": batch_id, "refused": len(refused)},
    )
