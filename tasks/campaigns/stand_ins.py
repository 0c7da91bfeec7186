"""Temporary tables that stand in for the real ones while an example runs."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tasks import database
from tasks.campaigns.campaign_values import DURATION, as_duration
from tasks.problem import did_you_mean
from tasks.settings import settings

TIMES = ("timestamp with time zone", "date")
# What a column that must not be empty holds where a row does not say.
BY_NAME = {"language": "en", "timezone": "Asia/Shanghai", "currency": "CNY"}
BY_TYPE: dict[str, Any] = {"text": "", "boolean": False, "jsonb": {}, "json": {}}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a real table; `is_counted`: Postgres numbers its rows."""

    type: str
    is_required: bool
    is_counted: bool


Tables = Mapping[str, Mapping[str, Column]]


class RowError(Exception):
    """A row that its table cannot hold; says which value and what is allowed."""


def tables(connection: Connection) -> Tables:
    """The columns of every table of ours, by name."""
    found: dict[str, dict[str, Column]] = defaultdict(dict)
    for row in database.rows(connection, "audience/columns"):
        column = Column(row["type_name"], row["is_required"], row["is_counted"])
        found[row["table_name"]][row["column_name"]] = column
    return found


def put_up(connection: Connection, names: Sequence[str]) -> None:
    """Empty tables of these names hide the real ones until the transaction is undone.

    Postgres looks for a table among the temporary ones first.
    They have the real columns, types and checks; keys and references are left out, so
    that an example needs only the rows that matter.
    """
    for name in names:
        connection.execute(
            text(
                f'create temp table "{name}"'
                f' (like regulars."{name}" including constraints) on commit drop'
            )
        )


def fill(
    connection: Connection,
    name: str,
    columns: Mapping[str, Column],
    rows: Sequence[Mapping[str, Any]],
    as_of: datetime,
) -> Iterator[tuple[int, str]]:
    """Put `rows` into the stand-in; yields (index, message) of the first bad one."""
    statement = text(
        f'insert into pg_temp."{name}" select * from'
        f' jsonb_populate_record(null::pg_temp."{name}", cast(:row as jsonb))'
    )
    for index, row in enumerate(rows):
        try:
            whole = _completed(columns, row, index + 1, as_of)
            given = json.dumps(whole, default=str)
            with connection.begin_nested():
                connection.execute(statement, {"row": given})
        except RowError as error:
            yield index, str(error)
        except DBAPIError as error:
            yield index, _refused(connection, name, row, error)


def _completed(
    columns: Mapping[str, Column], row: Mapping[str, Any], number: int, as_of: datetime
) -> dict[str, Any]:
    """The row with its times worked out and what must not be empty filled in."""
    for name in row:
        if name not in columns:
            hint = did_you_mean(str(name), columns)
            raise RowError(f'there is no column "{name}"{hint}')
    whole: dict[str, Any] = {}
    for name, column in columns.items():
        if name in row:
            whole[name] = _moment(row[name], column.type, as_of)
        elif column.is_required:
            whole[name] = number if column.is_counted else _default(name, column, as_of)
    return whole


def _default(name: str, column: Column, as_of: datetime) -> Any:
    if column.type in TIMES:
        return as_of
    if column.type.endswith("[]"):
        return []
    return BY_NAME.get(name, BY_TYPE.get(column.type, 0))


def _moment(value: Any, kind: str, as_of: datetime) -> Any:
    """`3 days ago` by the example's clock; a time without a zone is the shop's."""
    if kind not in TIMES:
        return value
    length, _, way = str(value).rpartition(" ")
    if DURATION.fullmatch(length) and way in ("ago", "ahead"):
        span = as_duration(length)
        return as_of - span if way == "ago" else as_of + span  # type: ignore[operator]
    if kind == "date" or not isinstance(value, str | date):
        return value
    return in_shop_time(value)


def in_shop_time(value: str | date) -> datetime:
    """A day or a moment of a YAML file, by the shop's clock unless it has a zone.

    Raises:
        RowError: it is neither.
    """
    zone = ZoneInfo(settings().timezone)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise RowError(
                f'"{value}" is no time: write 2026-03-10 09:00 or 3 days ago'
            ) from None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _refused(
    connection: Connection, name: str, row: Mapping[str, Any], error: DBAPIError
) -> str:
    """Postgres' reason; for a broken check the values that it allows."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is None or diagnosis.constraint_name is None:
        return str(getattr(diagnosis, "message_primary", None) or "is refused")
    check = database.rows(
        connection, "audience/check", table=name, name=diagnosis.constraint_name
    )[0]
    column = check["column_name"]
    given = f'"{row[column]}"' if column in row else "missing"
    return f"{column} is {given}; allowed: {check['allowed']}"
