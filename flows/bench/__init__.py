"""How fast, against what: one file per area, each measured beside a plain rival."""

from typing import Literal, TypedDict


class Figure(TypedDict):
    """One line of `var/bench.json`; `ratio` is ours / beside."""

    area: str
    name: str
    ours: float
    beside: float
    what_beside: str
    unit: str
    ratio: float
    goal: str
    holds: bool


def figure(
    area: str,
    name: str,
    ours: float,
    beside: float,
    what_beside: str,
    unit: str,
    goal: float,
    direction: Literal["at most", "at least"] = "at most",
) -> Figure:
    """A figure whose ratio must be `direction` `goal` for it to hold."""
    ratio = ours / beside
    holds = ratio <= goal if direction == "at most" else ratio >= goal
    return Figure(
        area=area,
        name=name,
        ours=round(ours, 3),
        beside=round(beside, 3),
        what_beside=what_beside,
        unit=unit,
        ratio=round(ratio, 3),
        goal=f"{direction} {goal:g}",
        holds=holds,
    )
