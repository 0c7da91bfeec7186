"""Tags that people give: one at a time, or many from a file."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from sqlalchemy import Connection, Engine

from tasks.database import rows, run

COLUMNS = ("customer", "tag", "value", "expires_at")


class FileRefused(ValueError):
    """The file of tags cannot be read; the message names the line."""


@dataclass(frozen=True, slots=True)
class Given:
    """One tag for one customer: an id, a phone number or an e-mail address."""

    line: int
    customer: str
    tag: str
    value: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A line whose customer nobody knows."""

    line: int
    customer: str


def read(lines: Iterable[str], name: str) -> list[Given]:
    """The tags of a CSV file with the columns customer, tag, value, expires_at.

    Raises:
        FileRefused: a column is missing or unknown, a field empty, a date not ISO.
    """
    reader = csv.DictReader(lines)
    columns = [column.strip().lstrip("\ufeff") for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    if not {"customer", "tag"} <= set(columns) <= set(COLUMNS):
        raise FileRefused(
            f"{name}, line 1: the columns are '{','.join(columns)}'; "
            f"needed are customer,tag and allowed are {','.join(COLUMNS)}"
        )
    return [
        _read(row, f"{name}, line {reader.line_num}", reader.line_num) for row in reader
    ]


def give(
    engine: Engine,
    given: Iterable[Given],
    who: str,
    as_of: datetime,
    evidence: str | None = None,
) -> list[Unknown]:
    """Give the tags, over what staff gave before; returns those for nobody we know.

    All that are for somebody are given in one transaction.
    """
    with engine.begin() as connection:
        run(connection, "tagging/given")
        _copy(connection, given)
        values = {"who": who, "as_of": as_of, "evidence": evidence}
        return [Unknown(**row) for row in rows(connection, "tagging/give", **values)]


def export(
    engine: Engine, target: TextIO, tag: str | None = None, origin: str | None = None
) -> int:
    """Write tags as `read` takes them, in CSV, a row at a time; returns how many."""
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    count = 0
    with engine.connect().execution_options(yield_per=10_000) as connection:
        for row in run(connection, "tagging/export", tag=tag, origin=origin):
            until = row.expires_at.isoformat() if row.expires_at else ""
            writer.writerow([row.customer, row.tag, row.value, until])
            count += 1
    return count


def take(engine: Engine, customer_id: int, tag: str) -> bool:
    """Take a staff tag back; returns whether the customer had it."""
    with engine.begin() as connection:
        found = rows(connection, "tagging/take", customer_id=customer_id, tag=tag)
    return bool(found)


def _read(row: dict[str, str | None], place: str, line: int) -> Given:
    customer, tag = ((row.get(key) or "").strip() for key in ("customer", "tag"))
    if not customer or not tag:
        raise FileRefused(f"{place}: customer '{customer}' or tag '{tag}' is empty")
    until = (row.get("expires_at") or "").strip()
    try:
        expires_at = datetime.fromisoformat(until) if until else None
    except ValueError:
        raise FileRefused(
            f"{place}: expires_at '{until}' is no date; write 2027-12-31"
        ) from None
    return Given(line, customer, tag, (row.get("value") or "").strip(), expires_at)


def _copy(connection: Connection, given: Iterable[Given]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(
        (one.line, one.customer, one.tag, one.value, one.expires_at or "\\N")
        for one in given
    )
    buffer.seek(0)
    cursor = connection.connection.cursor()
    cursor.copy_expert("copy given from stdin (format csv, null '\\N')", buffer)
