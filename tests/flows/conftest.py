"""A real Prefect server on Postgres, and a real worker, once for a whole session."""

import socket
import uuid
from collections.abc import Iterator

import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)

from flows.prefect_server import Prefect
from flows.register import register
from tasks import database


@pytest.fixture(scope="session")
def prefect(
    server_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    plain_environment: None,
) -> Iterator[Prefect]:
    """A server that runs, with a database of its own."""
    name = f"prefect_{uuid.uuid4().hex[:8]}"
    folder = tmp_path_factory.mktemp("prefect") / "prefect"
    with database.scratch(name, server_url) as address:
        started = Prefect(folder, free_port(), address)
        started.start_server()
        yield started
        started.stop(patience=1)


@pytest.fixture
def client(prefect: Prefect) -> Iterator[SyncPrefectClient]:
    """A client of the server; flows called in this process run there too."""
    settings = {
        PREFECT_API_URL: prefect.api,
        PREFECT_HOME: prefect.folder,
        PREFECT_LOGGING_TO_API_ENABLED: False,
        # Ending its thread costs each run here a second.
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
    }
    with temporary_settings(settings), get_client(sync_client=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def registered(prefect: Prefect) -> Prefect:
    """The server with every deployment and automation."""
    register(prefect.environment())
    return prefect


@pytest.fixture(scope="session")
def worker(registered: Prefect) -> Prefect:
    """The same, and a worker."""
    registered.start_worker(PREFECT_WORKER_QUERY_SECONDS="1")
    return registered


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
