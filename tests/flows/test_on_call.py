"""On call: what fails says why, Retry ends right, and nothing is doubled."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.states import AwaitingRetry
from sqlalchemy import text

from connectors.sandbox.youzan import YouzanDouble
from tasks import database, land, load, sources, validate
from tasks.postgres import PostgresMissing, Server
from tests.flows.conftest import hasten
from tests.flows.small_shop import AS_OF, SmallShop, small_shop

# What a load leaves, without numbers and times that differ from run to run.
LEFT = {
    "orders": "source, order_number, status, ordered_at, updated_at, amount",
    "order_lines": "line_key, product_id, quantity, unit_price, amount",
    "refunds": "source, refund_number, order_number, status, updated_at",
    "identifiers": "kind, scope, value",
}
Rows = dict[str, list[tuple[str, ...]]]

pytestmark = pytest.mark.usefixtures("worker")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SmallShop]:
    """A shop of which orders and refunds are read."""
    with small_shop(tmp_path, "orders", "refunds") as shop:
        yield shop


@pytest.fixture(scope="module")
def undisturbed(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """What an ingest that nothing disturbs leaves in the tables."""
    home = tmp_path_factory.mktemp("undisturbed")
    with (
        database.scratch(f"undisturbed_{os.getpid()}", server_url) as address,
        small_shop(home, "orders", "refunds"),
    ):
        engine = database.engine(address)
        for stream in sources.find("youzan_main", home / "sources.yaml").streams:
            batch_id = land.land(engine, stream, AS_OF)
            validate.validate(engine, batch_id)
            load.load(engine, batch_id)
        left = tables(address)
    assert len(left["orders"]) == 20 and left["refunds"]
    return left


@dataclass
class Run:
    """A run of a deployment, as on-call sees it."""

    client: SyncPrefectClient
    run: FlowRun

    @classmethod
    def of(
        cls,
        client: SyncPrefectClient,
        shop: SmallShop,
        address: str,
        deployment: str = "ingest/source",
        **parameters: Any,
    ) -> "Run":
        """Begin it as the UI's Custom run does."""
        environment = shop.environment | {
            "DATABASE_URL": address,
            "PREFECT_TASKS_DEFAULT_RETRIES": "0",
        }
        started = run_deployment(
            deployment,
            parameters=parameters or {"source": "youzan_main", "until": AS_OF},
            job_variables={"env": environment},
            timeout=0,
        )
        return cls(client, started)

    def until(self, state: str, attempt: int = 1) -> State[Any]:
        """Wait until that attempt is in a state of that name or type."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            now = self.client.read_flow_run(self.run.id)
            if now.run_count >= attempt and now.state:
                if state in (now.state.name, now.state.type.value):
                    return now.state
                assert not now.state.is_final(), [now.state.message, *self.logs()]
            time.sleep(0.2)
        raise AssertionError(f"attempt {attempt} is still {now.state_name}")

    def retry(self) -> None:
        """What the UI's Retry button does."""
        self.client.set_flow_run_state(self.run.id, AwaitingRetry(), force=True)

    def kill(self) -> None:
        """The process is gone, as when the machine runs out of memory."""
        place = str(self.client.read_flow_run(self.run.id).infrastructure_pid)
        os.kill(int(place.rpartition(":")[2]), signal.SIGKILL)

    def until_logged(self, line: str) -> None:
        """Wait until the Logs tab shows it: the process sends its logs in batches."""
        deadline = time.monotonic() + 30
        while line not in (logs := self.logs()):
            assert time.monotonic() < deadline, logs
            time.sleep(0.2)

    def logs(self) -> list[str]:
        """What the run's Logs tab shows."""
        of_run = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[self.run.id]))
        return [entry.message for entry in self.client.read_logs(of_run)]


def test_a_failed_source_says_why_and_retry_ends_right(
    client: SyncPrefectClient, shop: SmallShop, database_url: str, undisturbed: Rows
) -> None:
    shop.youzan.fail_with(
        {}, 500, times=99, path="trades.sold.get", after=2, Retry_After="600"
    )
    run = Run.of(client, shop, database_url)
    why = str(run.until("Failed").message)
    assert "youzan_main: 1 of 2 streams failed. orders: " in why
    assert "HTTP 500" in why

    shop.youzan.faults.clear()
    run.retry()
    run.until("COMPLETED", attempt=2)
    assert tables(database_url) == undisturbed
    # What our own modules log reaches the UI.
    run.until_logged("youzan_main/orders: 20 of 20 loaded")


def test_an_ingest_outlives_a_restart_of_postgres(
    client: SyncPrefectClient,
    shop: SmallShop,
    undisturbed: Rows,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with own_postgres(tmp_path_factory) as server:
        address = server.url("postgres")
        database.migrate(address)
        in_the_middle(shop.youzan, lambda: server.restart("immediate"))
        run = Run.of(client, shop, address)
        why = str(run.until("Failed").message)
        assert "1 of 2 streams failed. orders: " in why and "server" in why

        run.retry()
        run.until("COMPLETED", attempt=2)
        assert tables(address) == undisturbed


def test_a_killed_run_is_continued_by_itself(
    client: SyncPrefectClient, shop: SmallShop, database_url: str, undisturbed: Rows
) -> None:
    hasten(client, "crashed")
    in_the_middle(shop.youzan, lambda: run.kill())
    run = Run.of(client, shop, database_url)
    run.until("Crashed")
    run.until("COMPLETED", attempt=2)
    assert tables(database_url) == undisturbed


def in_the_middle(double: YouzanDouble, act: Callable[[], object]) -> None:
    """Do it once, when the third page of orders is asked for."""
    pages = iter(range(1, 1_000))

    def before(name: str, body: dict[str, Any]) -> None:
        if name == "youzan.trades.sold.get" and next(pages) == 3:
            act()

    double.before = before


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


def tables(address: str) -> Rows:
    """The rows of LEFT's columns, in order."""
    with database.engine(address).begin() as connection:
        return {
            table: sorted(
                tuple(map(str, row))
                for row in connection.execute(text(f"select {columns} from {table}"))
            )
            for table, columns in LEFT.items()
        }
