"""A worker's own notes: what may have left, and what the provider said.

One file per lease below `home/journal`, appended with one write per message and never
synced: it has to survive the death of the process, not of the machine. Its lock tells
whether its writer lives, its name of which boot of the machine it is: notes from before
a reboot may have gaps, so there silence proves nothing.
"""

import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tasks.channels.base import Message, Outcome, Result

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
Said = tuple[Outcome, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Notes:
    """What a journal tells: (touch_id, number) -> what came back, None if nothing."""

    worker: str
    is_complete: bool
    """What is not noted did surely not leave."""
    left: dict[tuple[int, int], Said | None] = field(default_factory=dict)


class Journal:
    """The journal of one living lease."""

    def __init__(self, folder: Path, worker: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{worker}.log"
        fresh = folder / f"{worker}.new"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._file = os.open(fresh, flags, 0o600)
        # Locked before it gets its name: nobody may take it for an orphan's.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        fresh.rename(self._path)
        self._away: set[int] = set()
        self._said: list[Result] = []

    def left(self, *messages: Message) -> None:
        """Note that these may be on the wire from now on, and what came back before."""
        lines = [_answer(result) for result in self._said]
        lines += [f"> {one.touch_id} {one.number}\n" for one in messages]
        os.write(self._file, "".join(lines).encode())
        self._said.clear()
        self._away.update([one.touch_id for one in messages])

    def came_back(self, result: Result) -> None:
        """Remember what the provider said of a message that had left.

        It is written with the next message that leaves: who dies before has one
        answer unwritten at most, that of the last call.
        """
        self._said.append(result)
        self._away.discard(result.message.touch_id)

    def is_away(self, message: Message) -> bool:
        """Whether it may have left, and nothing came back."""
        return message.touch_id in self._away

    def settled(self) -> None:
        """All that came back is in the ledger now."""
        self._said.clear()
        if not self._away:
            os.ftruncate(self._file, 0)

    def close(self, is_settled: bool) -> None:
        """Let go; an unsettled journal stays, for whoever recovers it."""
        if is_settled:
            self._path.unlink(missing_ok=True)
        elif self._said:
            os.write(self._file, "".join(map(_answer, self._said)).encode())
        os.close(self._file)


def _answer(result: Result) -> str:
    one = result.message
    said = f"{result.outcome.value}\t{result.reason or ''}\t{result.provider_id or ''}"
    if "\n" in said or "\r" in said:
        said = " ".join(said.splitlines())
    return f"< {one.touch_id} {one.number} {said}\n"


def worker_name() -> str:
    """A name that no other worker ever had: host, boot, process and chance."""
    return f"{socket.gethostname()}.{_boot()}.{os.getpid()}.{secrets.token_hex(6)}"


def orphans(folder: Path) -> Iterator[tuple[Notes, Path]]:
    """The journals of this host whose writers are dead, locked while looked at."""
    for path in sorted(folder.glob(f"{socket.gethostname()}.*.log")):
        try:
            opened = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():
                yield _read(path), path
        except BlockingIOError:
            continue
        finally:
            os.close(opened)


def _read(path: Path) -> Notes:
    boot = path.stem.rsplit(".", 3)[1]
    notes = Notes(path.stem, is_complete=boot == _boot() != "unknown")
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        # The last line of a killed writer may be cut; it then tells nothing.
        if line.endswith("\n"):
            _take(notes, line.rstrip("\n"))
    return notes


def _take(notes: Notes, line: str) -> None:
    sign, touch_id, number, *rest = line.split(" ", 3)
    key = (int(touch_id), int(number))
    if sign == ">":
        notes.left.setdefault(key, None)
        return
    outcome, reason, provider_id = rest[0].split("\t")
    notes.left[key] = (Outcome(outcome), reason or None, provider_id or None)


@cache
def _boot() -> str:
    """The first letters of this boot's id, where the system has one."""
    try:
        return BOOT_ID.read_text(encoding="ascii")[:8]
    except OSError:
        return "unknown"
