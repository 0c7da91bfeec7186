"""A batch's own table in `staging`: its name, its good rows, its refused records."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, RowMapping, text

# The column that alone identifies a whole record of each entity.
WHOLE = {
    "orders": ["order_number"],
    "refunds": ["refund_number"],
    "reviews": ["review_number"],
}


class UnknownBatch(LookupError):
    """There is no batch of that number."""


def locked(connection: Connection, batch_id: int) -> RowMapping:
    """The batch's row, locked to the end of the transaction."""
    found = connection.execute(
        text("select * from batch where batch_id = :batch_id for update"),
        {"batch_id": batch_id},
    ).mappings()
    for batch in found:
        return batch
    raise UnknownBatch(f'there is no batch "{batch_id}"; the table batch lists all')


def table_name(batch: RowMapping) -> str:
    """The name of the table that `land` filled, below `staging`: `orders_12`."""
    return f"{batch['entity']}_{int(batch['batch_id'])}"


def table(batch: RowMapping) -> str:
    """The name of that table with its schema."""
    return f"staging.{table_name(batch)}"


def refused(batch: RowMapping) -> str:
    """The table with the records that failed validation, and why."""
    return f"staging.refused_{int(batch['batch_id'])}"


def is_whole_record(batch: RowMapping) -> bool:
    """Whether one record is a whole order or refund, and not one of its lines."""
    return list(batch["record_key"]) == WHOLE.get(batch["entity"])


def prepare(connection: Connection, batch: RowMapping) -> None:
    """Make sure that both tables are there; what was refused before is forgotten."""
    connection.exec_driver_sql(
        f"create table if not exists {table(batch)} (like staging.{batch['entity']});"
        f"drop table if exists {refused(batch)};"
        f"create table {refused(batch)} (record_no bigint primary key,"
        " rules text[] not null, reasons text[] not null)"
    )


@contextmanager
def checked(connection: Connection, batch: RowMapping) -> Iterator[None]:
    """Views for `sql/quarantine`: checked, checked_record and refused_record.

    `checked` has all rows, `checked_record` the text and key of each record,
    `refused_record` takes the records that fail.
    """
    definitions = {
        "checked": f"select * from {table(batch)}",
        "checked_record": _records(batch, "checked"),
        "refused_record": f"select * from {refused(batch)}",
    }
    with _views(connection, definitions):
        yield


@contextmanager
def good(connection: Connection, batch: RowMapping) -> Iterator[None]:
    """Views for `sql/load`: staged, staged_record and refused.

    `staged` has the good rows, `staged_record` the text and key of each good record,
    `refused` the rows of refused records.
    """
    match = f"select from {refused(batch)} as bad where bad.record_no = given.record_no"
    given = f"select * from {table(batch)} as given"
    definitions = {
        "staged": f"{given} where not exists ({match})",
        "staged_record": _records(batch, "staged"),
        "refused": f"{given} where exists ({match})",
    }
    with _views(connection, definitions):
        yield


def drop(connection: Connection, batch: RowMapping) -> None:
    """Forget the staged rows of a batch that is loaded."""
    connection.exec_driver_sql(f"drop table if exists {table(batch)}, {refused(batch)}")


@contextmanager
def _views(connection: Connection, definitions: dict[str, str]) -> Iterator[None]:
    """Temporary views that are gone at the end, or with the failed transaction."""
    for name, definition in definitions.items():
        connection.exec_driver_sql(f"create temp view {name} as {definition}")
    yield
    names = ", ".join(definitions)
    connection.exec_driver_sql(f"drop view {names} cascade")


def _records(batch: RowMapping, rows: str) -> str:
    """Where each record begins: the row that holds its text."""
    columns = [f'"{name}"::text' for name in batch["record_key"]]
    key = " || ':' || ".join(columns) or "null::text"
    has_version = batch["entity"] != "interactions"
    version = "updated_at" if has_version else "null::timestamptz"
    return (
        f"select record_no, place, raw, {key} as record_key, {version} as version_at"
        f" from {rows} where raw is not null"
    )
