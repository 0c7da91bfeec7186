"""The way to Postgres: engines, migrations and one connection's habits."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, RowMapping, text
from sqlalchemy.engine import CursorResult

import sql
from tasks.postgres import Server
from tasks.settings import Settings, settings

# Two migrations at once wait for each other on this advisory lock.
MIGRATION_LOCK = 7_230_001


class SchemaEdited(RuntimeError):
    """A migration that was applied here is no longer what it was."""


def url(of: Settings | None = None) -> str:
    """Where the database is; starts the embedded server when no URL is set."""
    chosen = of or settings()
    if chosen.database_url:
        return chosen.database_url
    server = embedded(chosen)
    server.start()
    return beside(server.url("postgres"), "regulars")


def embedded(of: Settings | None = None) -> Server:
    """The embedded server of this installation, started or not."""
    return Server((of or settings()).home / "postgres")


@cache
def engine(address: str | None = None) -> Engine:
    """One pooled engine per address and process; made at first use."""
    return sqlalchemy.create_engine(
        _for_driver(address or url()),
        pool_pre_ping=True,
        pool_size=4,
        max_overflow=12,
        connect_args={
            "application_name": "regulars",
            "options": "-c search_path=regulars,public -c timezone=UTC",
        },
    )


@contextmanager
def transaction(address: str | None = None) -> Iterator[Connection]:
    """A connection inside one transaction: committed at the end, else rolled back."""
    with engine(address).begin() as connection:
        yield connection


@contextmanager
def by_index(of: Engine) -> Iterator[Connection]:
    """A connection of its own that looks rows up by index, however few there are.

    A statement that is planned once (`run_prepared`) would else go on reading whole
    tables that were small at the time.
    """
    with of.connect() as connection:
        connection.detach()
        connection.exec_driver_sql("set enable_seqscan = off")
        connection.commit()
        yield connection


def run(connection: Connection, name: str, /, **values: Any) -> CursorResult[Any]:
    """Run `sql/<name>.sql` with bound `:values`; several statements are allowed.

    The result is that of the last statement.
    """
    return connection.execute(text(sql.query(name)), values)


def run_prepared(
    connection: Connection, name: str, without: str = "", /, **values: Any
) -> list[Any]:
    """As `run`, for one statement that is run thousands of times on a connection.

    The server plans it once: of a short statement, planning is the longer part. The
    rows are the driver's own tuples, and so are the errors (`psycopg2.Error`): that is
    a third of the time of SQLAlchemy's. `without` is a clause of the file that is left
    out.
    """
    statement, names = _numbered(name)
    title = f"{name}, not {without}" if without else name
    cursor: Any = connection.connection.cursor()
    with cursor:
        prepared = connection.info.setdefault("prepared", set())
        if title not in prepared:
            chosen = statement.replace(without, "") if without else statement
            cursor.execute(f'prepare "{title}" as {chosen}')
            prepared.add(title)
        binds = ", ".join(["%s"] * len(names))
        cursor.execute(f'execute "{title}" ({binds})', [values[one] for one in names])
        return list(cursor.fetchall()) if cursor.description else []


def numbers(values: Sequence[int | None]) -> str:
    """As `array`, of whole numbers."""
    return f"{{{str(list(values))[1:-1].replace('None', 'null')}}}"


def array(values: Iterable[Any]) -> str:
    """A one-dimensional array as Postgres reads it, for `cast(:x as type[])`.

    Several times as fast as handing over a list of thousands.
    """
    return f"{{{','.join(map(_element, values))}}}"


def rows(connection: Connection, name: str, /, **values: Any) -> list[RowMapping]:
    """The rows of `sql/<name>.sql` as mappings from column to value."""
    return list(run(connection, name, **values).mappings())


def migrate(address: str | None = None) -> list[str]:
    """Apply the files of `sql/schema` that are new, in order; returns their names.

    Raises:
        SchemaEdited: an applied file was changed afterwards.
    """
    with transaction(address) as connection:
        connection.execute(
            text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK}
        )
        connection.exec_driver_sql("create schema if not exists regulars")
        connection.exec_driver_sql(
            "create table if not exists schema_version (name text primary key,"
            " digest text not null, applied_at timestamptz not null default now())"
        )
        return [name for name in _migrations() if _apply(connection, name)]


def _element(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        if "\\" in value or '"' in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    return str(value)


@cache
def _numbered(name: str) -> tuple[str, list[str]]:
    """A query with $1, $2 … for its binds, and their names in that order."""
    lines = sql.query(name).splitlines()
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"(?<![:\w]):(\w+)", number, code), names


def _migrations() -> list[str]:
    names = (entry.name for entry in sql.folder("schema").iterdir())
    return sorted(name.removesuffix(".sql") for name in names if name.endswith(".sql"))


def _apply(connection: Connection, name: str) -> bool:
    statements = sql.query(f"schema/{name}")
    digest = hashlib.sha256(statements.encode()).hexdigest()
    known = connection.execute(
        text("select digest from schema_version where name = :name"), {"name": name}
    ).scalar()
    if known is None:
        connection.exec_driver_sql(statements.replace("%", "%%"))
        connection.execute(
            text("insert into schema_version (name, digest) values (:name, :digest)"),
            {"name": name, "digest": digest},
        )
        return True
    if known != digest:
        raise SchemaEdited(
            f"sql/schema/{name}.sql was edited after it had been applied here: "
            "put it back as it was and write a new file for the change"
        )
    return False


def beside(address: str, name: str) -> str:
    """The URL of database `name` on the server of `address`, created when missing.

    Raises:
        sqlalchemy.exc.DBAPIError: creating it needs a right that the user lacks.
    """
    with _outside(address) as connection:
        _create_missing(connection, name)
    there = sqlalchemy.make_url(address).set(database=name)
    return there.render_as_string(hide_password=False)


@contextmanager
def scratch(name: str, address: str | None = None) -> Iterator[str]:
    """An empty, migrated database on the same server, dropped at the end.

    Needs the right to create databases; yields its URL.
    """
    here = address or url()
    with _outside(here) as connection:
        connection.exec_driver_sql(f'drop database if exists "{name}" with (force)')
        connection.exec_driver_sql(f'create database "{name}"')
    there = (
        sqlalchemy.make_url(here)
        .set(database=name)
        .render_as_string(hide_password=False)
    )
    try:
        migrate(there)
        yield there
    finally:
        engine(there).dispose()
        with _outside(here) as connection:
            connection.exec_driver_sql(f'drop database if exists "{name}" with (force)')


@contextmanager
def _outside(address: str) -> Iterator[Connection]:
    """A connection that is not in a transaction, as CREATE DATABASE wants it."""
    outside = sqlalchemy.create_engine(
        _for_driver(address), isolation_level="AUTOCOMMIT"
    )
    with outside.connect() as connection:
        yield connection
    outside.dispose()


def _create_missing(connection: Connection, name: str) -> None:
    found = connection.execute(
        text("select 1 from pg_database where datname = :name"), {"name": name}
    ).scalar()
    if not found:
        connection.exec_driver_sql(f'create database "{name}"')


def _for_driver(address: str) -> str:
    """Name the driver; `postgres://` and `postgresql://` are what people paste."""
    _, _, rest = address.partition("://")
    return f"postgresql+psycopg2://{rest}"
