"""A real Postgres for every test: cloned from a migrated template in milliseconds."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Connection, Engine

from tasks import database
from tasks.postgres import Server
from tasks.settings import settings

DATABASE_URL = os.environ.pop("DATABASE_URL", None)


@pytest.fixture(autouse=True, scope="session")
def plain_environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees what the shell or a file of this machine has set."""
    for name in list(os.environ):
        if name.startswith(("REGULARS_", "PREFECT_")) or name == "DATABASE_URL":
            del os.environ[name]
    os.environ["REGULARS_ENV_FILE"] = os.devnull
    os.environ["REGULARS_HOME"] = str(tmp_path_factory.mktemp("home"))
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server's maintenance database: the user's, else an embedded one."""
    if DATABASE_URL:
        yield DATABASE_URL
        return
    server = Server(tmp_path_factory.mktemp("postgres"), durable=False)
    server.start()
    yield server.url("postgres")
    server.remove()


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a database with the schema applied."""
    name = f"regulars_template_{uuid.uuid4().hex[:8]}"
    _administer(server_url, f'create database "{name}"')
    address = _address(server_url, name)
    database.migrate(address)
    database.engine(address).dispose()
    yield name
    _administer(server_url, f'drop database "{name}" with (force)')


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """The URL of an empty, migrated database of this test alone."""
    name = f"regulars_test_{uuid.uuid4().hex[:12]}"
    _administer(server_url, f'create database "{name}" template "{template}"')
    address = _address(server_url, name)
    yield address
    database.engine(address).dispose()
    _administer(server_url, f'drop database if exists "{name}" with (force)')


@pytest.fixture
def engine(database_url: str) -> Engine:
    """The pooled engine of this test's database."""
    return database.engine(database_url)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is committed at the end of the test."""
    with engine.begin() as opened:
        yield opened


@pytest.fixture(scope="session")
def common_engine(server_url: str, template: str) -> Iterator[Engine]:
    """A database for tests that undo what they do; see `undone`."""
    name = f"regulars_common_{uuid.uuid4().hex[:12]}"
    _administer(server_url, f'create database "{name}" template "{template}"')
    address = _address(server_url, name)
    yield database.engine(address)
    database.engine(address).dispose()
    _administer(server_url, f'drop database "{name}" with (force)')


@pytest.fixture
def undone(common_engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction is rolled back: for tests that never commit."""
    with common_engine.connect() as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def home(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A `var` folder of this test; settings point to it and to the database."""
    monkeypatch.setenv("REGULARS_HOME", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings.cache_clear()
    database.engine.cache_clear()
    yield tmp_path
    settings.cache_clear()
    database.engine.cache_clear()


def _administer(server_url: str, statement: str) -> None:
    outside = sqlalchemy.create_engine(
        _with_driver(server_url), isolation_level="AUTOCOMMIT"
    )
    with outside.connect() as opened:
        opened.exec_driver_sql(statement)
    outside.dispose()


def _address(server_url: str, name: str) -> str:
    url = sqlalchemy.make_url(server_url).set(database=name)
    return url.render_as_string(hide_password=False)


def _with_driver(address: str) -> str:
    return "postgresql+psycopg2://" + address.partition("://")[2]
