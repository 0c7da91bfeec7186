"""Records what a double answers to a connector, and plays it to whoever asks."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.sandbox.server import Act, Answer, Double, Seen
from flows.bench.connectors.reading import opened, read
from flows.bench.connectors.stands import UNTIL, Stand, since

# An answer that is longer holds records; the same one again is a page read twice.
SMALL = 1_000
# What belongs to one connection, and not to what is asked.
OF_THE_LINE = ("host", "content-length", "connection")


@dataclass(frozen=True)
class Tape:
    """Every request of one pull, with the answer to it."""

    requests: list[Seen]
    answers: list[Answer]
    records: int
    job: dict[str, Any]
    """How to open the stream; `url` in it is where the double was."""
    times: int = 1
    """How often it is read in a row: a short one alone would say little."""

    def each_once(self) -> list[tuple[Seen, bytes]]:
        """The calls that a bare loop needs: no token, and no page twice.

        Each with the body of its answer.
        """
        found, seen = [], set()
        for request, answer in zip(self.requests, self.answers, strict=True):
            body = answer.encoded()
            if "token" in request.path or (len(body) > SMALL and body in seen):
                continue
            seen.add(body)
            found.append((request, body))
        return found


@dataclass(frozen=True)
class Run:
    """Wall seconds of the reading alone, and the peak memory in MB of its process."""

    seconds: float
    megabytes: float


class Player(Double):
    """Gives answers one after the other, whatever it is asked."""

    def __init__(self, answers: list[Answer]) -> None:
        super().__init__()
        self._answers = iter(answers)

    def answer(self, request: Seen) -> Answer:
        """The next one."""
        return next(self._answers)

    def hear(self, request: Seen) -> tuple[Act, Answer]:
        """Without keeping what was asked: thousands of pages would add up."""
        return "answer", self.answer(request)


def recorded(stand: Stand, records: int, double: Double, folder: Path) -> Tape:
    """Pull once from the double, and keep all that was said."""
    requests: list[Seen] = []
    answers: list[Answer] = []
    answer = double.answer

    def heard(request: Seen) -> Answer:
        given = answer(request)
        requests.append(request)
        # As text at once: what the double holds may change.
        answers.append(Answer(given.encoded(), given.status, given.headers))
        return given

    settings = stand.settings(double, folder)
    job = {
        "url": double.url,
        "connector": stand.connector,
        "stream": stand.stream,
        "config": {"since": since(records).isoformat()} | settings,
        "until": UNTIL.isoformat(),
    }
    double.answer = heard  # type: ignore[method-assign]
    found = read(opened(job), UNTIL)
    double.answer = answer  # type: ignore[method-assign]
    if not found:
        raise RuntimeError(f"the double of {stand.name} gave no records")
    times = 1 if stand.grows else -(-records // found)
    return Tape(requests, answers, found, job, times)


def played(who: str, tape: Tape, url: str, folder: Path) -> Run:
    """Let a child process read the tape's pages at `url`: `ours` or `bare`.

    Raises:
        RuntimeError: it was not given what the tape holds.
    """
    pages = tape.each_once() if who == "bare" else []
    calls = [_plain(tape, request) for request, _ in pages]
    job = json.dumps(tape.job | {"calls": calls, "times": tape.times})
    file = folder / "job.json"
    file.write_text(job.replace(tape.job["url"], url))
    words = [sys.executable, "-m", "flows.bench.connectors.reading", who, str(file)]
    outcome = subprocess.run(words, check=True, capture_output=True, text=True)
    told = json.loads(outcome.stdout.splitlines()[-1])
    if who == "ours":
        _insist(tape, "records", told["read"], tape.records * tape.times)
    else:
        size = sum(len(body) for _, body in pages) * tape.times
        # The figures of a throttle differ, and now and then their length does.
        _insist(tape, "bytes", told["read"], size, tolerance=size // 100)
    return Run(told["seconds"] / tape.times, told["megabytes"])


def _insist(tape: Tape, what: str, read: int, held: int, tolerance: int = 0) -> None:
    """Refuse what was a run of error messages, which are quick to read."""
    if abs(read - held) > tolerance:
        raise RuntimeError(
            f"{tape.job['connector']} read {read:,} {what} of a tape that holds "
            f"{held:,}"
        )


def _plain(tape: Tape, request: Seen) -> dict[str, Any]:
    """A request as a bare loop sends it: with the same signature, token and headers."""
    kept = {k: v for k, v in request.headers.items() if k not in OF_THE_LINE}
    return {
        "method": request.method,
        "url": tape.job["url"] + request.path,
        "params": dict(request.query),
        "data": request.body.decode(),
        "headers": kept,
    }
