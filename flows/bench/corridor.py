"""From file to final tables, beside a bare COPY and one INSERT … ON CONFLICT."""

import csv
import gzip
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg2

from flows.bench import Figure, figure

LINES = 500_000
SAMPLE = Path("connectors/sandbox/shop/online_retail_sample.csv.gz")
MAPPING = "uci_online_retail"

# What anybody would write who only wanted the rows in a table with a key.
BARE = """
create table bare_lines (
    line_no bigint generated always as identity,
    invoice text, stock_code text, description text, quantity integer,
    invoiced_at timestamp, unit_price numeric, customer text, country text
);
copy bare_lines (invoice, stock_code, description, quantity, invoiced_at,
    unit_price, customer, country) from stdin with (format csv, header);
"""
BARE_UPSERT = """
create table bare_final (like bare_lines, primary key (invoice, line_no));
insert into bare_final select * from bare_lines
on conflict (invoice, line_no) do update set quantity = excluded.quantity
"""


@dataclass(frozen=True)
class Run:
    """Wall seconds and the peak memory in MB of one child process."""

    seconds: float
    megabytes: float


def figures(address: str) -> list[Figure]:
    """Time and memory of the corridor for half a million real order lines."""
    with tempfile.TemporaryDirectory() as folder:
        half, whole = Path(folder) / "half.csv", Path(folder) / "whole.csv"
        write_lines(half, LINES // 2)
        write_lines(whole, LINES)
        bare = child("bare", address, whole)
        first = child("corridor", address, whole)
        again = child("corridor", address, whole)
        touched = child("corridor", address, rewritten(whole))
        smaller = child("corridor", address, half)
    copy = "COPY and one INSERT … ON CONFLICT of the same file"
    return [
        _figure("500,000 lines, file to tables", first, bare, copy, 6),
        _figure("second run, same file", again, first, "the first run", 0.33),
        _figure("same rows in a new file", touched, first, "the first run", 1),
        figure(
            "corridor",
            "peak memory, 500,000 lines",
            first.megabytes,
            400,
            "the limit",
            "MB",
            1,
        ),
        figure(
            "corridor",
            "peak memory does not grow with the file",
            first.megabytes,
            smaller.megabytes,
            "half the lines",
            "MB",
            1.1,
        ),
    ]


def _figure(name: str, ours: Run, beside: Run, what: str, goal: float) -> Figure:
    return figure("corridor", name, ours.seconds, beside.seconds, what, "s", goal)


def write_lines(target: Path, count: int) -> None:
    """Write `count` order lines: the shipped sample again and again, renumbered."""
    with target.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        for number, line in enumerate(_lines(count)):
            writer.writerow(line)
            if number >= count:
                return


def _lines(count: int) -> Iterator[list[str]]:
    with gzip.open(SAMPLE, "rt", encoding="utf-8", newline="") as opened:
        header, *lines = csv.reader(opened)
    yield header
    for round_number in range(count // len(lines) + 1):
        for invoice, *rest in lines:
            # A credit note's leading C stays in front, since it decides the stream.
            yield [f"{invoice}{round_number:02}", *rest]


def rewritten(file: Path) -> Path:
    """The same rows in another order of bytes: quoted cells, so the digest differs."""
    target = file.with_name("rewritten.csv")
    with file.open(newline="") as source, target.open("w", newline="") as opened:
        csv.writer(opened, quoting=csv.QUOTE_ALL).writerows(csv.reader(source))
    return target


def child(job: str, address: str, file: Path) -> Run:
    """Run one job in a process of its own, as whole as an operator would start it."""
    words = [sys.executable, "-m", "flows.bench.corridor", job, address, str(file)]
    started = time.perf_counter()
    outcome = subprocess.run(words, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    return Run(seconds, float(outcome.stdout.split()[-1]))


def bare(address: str, file: Path) -> None:
    """The rival: everything that is not needed left out."""
    create, copy = BARE.split(";\n")[:2]
    with psycopg2.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists bare_lines, bare_final")
        cursor.execute(create)
        with file.open() as opened:
            cursor.copy_expert(copy, opened)
        cursor.execute(BARE_UPSERT)


def corridor(address: str, file: Path) -> None:
    """Ours: land, validate and load each stream of the file."""
    from connectors import files
    from tasks import database
    from tasks.ingest.land import land
    from tasks.ingest.load import load
    from tasks.ingest.validate import validate

    engine = database.engine(address)
    feed = {"path": str(file), "mapping": MAPPING, "settle_seconds": 0}
    config = files.Config.model_validate({"feeds": [feed]})
    for stream in files.streams("bench", config):
        batch_id = land(engine, stream, until=datetime.now(UTC))
        validate(engine, batch_id, docs=None)
        load(engine, batch_id)


def peak_megabytes() -> float:
    """The most memory this process ever held; Linux alone tells it exactly.

    `ru_maxrss` of a child begins at what its parent held when it was forked.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    {"bare": bare, "corridor": corridor}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    print(peak_megabytes())
