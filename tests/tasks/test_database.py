"""The schema arrives whole, once, and refuses to be rewritten."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

import sql
from tasks import database
from tasks.database import SchemaEdited


def test_it_applies_every_migration_once(server_url: str, database_url: str) -> None:
    assert database.migrate(database_url) == []


def test_two_migrations_at_once_wait_for_each_other(
    engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("drop schema regulars cascade"))
        connection.execute(text("drop schema staging cascade"))
        connection.execute(text("drop schema archive cascade"))
    with ThreadPoolExecutor(2) as pool:
        applied = list(pool.map(database.migrate, [database_url] * 2))
    names = [name for one in applied for name in one]
    assert names and len(names) == len(set(names))


def test_it_refuses_a_file_edited_after_it_was_applied(
    engine: Engine, database_url: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text("update schema_version set digest = 'other'"))
    with pytest.raises(SchemaEdited, match=r"0001_landing\.sql was edited"):
        database.migrate(database_url)


def test_a_query_that_does_not_exist_names_its_path() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such_query\.sql"):
        sql.query("no_such_query")


def test_every_foreign_key_has_an_index(engine: Engine) -> None:
    with engine.connect() as connection:
        missing = connection.execute(
            text(
                """
                select conrelid::regclass || '.' || attname
                from pg_constraint
                join pg_attribute on attrelid = conrelid and attnum = conkey[1]
                where contype = 'f' and connamespace = 'regulars'::regnamespace
                and not exists (
                    select from pg_index
                    where indrelid = conrelid and indkey[0] = conkey[1]
                )
                """
            )
        ).scalars()
        assert sorted(missing) == []
