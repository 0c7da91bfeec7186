"""Programs in the background: started once, found again, stopped for certain."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Process:
    """One program; it holds the lock on `lock` for as long as it lives.

    A number in a file may belong to somebody else after a reboot; a lock cannot.
    """

    name: str
    lock: Path
    log: Path

    def is_running(self) -> bool:
        """Whether the program lives, whoever started it."""
        with self._opened() as file:
            return not _locked(file)

    def start(self, words: Sequence[str], environment: dict[str, str]) -> bool:
        """Start the program unless it runs; returns whether it was started now."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self._opened() as file, self.log.open("a") as log:
            if not _locked(file):
                return False
            child = subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[file.fileno()],
            )
            file.truncate(0)
            file.write(str(child.pid))
        return True

    def stop(self, patience: float = 15) -> bool:
        """End the program, by force after `patience` seconds; False: none ran."""
        if not self.is_running():
            return False
        pid = int(self.lock.read_text())
        os.kill(pid, signal.SIGTERM)
        if not self._ended(patience):
            os.killpg(pid, signal.SIGKILL)
            self._ended(patience)
        return True

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for an error message."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _ended(self, patience: float) -> bool:
        deadline = time.monotonic() + patience
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    @contextmanager
    def _opened(self) -> Iterator[IO[str]]:
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with self.lock.open("a+") as file:
            yield file


def _locked(file: IO[str]) -> bool:
    """Take the lock, which ends when the last process with this file closes it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
