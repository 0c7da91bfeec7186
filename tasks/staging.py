"""A batch's own table in `staging`: its name, its good rows, its refused records."""

from sqlalchemy import Connection, RowMapping, text

# Where the rules' verdict on single records is kept from validation to load.
REFUSED = "staging.refused_{batch_id}"

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
    raise UnknownBatch(f'there is no batch "{batch_id}": see the table batch')


def table(batch: RowMapping) -> str:
    """The name of the table that `land` filled, for example `staging.orders_12`."""
    return f"staging.{batch['entity']}_{int(batch['batch_id'])}"


def refused(batch: RowMapping) -> str:
    """The name of the table of the batch's refused records."""
    return REFUSED.format(batch_id=int(batch["batch_id"]))


def is_whole_record(batch: RowMapping) -> bool:
    """Whether one record is a whole order or refund, and not one of its lines."""
    return list(batch["record_key"]) == WHOLE.get(batch["entity"])


def key_expression(batch: RowMapping) -> str:
    """SQL for the key of a record at its source; null where records have none."""
    columns = [f"{_quoted(name)}::text" for name in batch["record_key"]]
    return " || ':' || ".join(columns) or "null::text"


def open_views(connection: Connection, batch: RowMapping) -> None:
    """Temporary views for `sql/load`: staged, staged_record and refused.

    `staged` has the good rows, `staged_record` the key and text of each good record,
    `refused` the rows of refused records. They vanish with `drop`.
    """
    good, bad = table(batch), refused(batch)
    match = f"select from {bad} as bad where bad.record_no = given.record_no"
    for statement in (
        f"create temp view staged as select * from {good} as given"
        f" where not exists ({match})",
        f"create temp view refused as select * from {good} as given"
        f" where exists ({match})",
        "create temp view staged_record as select record_no, raw,"
        f" {key_expression(batch)} as record_key from staged where raw is not null",
    ):
        connection.exec_driver_sql(statement)


def drop(connection: Connection, batch: RowMapping) -> None:
    """Forget the staged rows and the views on them."""
    connection.exec_driver_sql(
        f"drop table if exists {table(batch)}, {refused(batch)} cascade"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
