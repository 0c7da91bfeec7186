"""On call: what fails says why, Retry ends right, and nothing is doubled."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from sqlalchemy import text

from connectors.sandbox.youzan import YouzanDouble
from tasks import database, sources
from tasks.ingest import land, load, validate
from tasks.postgres import PostgresMissing, Server
from tests.flows.runs import Run, hasten
from tests.flows.small_shop import AS_OF, SmallShop, small_shop

# What a load leaves, without numbers and times that differ from run to run.
LEFT = {
    "orders": "source, order_number, status, ordered_at, updated_at, amount",
    "order_lines": "line_key, product_id, quantity, unit_price, amount",
    "refunds": "source, refund_number, order_number, status, updated_at",
    "identifiers": "kind, scope, value",
}
Rows = dict[str, list[tuple[str, ...]]]
Start = Callable[[str], Run]

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


@pytest.fixture
def start(client: SyncPrefectClient, shop: SmallShop) -> Start:
    """Begins an ingest of the shop into the database at an address."""
    what = {"source": "youzan_main", "until": AS_OF}
    return lambda address: Run.of(client, "ingest/source", shop, address, **what)


def test_a_failed_source_says_why_and_retry_ends_right(
    start: Start, shop: SmallShop, database_url: str, undisturbed: Rows
) -> None:
    shop.youzan.fail_with(
        {}, 500, times=99, path="trades.sold.get", after=2, Retry_After="600"
    )
    run = start(database_url)
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
    start: Start,
    shop: SmallShop,
    undisturbed: Rows,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with own_postgres(tmp_path_factory) as server:
        address = server.url("postgres")
        database.migrate(address)
        in_the_middle(shop.youzan, lambda: server.restart("immediate"))
        run = start(address)
        why = str(run.until("Failed").message)
        assert "1 of 2 streams failed. orders: " in why and "server" in why

        run.retry()
        run.until("COMPLETED", attempt=2)
        assert tables(address) == undisturbed


def test_a_killed_run_is_continued_by_itself(
    client: SyncPrefectClient,
    start: Start,
    shop: SmallShop,
    database_url: str,
    undisturbed: Rows,
) -> None:
    hasten(client, "crashed")
    in_the_middle(shop.youzan, lambda: run.kill())
    run = start(database_url)
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
    try:
        yield server
    finally:
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
