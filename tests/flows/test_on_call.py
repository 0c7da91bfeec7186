"""On call: what fails says why, Retry ends right, and nothing is doubled."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.states import AwaitingRetry
from sqlalchemy import text

from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET, SHOP, YouzanDouble
from connectors.sandbox.youzan_world import CHINA, World
from flows import register
from flows.prefect_server import Prefect
from tasks import database, land, load, sources, validate
from tasks.postgres import PostgresMissing, Server

AS_OF = datetime(2011, 12, 10, 9, tzinfo=CHINA)
WORLD = World(11, AS_OF, 60)

# What a load leaves, without numbers and times that differ from run to run.
LEFT = {
    "orders": "source, order_number, status, ordered_at, updated_at, amount",
    "order_lines": "line_key, product_id, quantity, unit_price, amount",
    "refunds": "source, refund_number, order_number, status, updated_at",
    "identifiers": "kind, scope, value",
}


@dataclass
class Shop:
    """A Youzan double, the settings of a house that reads it, and its database."""

    double: YouzanDouble
    home: Path
    address: str

    @property
    def environment(self) -> dict[str, str]:
        """What the flow's process is told."""
        return {
            "DATABASE_URL": self.address,
            "REGULARS_HOME": str(self.home),
            "REGULARS_SOURCES_FILE": str(self.sources_file),
            "REGULARS_CLOCK_OFFSET": "0",
            "PREFECT_TASKS_DEFAULT_RETRIES": "0",
        }

    @property
    def sources_file(self) -> Path:
        """One shop, two streams of it."""
        return self.home / "sources.yaml"

    def configure(self) -> None:
        shop = {
            "connector": "youzan",
            "base_url": self.double.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "grant_id": SHOP,
            "since": "2011-11-20",
            "streams": ["orders", "refunds"],
            "page_size": 20,
        }
        self.sources_file.write_text(yaml.safe_dump({"youzan_main": shop}))

    def start(self) -> FlowRun:
        """Begin an ingest as the UI's Quick run does."""
        run: FlowRun = run_deployment(
            "ingest/source",
            parameters={"source": "youzan_main", "until": AS_OF.isoformat()},
            job_variables={"env": self.environment},
            timeout=0,
        )
        return run

    def left(self) -> dict[str, list[tuple[Any, ...]]]:
        """What is in the tables."""
        return tables(self.address)


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Shop]:
    """A shop that nobody has read yet."""
    with YouzanDouble(WORLD) as double:
        shop = Shop(double, tmp_path, database_url)
        shop.configure()
        yield shop


@pytest.fixture
def undisturbed(
    shop: Shop, server_url: str
) -> Iterator[dict[str, list[tuple[Any, ...]]]]:
    """What an ingest that nothing disturbs leaves in the tables."""
    with database.scratch(f"{shop.home.name}_calm"[:60], server_url) as address:
        engine = database.engine(address)
        for stream in sources.find("youzan_main", shop.sources_file).streams:
            batch_id = land.land(engine, stream, AS_OF)
            validate.validate(engine, batch_id, None)
            load.load(engine, batch_id)
        yield tables(address)


def test_a_failed_source_says_why_and_retry_ends_right(
    worker: Prefect,
    client: SyncPrefectClient,
    shop: Shop,
    undisturbed: dict[str, list[tuple[Any, ...]]],
) -> None:
    shop.double.fail_with(
        {}, 500, times=99, path="trades.sold.get", after=2, Retry_After="600"
    )
    run = shop.start()
    failed = ended(client, run)
    assert failed.name == "Failed"
    assert "youzan_main: 1 of 2 streams failed. orders: " in str(failed.message)
    assert "HTTP 500" in str(failed.message)

    shop.double.faults.clear()
    retry(client, run)
    assert finished(client, run, attempt=2)
    assert shop.left() == undisturbed
    # What our own modules log reaches the UI.
    assert any("youzan_main/orders: " in line for line in logs(client, run))


def test_an_ingest_outlives_a_restart_of_postgres(
    worker: Prefect,
    client: SyncPrefectClient,
    shop: Shop,
    undisturbed: dict[str, list[tuple[Any, ...]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with own_postgres(tmp_path_factory) as server:
        shop.address = server.url("postgres")
        database.migrate(shop.address)
        in_the_middle(shop.double, lambda: server.restart("immediate"))
        run = shop.start()
        failed = ended(client, run)
        assert failed.name == "Failed"
        assert "OperationalError" in str(failed.message)

        retry(client, run)
        assert finished(client, run, attempt=2)
        assert shop.left() == undisturbed


def test_a_killed_run_is_continued_by_itself(
    worker: Prefect,
    client: SyncPrefectClient,
    shop: Shop,
    undisturbed: dict[str, list[tuple[Any, ...]]],
) -> None:
    hasten(client, "crashed", seconds=10)
    killed: list[int] = []

    def kill() -> None:
        place = client.read_flow_run(run.id).infrastructure_pid
        killed.append(int(str(place).rpartition(":")[2]))
        os.kill(killed[0], signal.SIGKILL)

    in_the_middle(shop.double, kill)
    run = shop.start()
    assert ended(client, run).name == "Crashed"
    assert finished(client, run, attempt=2)
    assert len(killed) == 1
    assert shop.left() == undisturbed


def ended(client: SyncPrefectClient, run: FlowRun, attempt: int = 1) -> State[Any]:
    """The final state of that attempt, waited for."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        now = client.read_flow_run(run.id)
        if now.run_count >= attempt and now.state and now.state.is_final():
            return now.state
        time.sleep(0.2)
    raise AssertionError(f"{run.name}, attempt {attempt}, is still {now.state_name}")


def finished(client: SyncPrefectClient, run: FlowRun, attempt: int) -> bool:
    """Whether that attempt ended well; fails with what the run says if it did not."""
    state = ended(client, run, attempt)
    assert state.is_completed(), [state.message, *logs(client, run)]
    return True


def logs(client: SyncPrefectClient, run: FlowRun) -> list[str]:
    """What the run's Logs tab shows."""
    of_run = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run.id]))
    return [entry.message for entry in client.read_logs(of_run)]


def retry(client: SyncPrefectClient, run: FlowRun) -> None:
    """What the UI's Retry button does."""
    client.set_flow_run_state(run.id, AwaitingRetry(), force=True)


def in_the_middle(double: YouzanDouble, act: Callable[[], object]) -> None:
    """Do it once, when the third page of orders is asked for."""
    pages = iter(range(1, 1_000))

    def before(name: str, body: dict[str, Any]) -> None:
        if name == "youzan.trades.sold.get" and next(pages) == 3:
            act()

    double.before = before


def hasten(client: SyncPrefectClient, name: str, seconds: int) -> None:
    """Let an automation of deployments/automations.yaml act sooner."""
    wanted = {one["name"]: one for one in register.read(register.AUTOMATIONS)}[name]
    wanted["trigger"]["within"] = seconds
    register.automate(client, wanted)


@contextmanager
def own_postgres(folders: pytest.TempPathFactory) -> Iterator[Server]:
    """An embedded server that may be restarted, since nobody else is on it."""
    server = Server(folders.mktemp("restarted"), durable=False)
    try:
        server.start()
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    yield server
    server.remove()


def tables(address: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of LEFT's columns, in order."""
    with database.engine(address).begin() as connection:
        return {
            table: sorted(
                tuple(map(str, row))
                for row in connection.execute(text(f"select {columns} from {table}"))
            )
            for table, columns in LEFT.items()
        }
