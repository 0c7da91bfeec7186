"""Prefect on this machine: a server on Postgres and a worker, on loopback only."""

import socket
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import requests
import sqlalchemy
from dotenv import dotenv_values

from flows.processes import Process
from tasks import database
from tasks.settings import Settings, environment

ROOT = Path(__file__).parent.parent
POOL = "regulars"

# What Prefect's driver understands of the options in a libpq URL.
PASSED_ON = {"host": "host", "port": "port", "sslmode": "ssl"}


class NotStarted(RuntimeError):
    """The server does not answer: the message says where to look."""


@dataclass(frozen=True)
class Prefect:
    """Server and worker whose files live below `folder`.

    `database` is a libpq URL; needed to start the server, not to stop it.
    """

    folder: Path
    port: int
    database: str = "postgresql://"

    @property
    def ui(self) -> str:
        """The address to open in a browser."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """The address for clients: PREFECT_API_URL."""
        return f"{self.ui}/api"

    @property
    def server(self) -> Process:
        """The server in the background."""
        return self._process("prefect-server")

    @property
    def worker(self) -> Process:
        """The worker in the background, which starts a process for each flow run."""
        return self._process("prefect-worker")

    def environment(self, **changes: str) -> dict[str, str]:
        """What server, worker and clients need: deployments/prefect.env and addresses.

        PREFECT_HOME is a folder of ours, so that no profile of the user meddles.
        """
        shared = {k: v or "" for k, v in dotenv_values(settings_file()).items()}
        places = {
            "PREFECT_HOME": str(self.folder.resolve()),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": for_asyncpg(self.database),
            # Prefect's worker keeps files in <temporary folder>/runner_storage, which
            # belongs to the first user of the machine who ever started one.
            "TMPDIR": str(self._temporary()),
        }
        return environment(**shared | places | changes)

    def start_server(self, patience: float = 60) -> bool:
        """Start the server and wait until it answers; False: it ran already.

        Raises:
            NotStarted: somebody else has the port, or the server ended or is silent.
        """
        if not self.server.is_running() and _is_taken(self.port):
            raise NotStarted(
                f"port {self.port} is taken by another program: stop that one, or set "
                "REGULARS_PREFECT_PORT to a free port"
            )
        place = ["--host", "127.0.0.1", "--port", str(self.port)]
        started = self.server.start(
            [sys.executable, "-m", "prefect", "server", "start", *place],
            self.environment(),
        )
        self._wait(patience)
        return started

    def start_worker(self, **changes: str) -> bool:
        """Start the worker; False: it ran already."""
        kind = ["--pool", POOL, "--type", "process", "--name", "this-machine"]
        return self.worker.start(
            [sys.executable, "-m", "prefect", "worker", "start", *kind],
            self.environment(**changes),
        )

    def stop(self, patience: float = 15) -> bool:
        """Stop the worker, then the server, by force if need be; False: neither ran."""
        _finish_telling()
        stopped = [self.worker.stop(patience), self.server.stop(patience)]
        return any(stopped)

    def is_healthy(self) -> bool:
        """Whether the server answers."""
        try:
            return requests.get(f"{self.api}/health", timeout=2).ok
        except requests.RequestException:
            return False

    def _wait(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not self.is_healthy():
            if not self.server.is_running() or time.monotonic() > deadline:
                raise NotStarted(
                    f"the Prefect server does not answer at {self.api}; the end of "
                    f"{self.server.log}:\n{self.server.last_words()}"
                )
            time.sleep(0.2)

    def _temporary(self) -> Path:
        folder = (self.folder / "tmp").resolve()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _process(self, name: str) -> Process:
        log = self.folder.parent / "log" / f"{name}.log"
        return Process(name, self.folder / f"{name}.lock", log)


def at_home(of: Settings) -> Prefect:
    """The Prefect of this installation, to be looked at or stopped."""
    return Prefect(of.home / "prefect", of.prefect_port)


def installed(of: Settings) -> Prefect:
    """The Prefect of this installation, to be started; creates its database.

    Raises:
        NotStarted: the database is missing and cannot be created.
    """
    chosen = of.prefect_database_url
    address = chosen.get_secret_value() if chosen else _own_database(of)
    return replace(at_home(of), database=address)


def settings_file() -> Path:
    """Prefect's settings that hold everywhere: here, in containers and in tests."""
    return ROOT / "deployments" / "prefect.env"


def for_asyncpg(address: str) -> str:
    """A libpq URL as Prefect's server wants it: driver named, options translated."""
    url = sqlalchemy.make_url("postgresql://" + address.partition("://")[2])
    options = {PASSED_ON[k]: v for k, v in url.query.items() if k in PASSED_ON}
    named = url.set(drivername="postgresql+asyncpg", query=options)
    return named.render_as_string(hide_password=False)


def _own_database(of: Settings) -> str:
    address = database.url(of)
    name = f"{sqlalchemy.make_url(address).database}_prefect"
    try:
        return database.beside(address, name)
    except sqlalchemy.exc.DBAPIError as error:
        raise NotStarted(
            f'the Prefect server needs a database of its own and creating "{name}" '
            f"failed: {str(error.orig).strip()}. Create it, or set "
            "REGULARS_PREFECT_DATABASE_URL to one that is there"
        ) from error


def _finish_telling() -> None:
    """Let flows that ran in this very process say their last.

    Otherwise its end waits for a server that is gone, for many seconds.
    """
    if "prefect.events.worker" in sys.modules:
        from flows import story

        story.flush()


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
