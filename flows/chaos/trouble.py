"""Everything that goes wrong while four senders are at work."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from flows.chaos.stage import Stage
from tasks import database
from tasks.database import rows
from tasks.postgres import Server
from tasks.settings import environment

LASTS = 2.0
"""Seconds of a lease here; a sender that is stopped for longer has lost its own."""
PATIENCE = 180.0
EVERY = 0.1
"""Seconds between two troubles, on average."""


class Trouble:
    """Kills `kills` senders while they send, and does worse; then lets them finish."""

    def __init__(
        self,
        stage: Stage,
        server: Server,
        kills: int,
        senders: int,
        prepare: str | None,
        report: Callable[[str], None],
    ) -> None:
        self.kills = 0
        self.cuts = 0
        self.restarts = 0
        self.faults = 0
        self.pauses = 0
        self.senders = senders
        self._stage = stage
        self._server = server
        self._wanted = kills
        self._report = report
        self._random = random.Random()
        self._pids: list[int] = []
        self._paused: dict[int, float] = {}
        self._nursery = self._open_nursery(prepare)

    def run(self) -> None:
        """From the first sender to the last settled message.

        Raises:
            TimeoutError: the senders do not finish.
        """
        try:
            self._pids = [self._bear() for _ in range(self.senders)]
            began = time.monotonic()
            self._last_progress = (began, 0)
            while self.kills < self._wanted and self._pace(time.monotonic() - began):
                time.sleep(self._random.uniform(0.2, 1.8) * EVERY)
                self._something()
            self._stage.slow_down(0)
            self._wake()
            self._finish()
        finally:
            for pid in self._pids:
                _signal(pid, signal.SIGKILL)
            if self._nursery.stdin:
                self._nursery.stdin.close()
            self._nursery.wait()

    def _pace(self, passed: float) -> bool:
        """Slow the double down so that the work outlasts the killing; False: done."""
        left = self._stage.messages - self._stage.taken()
        self._insist_on_progress(left)
        each = (passed + EVERY) / (self.kills + 1)
        span = each * (self._wanted - self.kills) * 1.3
        self._stage.slow_down(min(1.0, span * self.senders / max(1, left)))
        return left > 0

    def _insist_on_progress(self, left: int) -> None:
        """Senders that die before they send anything would go on dying for ever."""
        now = time.monotonic()
        since, before = self._last_progress
        if left != before:
            self._last_progress = (now, left)
        elif now - since > PATIENCE:
            raise TimeoutError(
                f"nothing was sent for {PATIENCE} s, and {left} messages are left: "
                "the senders die or wait; their log says why"
            )

    def _something(self) -> None:
        self._wake()
        self._replace()
        chance = self._random.random()
        if chance < 0.03:
            self.restarts += 1
            self._server.restart(self._random.choice(("fast", "immediate")))
        elif chance < 0.06:
            self.cuts += 1
            self._stage.cut()
            time.sleep(self._random.uniform(0, 0.3))
            self._stage.start()
        elif chance < 0.10:
            self.pauses += 1
            pid = self._random.choice(self._pids)
            if pid not in self._paused and _signal(pid, signal.SIGSTOP):
                self._paused[pid] = time.monotonic() + LASTS + 0.5
        elif chance < 0.20:
            self.faults += 1
            self._stage.fail_somehow(self._random.randrange(1000))
        else:
            self._kill()

    def _kill(self) -> None:
        """Kill a sender in the middle of its work, which its journal shows."""
        at_work = [pid for pid in self._at_work() if pid in self._pids]
        if not at_work:
            return
        pid = self._random.choice(at_work)
        self._pids.remove(pid)
        self._paused.pop(pid, None)
        self.kills += _signal(pid, signal.SIGKILL)
        self._pids.append(self._bear())

    def _at_work(self) -> list[int]:
        """Who has sent what is not settled yet."""
        return [
            int(path.stem.rsplit(".", 2)[1])
            for path, size in self._stage.journals().items()
            if size
        ]

    def _wake(self) -> None:
        """Let those go on whose leases have run out meanwhile."""
        for pid, until in list(self._paused.items()):
            if time.monotonic() > until:
                _signal(pid, signal.SIGCONT)
                del self._paused[pid]

    def _replace(self) -> None:
        """A supervisor's work: whoever is gone is started anew."""
        self._pids = [pid if _signal(pid, 0) else self._bear() for pid in self._pids]

    def _finish(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while (left := self._unsettled()) or self._paused:
            self._wake()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{left} orders are still open after {PATIENCE} s")
            self._replace()
            time.sleep(0.1)
        for pid in self._pids:
            _signal(pid, signal.SIGTERM)
        while any(_signal(pid, 0) for pid in self._pids):
            if time.monotonic() > deadline:
                raise TimeoutError("the senders do not stop when told to")
            time.sleep(0.02)

    def _unsettled(self) -> int:
        try:
            with database.transaction(self._stage.url) as connection:
                return int(rows(connection, "chaos/unsettled")[0]["orders"])
        except DBAPIError:
            return 1

    def _open_nursery(self, prepare: str | None) -> "subprocess.Popen[str]":
        told = environment(
            DATABASE_URL=self._stage.url,
            REGULARS_HOME=str(self._stage.home),
            REGULARS_CAMPAIGNS=str(self._stage.home / "campaigns"),
            REGULARS_CHANNELS_FILE=str(self._stage.channels_file()),
        )
        return subprocess.Popen(
            [sys.executable, "-m", "flows.chaos.nursery", prepare or "-", str(LASTS)],
            env=told,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _bear(self) -> int:
        assert self._nursery.stdin and self._nursery.stdout
        self._nursery.stdin.write("one\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())


def _signal(pid: int, number: int) -> bool:
    """Send a signal to one of our senders; False when it is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
