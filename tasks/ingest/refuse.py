"""Finds the records that break a rule, with SQL made from the same definition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import (
    ColumnElement,
    Connection,
    MetaData,
    RowMapping,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.sql.functions import FunctionElement

from tasks.database import run
from tasks.ingest import staging
from tasks.ingest.checks import Facts
from tasks.ingest.expectations import Rule

# Entities for which a file marks what no single value shows, before rules are run.
MARKED = {"orders": "quarantine/mark_orders", "customers": "quarantine/mark_customers"}


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that some rows break: how many rows, and of how many records."""

    name: str
    rule: Rule
    rows: int
    records: int


def mark(connection: Connection, batch: RowMapping) -> None:
    """Note beside each staged row what shows only when rows are compared."""
    entity = batch["entity"]
    is_asked = entity != "orders" or batch["repeated_lines"] == "quarantine"
    if entity in MARKED and is_asked:
        with staging.checked(connection, batch):
            run(connection, MARKED[entity])


def count(
    connection: Connection, batch: RowMapping, rules: Mapping[str, Rule], facts: Facts
) -> tuple[list[Broken], int]:
    """The broken rules, and the records that warn without failing; one pass."""
    row = _reflected(connection, batch)
    fails = {name: rule.check.fails(row, facts) for name, rule in rules.items()}
    columns: list[ColumnElement[int]] = []
    for condition in fails.values():
        columns.append(func.count().filter(condition))
        columns.append(_records(row).filter(condition))
    found = connection.execute(select(*columns).where(or_(*fails.values()))).one()
    broken = [
        Broken(name, rules[name], found[2 * place], found[2 * place + 1])
        for place, name in enumerate(fails)
        if found[2 * place]
    ]
    return broken, _warned(connection, row, broken, facts)


def fill(
    connection: Connection, batch: RowMapping, broken: Sequence[Broken], facts: Facts
) -> int:
    """Put every record that fails into quarantine with its reasons; their number."""
    row = _reflected(connection, batch)
    names = {name: batch[name] for name in ("batch_id", "source", "stream", "entity")}
    with staging.checked(connection, batch):
        connection.exec_driver_sql(
            "create temp table failing (record_no bigint, position integer,"
            " rule text, reason text) on commit drop"
        )
        for position, one in enumerate(broken):
            if one.rule.severity == "fail":
                _note(connection, row, position, one, facts)
        refused = run(connection, "quarantine/refuse").rowcount
        connection.exec_driver_sql(f"analyze {staging.refused(batch)}")
        enter = "enter_again" if batch["is_replay"] else "enter"
        run(connection, f"quarantine/{enter}", **names)
    return refused


def _note(
    connection: Connection, row: Table, position: int, one: Broken, facts: Facts
) -> None:
    """Write down each row that breaks the rule, with the sentence for people."""
    failing = sqlalchemy.table(
        "failing",
        *(sqlalchemy.column(name) for name in ("record_no", "position", "rule")),
        sqlalchemy.column("reason"),
    )
    found = select(
        row.c.record_no,
        sqlalchemy.literal(position),
        sqlalchemy.literal(one.name),
        _sentence(row, one.rule),
    ).where(one.rule.check.fails(row, facts))
    names = ["record_no", "position", "rule", "reason"]
    connection.execute(insert(failing).from_select(names, found))


def _sentence(row: Table, rule: Rule) -> ColumnElement[str]:
    """The reason with the values of its row."""
    names = rule.reason_columns
    pattern = rule.reason.replace("%", "%%")
    for name in names:
        pattern = pattern.replace("{" + name + "}", "%s", 1)
    values = (
        func.coalesce(row.c[name].cast(sqlalchemy.Text), "(empty)") for name in names
    )
    return func.format(pattern, *values)


def _warned(
    connection: Connection, row: Table, broken: Sequence[Broken], facts: Facts
) -> int:
    """Records about which some rule warns and none fails."""

    def some(severity: str) -> ColumnElement[bool]:
        conditions = (
            one.rule.check.fails(row, facts)
            for one in broken
            if one.rule.severity == severity
        )
        return or_(sqlalchemy.false(), *conditions)

    if not any(one.rule.severity == "warn" for one in broken):
        return 0
    refused = select(row.c.record_no).where(some("fail")).subquery()
    warned = select(_records(row)).where(
        and_(some("warn"), row.c.record_no.not_in(select(refused.c.record_no)))
    )
    return int(connection.execute(warned).scalar_one())


def _records(row: Table) -> FunctionElement[int]:
    return func.count(row.c.record_no.distinct())


def _reflected(connection: Connection, batch: RowMapping) -> Table:
    """The batch's table with its columns and their types."""
    name = staging.table_name(batch)
    return Table(name, MetaData(), schema="staging", autoload_with=connection)
