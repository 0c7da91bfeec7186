"""The embedded server: started once, found by everybody, stopped on request."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest

from tasks import postgres
from tasks.postgres import PostgresMissing, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for this file, started by four callers at the same moment."""
    one = Server(tmp_path_factory.mktemp("cold"), durable=False)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: one.start(), range(4)))
    yield one
    one.remove()


def answer(server: Server, question: str) -> object:
    connection = psycopg2.connect(server.url("postgres"))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone() if cursor.description else None
    connection.close()
    return row and row[0]


def test_callers_racing_a_cold_start_all_find_it_running(server: Server) -> None:
    assert server.is_running()
    assert answer(server, "select 1") == 1


def test_it_survives_the_death_of_the_process_that_started_it(server: Server) -> None:
    server.stop()
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from tasks.postgres import Server;"
        "Server(Path(sys.argv[1]), durable=False).start();"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    words = [sys.executable, "-c", code, str(server.folder)]
    assert subprocess.run(words, check=False).returncode == -9
    assert answer(server, "select 1") == 1


def test_what_was_stored_is_there_after_a_crash_of_the_server(server: Server) -> None:
    answer(server, "create table kept as select 7 as n")
    answer(server, "checkpoint")
    server.restart("immediate")
    assert answer(server, "select n from kept") == 7


def test_only_its_owner_can_reach_the_socket(server: Server) -> None:
    assert server.socket.stat().st_mode & 0o077 == 0
    assert answer(server, "show listen_addresses") == ""


def test_a_deep_folder_still_gets_a_socket_that_fits(tmp_path: Path) -> None:
    deep = Server(tmp_path / ("d" * 60) / ("e" * 60))
    assert len(os.fsencode(deep.socket)) <= postgres.LONGEST_SOCKET_FOLDER


def test_without_any_server_it_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(postgres, "find_spec", lambda name: None)
    monkeypatch.setattr(postgres, "SYSTEM_SERVERS", tmp_path)
    with pytest.raises(PostgresMissing, match="set DATABASE_URL"):
        postgres.server_binaries()


def test_a_failed_start_shows_what_the_server_said(tmp_path: Path) -> None:
    broken = Server(tmp_path, durable=False)
    broken.start()
    broken.stop()
    configuration = broken.data / "postgresql.conf"
    configuration.write_text(configuration.read_text() + "no_such_setting = 1\n")
    with pytest.raises(RuntimeError, match=r"postgres\.log says: .*no_such_setting"):
        broken.start()
    broken.remove()
