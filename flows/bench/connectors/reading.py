"""A child that reads pages: as a connector, or as a bare loop of requests."""

import json
import sys
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import requests

from connectors.base import Stream
from flows.bench.corridor import peak_megabytes
from tasks.garbage import collect_rarely


def opened(job: dict[str, Any]) -> Stream:
    """The stream of a job, as a source would have it."""
    module = import_module(f"connectors.{job['connector']}")
    config = module.Config.model_validate(job["config"])
    found: list[Stream] = module.streams("bench", config)
    return next(one for one in found if one.name == job["stream"])


def read(stream: Stream, until: datetime) -> int:
    """Pull, and make of each record all that landing wants; how many there were."""
    collect_rarely()
    records = 0
    for page in stream.pull(None, until):
        for record in page.records:
            records += 1
            stream.raw(record)
            for _ in stream.rows(record):
                pass
    return records


def bare(calls: list[dict[str, Any]]) -> int:
    """What anybody would write who wanted the pages; how many bytes they were."""
    size = 0
    with requests.Session() as session:
        for call in calls:
            response = session.request(timeout=60, **call)
            response.json()
            size += len(response.content)
    return size


def main() -> None:
    """Do one job, and tell how long it took."""
    who, file = sys.argv[1:]
    job = json.loads(Path(file).read_text())
    calls = job.pop("calls")
    if who == "ours":
        del calls
        stream = opened(job)
        begun = time.perf_counter()
        until = datetime.fromisoformat(job["until"])
        found = sum(read(stream, until) for _ in range(job["times"]))
    else:
        begun = time.perf_counter()
        found = bare(calls * job["times"])
    seconds = time.perf_counter() - begun
    told = {"read": found, "seconds": seconds, "megabytes": peak_megabytes()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
