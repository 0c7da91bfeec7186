"""Landing in a process of its own: killed in the middle, and measured."""

import gzip
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tasks.ingest.land import land
from tests.tasks.ingest.test_land import HELD, SAMPLE, UNTIL, one, orders

# All that was staged, in its order.
DIGEST = """
select count(*), count(distinct record_no), min(record_no), max(record_no),
    md5(string_agg(record_no || place || raw::text || quantity, '' order by record_no))
from staging.orders_{}
"""
CHILD = """
import re, sys
from tests.tasks.ingest.test_land import orders, UNTIL
from pathlib import Path
from tasks.database import engine
from tasks.ingest.land import land
land(engine(sys.argv[1]), orders(Path(sys.argv[2]), int(sys.argv[3])), UNTIL,
     lambda progress: print(progress.records, flush=True))
# Not ru_maxrss: that remembers the process which started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def child(database_url: str, path: Path, page: int) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", CHILD, database_url, str(path), str(page)]
    root = Path(__file__).parents[3]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=root)


def kill_while_landing(database_url: str, after_pages: int) -> None:
    """Land in another process, which is killed after some pages."""
    with child(database_url, SAMPLE, 700) as process:
        assert process.stdout is not None
        for _ in range(after_pages):
            assert process.stdout.readline()
        process.kill()


def wait_until_alone(engine: Engine) -> None:
    """Postgres needs a moment to notice that the other process is gone."""
    deadline = time.monotonic() + 30
    while one(engine, HELD)[0]:
        assert time.monotonic() < deadline, "the lock of a dead process stays"


def test_a_killed_landing_goes_on_in_the_middle_of_the_file(
    engine: Engine, database_url: str
) -> None:
    whole = land(engine, orders(SAMPLE), UNTIL)
    wanted = one(engine, DIGEST.format(whole))
    with engine.begin() as connection:
        connection.execute(text("update batch set state = 'loaded'"))
        connection.execute(text("delete from stream_cursor"))
    for kill_at in (1, 6, 14):
        kill_while_landing(database_url, after_pages=kill_at)
        wait_until_alone(engine)
    batch_id = land(engine, orders(SAMPLE), UNTIL)
    (records,) = one(engine, "select records from batch where batch_id = :id", id=whole)
    assert batch_id != whole
    assert one(engine, DIGEST.format(batch_id)) == wanted
    assert wanted[0] == records > 45_000


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_file(database_url: str, tmp_path: Path) -> None:
    header, _, body = gzip.decompress(SAMPLE.read_bytes()).partition(b"\n")
    path = tmp_path / "long.csv"
    path.write_bytes(header + b"\n" + body * 5)
    with child(database_url, path, 10_000) as process:
        assert process.stdout is not None
        *_, records, kilobytes = process.stdout.read().split()
    assert int(records) > 225_000
    assert int(kilobytes) < 150 * 1024
