"""`regulars up` and `down`, as an operator types them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from flows.prefect_server import Prefect, for_asyncpg
from flows.processes import Process
from flows.register import DEPLOYMENTS, read
from tasks import database
from tests.flows.conftest import free_port


@pytest.fixture
def house(home: Path, database_url: str) -> Iterator[dict[str, str]]:
    """The environment of an operator with a Postgres of their own."""
    with database.scratch(f"prefect_{os.getpid()}", database_url) as prefect_url:
        yield {
            **os.environ,
            "REGULARS_HOME": str(home),
            "REGULARS_ENV_FILE": str(home / "none.env"),
            "REGULARS_PREFECT_PORT": str(free_port()),
            "REGULARS_PREFECT_DATABASE_URL": prefect_url,
        }


def regulars(house: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("regulars"))
    return subprocess.run([program, *words], env=house, capture_output=True, text=True)


def test_up_twice_is_harmless_and_down_stops_all(
    house: dict[str, str], home: Path
) -> None:
    port = int(house["REGULARS_PREFECT_PORT"])
    prefect = Prefect(home / "prefect", port)
    try:
        first = regulars(house, "up")
        assert first.returncode == 0, first.stdout + first.stderr
        assert f"Regulars is up: http://127.0.0.1:{port}" in first.stdout
        pids = [prefect.server.lock.read_text(), prefect.worker.lock.read_text()]
        assert regulars(house, "up").returncode == 0
        again = [prefect.server.lock.read_text(), prefect.worker.lock.read_text()]
        assert again == pids

        listed = requests.post(f"{prefect.api}/deployments/filter", json={}).json()
        assert {one["name"] for one in listed} == {
            one["name"] for one in read(DEPLOYMENTS)
        }
    finally:
        down = regulars(house, "down")
    assert "Prefect is stopped" in down.stdout
    assert not prefect.server.is_running() and not prefect.worker.is_running()
    assert "Prefect was not running" in regulars(house, "down").stdout


def test_a_port_that_is_taken_is_named(house: dict[str, str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(house["REGULARS_PREFECT_PORT"])))
        other.listen()
        failed = regulars(house, "up")
    assert failed.returncode == 1
    assert "is taken by another program" in failed.stderr
    assert "REGULARS_PREFECT_PORT" in failed.stderr


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            "postgresql://shop:s%40crt@db.example:5433/regulars?sslmode=require",
            "postgresql+asyncpg://shop:s%40crt@db.example:5433/regulars?ssl=require",
        ),
        (
            "postgres://shop@/regulars?host=/run/postgres&connect_timeout=5",
            "postgresql+asyncpg://shop@/regulars?host=%2Frun%2Fpostgres",
        ),
    ],
)
def test_a_url_for_libpq_becomes_one_for_prefect(given: str, wanted: str) -> None:
    assert for_asyncpg(given) == wanted


def test_a_program_that_died_can_be_started_again(tmp_path: Path) -> None:
    program = Process("sleep", tmp_path / "sleep.lock", tmp_path / "sleep.log")
    assert program.start(["sleep", "60"], dict(os.environ))
    assert not program.start(["sleep", "60"], dict(os.environ))
    assert program.stop() and not program.stop()
    assert program.start(["sleep", "60"], dict(os.environ))
    program.stop()


def test_a_program_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    program = Process("deaf", tmp_path / "deaf.lock", tmp_path / "deaf.log")
    deaf = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
    program.start(["sh", "-c", deaf], dict(os.environ))
    while "ready" not in program.last_words():
        pass
    assert program.stop(patience=0.3)
    assert not program.is_running()
