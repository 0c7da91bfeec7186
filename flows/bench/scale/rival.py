"""DuckDB on the same rows: the tables as Parquet, the facts and segments as ours."""

from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import Engine

import sql
from tasks.people import definition

# What the facts read of each table; numbers as exact as in Postgres, times in UTC.
COLUMNS = {
    "orders": "order_id bigint, customer_id bigint, status varchar,"
    " ordered_at timestamp, currency varchar, amount decimal(12, 2)",
    "order_lines": "order_id bigint, line_key bigint, product_title varchar,"
    " category varchar, quantity decimal(12, 2), amount decimal(12, 2)",
    "refunds": "customer_id bigint, order_id bigint, status varchar,"
    " currency varchar, amount decimal(12, 2)",
    "reviews": "customer_id bigint, reviewed_at timestamp",
    "interactions": "customer_id bigint, happened_at timestamp",
    "identifiers": "identifier_id bigint, customer_id bigint, kind varchar,"
    " value varchar, is_junk boolean",
    "profiles": "source varchar, identifier_id bigint, points bigint, level varchar,"
    " registered_at timestamp, updated_at timestamp",
    "customers": "customer_id bigint, name varchar, language varchar,"
    " timezone varchar, country varchar, birthday date, merged_into bigint",
    "suppressions": "channel varchar, address varchar, released_at timestamp",
    "currency_rates": "currency varchar, home_rate decimal(12, 6)",
}


def export(address: str, folder: Path) -> None:
    """Write every table as Parquet; not part of what is measured."""
    import duckdb

    shop = duckdb.connect()
    shop.execute("set enable_progress_bar = false")
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
        for table, written in COLUMNS.items():
            columns = dict(_split(written))
            lines = folder / f"{table}.csv"
            selected = ", ".join(
                f"{name} at time zone 'UTC'" if kind == "timestamp" else name
                for name, kind in columns.items()
            )
            with lines.open("w") as opened:
                cursor.copy_expert(
                    f"copy (select {selected} from regulars.{table})"
                    " to stdout (format csv)",
                    opened,
                )
            shop.execute(
                f"copy (select * from read_csv('{lines}', header = false,"
                f" auto_detect = false, delim = ',', columns = {columns!r}))"
                f" to '{folder}/{table}.parquet' (format parquet)"
            )
            lines.unlink()


def opened(folder: Path) -> Any:
    """A DuckDB on two cores that reads the files, as it would in a warehouse."""
    import duckdb

    shop = duckdb.connect()
    shop.execute("set threads = 2")
    shop.execute("set enable_progress_bar = false")
    for table in COLUMNS:
        shop.execute(f"create view {table} as select * from '{folder}/{table}.parquet'")
    return shop


def rebuild(shop: Any, as_of: datetime) -> None:
    """Facts, limits and segments, from the files to tables of DuckDB's own."""
    facts = sql.query("bench/duckdb_facts")
    shop.execute(f"create or replace table customer_facts as {facts}")
    limits = " union all ".join(
        f"select '{one.name}' as threshold, ({one.select}) as value"
        for one in definition.load_all("threshold")
    )
    shop.execute(f"create or replace table thresholds as {limits}")
    moment = f"timestamp '{as_of:%Y-%m-%d %H:%M:%S}'"
    members = " union all ".join(
        f"select '{segment.name}' as segment, customer_id"
        f" from ({_said(segment.select, moment)}) where {_rules(shop, segment, moment)}"
        for segment in definition.load_all("segment")
    )
    shop.execute(f"create or replace table members as {members}")


def insist_on_same(shop: Any, engine: Engine) -> None:
    """Refuse to compare the times of two that came to different results."""
    questions = (
        "select count(*), sum(orders_count), sum(spent), count(buying_interval),"
        " sum(last_order_id), count(last_category), sum(refunded), count(phone),"
        " sum(length(favourite_product)), sum(reviews_count), sum(points)"
        " from customer_facts",
        "select segment, count(*), sum(customer_id) from {} group by 1 order by 1",
    )
    with engine.connect() as connection:
        for question in questions:
            here = question.format("segment_members where left_at is null")
            ours = [tuple(row) for row in connection.exec_driver_sql(here)]
            theirs = shop.execute(question.format("members")).fetchall()
            if ours != theirs:
                raise AssertionError(f"ours is {ours}, DuckDB's is {theirs}")


def _rules(shop: Any, segment: definition.Definition, moment: str) -> str:
    shop.execute(f"select * from ({_said(segment.select, moment)}) limit 0")
    names = [column[0] for column in shop.description]
    rules = [name for name in names if name not in ("customer_id", "recheck_at")]
    return " and ".join(rules)


def _said(select: str, moment: str) -> str:
    return select.replace(":as_of", moment)


def _split(written: str) -> list[tuple[str, str]]:
    """(`name`, `type`) of each column; a comma inside brackets is the type's own."""
    parts = written.replace("(12, ", "(12;").split(", ")
    pairs = (part.split(" ", 1) for part in parts)
    return [(name, kind.replace(";", ", ")) for name, kind in pairs]
