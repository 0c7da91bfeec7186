"""A figure that misses its goal is said to miss it."""

import json
from pathlib import Path

from flows.bench import figure
from flows.commands import bench


def test_a_ratio_over_the_goal_does_not_hold() -> None:
    assert not figure("corridor", "load", 7.0, 1.0, "COPY", "s", 6)["holds"]
    assert figure("corridor", "load", 5.0, 1.0, "COPY", "s", 6)["holds"]


def test_a_ratio_that_should_be_high_must_reach_its_goal() -> None:
    low = figure("ledger", "claim", 2.0, 1.0, "rows", "1/s", 2.5, "at least")
    assert not low["holds"] and low["goal"] == "at least 2.5"


def test_measuring_one_area_keeps_what_is_known_of_the_others(tmp_path: Path) -> None:
    target = tmp_path / "bench.json"
    old = figure("ledger", "claim", 2.0, 1.0, "rows", "1/s", 1)
    bench.write(target, [old], keep_others=False)
    bench.write(target, [figure("corridor", "x", 1, 1, "y", "s", 1)], keep_others=True)
    known = json.loads(target.read_text())["figures"]
    assert [line["area"] for line in known] == ["corridor", "ledger"]
