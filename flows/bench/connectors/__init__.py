"""Each connector beside a bare loop of requests over the same pages of its double.

Then alone, with the double's answers played from memory: how many records a second it
can make rows of at most, and whether its memory grows with the history.
"""

import tempfile
from pathlib import Path

from flows.bench import Figure, figure
from flows.bench.connectors.player import Player, Run, Tape, played, recorded
from flows.bench.connectors.stands import STANDS, Stand

RECORDS = 6_000
ROUNDS = 5
# No platform gives anybody more a second than this.
FAST_ENOUGH = 4_000


def figures(address: str, records: int = RECORDS) -> list[Figure]:
    """Speed and memory of each connector's busiest stream; no database is needed."""
    return [line for stand in STANDS for line in of_one(stand, records * stand.fold)]


def of_one(stand: Stand, records: int) -> list[Figure]:
    """The figures of one connector."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with stand.opened(records) as double:
            tape = recorded(stand, records, double, folder)
            # In turns, so that a busy machine slows both.
            pairs = [
                (
                    played("ours", tape, double.url, folder),
                    played("bare", tape, double.url, folder),
                )
                for _ in range(ROUNDS)
            ]
        alone = from_memory(tape, folder)
        found = [_beside_bare(stand, tape, pairs), _alone(stand, tape, alone)]
        if stand.grows:
            with stand.opened(records * 2) as double:
                longer = recorded(stand, records * 2, double, folder)
            grown = from_memory(longer, folder)
            found.append(_memory(stand, tape, longer, alone, grown))
    return found


def from_memory(tape: Tape, folder: Path) -> Run:
    """Our connector, with answers that cost nothing; the fastest of some runs."""
    runs = []
    for _ in range(ROUNDS):
        with Player(tape.answers * tape.times) as player:
            runs.append(played("ours", tape, player.url, folder))
    return min(runs, key=lambda run: run.seconds)


def _beside_bare(stand: Stand, tape: Tape, pairs: list[tuple[Run, Run]]) -> Figure:
    return figure(
        "connectors",
        f"{stand.name}, {tape.records:,} records in {len(tape.requests):,} calls",
        tape.records / min(ours.seconds for ours, _ in pairs),
        tape.records / min(bare.seconds for _, bare in pairs),
        "requests and .json(), each page once",
        "1/s",
        0.7,
        "at least",
    )


def _alone(stand: Stand, tape: Tape, alone: Run) -> Figure:
    return figure(
        "connectors",
        f"{stand.name}, pages from memory",
        tape.records / alone.seconds,
        FAST_ENOUGH,
        "the limit",
        "1/s",
        1,
        "at least",
    )


def _memory(stand: Stand, tape: Tape, longer: Tape, before: Run, grown: Run) -> Figure:
    return figure(
        "connectors",
        f"{stand.name}, peak memory of {longer.records:,} records",
        grown.megabytes,
        before.megabytes,
        f"of {tape.records:,}",
        "MB",
        1.1,
    )
