"""What a run tells on-call: its artifact, its last state, in plain words."""

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.states import Completed


def tell(key: str, title: str, *parts: str) -> None:
    """Show `parts` (markdown) under the run's Artifacts tab; newest per `key`."""
    markdown = "\n\n".join(part for part in parts if part)
    create_markdown_artifact(markdown, key=slug(key), description=title)


def ended(name: str, message: str = "", result: Any = None) -> State[Any]:
    """A good end whose `name` is shown in every list of runs."""
    return Completed(name=name, message=message or name, data=result)


class Seldom:
    """Says every half a minute that a log is due, of work that takes long."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def is_due(self) -> bool:
        """Whether half a minute has passed since the last time it was."""
        is_due = time.monotonic() - self._told_at > 30
        if is_due:
            self._told_at = time.monotonic()
        return is_due


def flush() -> None:
    """Send what this process has still to tell Prefect: logs and events."""
    for service in (APILogWorker, EventsWorker):
        service.drain_all(timeout=5)


def slug(text: str) -> str:
    """`text` as an artifact's key: lower-case letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A markdown table, numbers with thousands separators; nothing for no rows."""
    filled = [[_cell(value) for value in row] for row in rows]
    if not filled:
        return ""
    lines = [list(columns), ["---"] + ["---:"] * (len(columns) - 1), *filled]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def counted(counts: Mapping[str, int]) -> str:
    """`{"planned": 12, "skipped": 3}` as `12 planned, 3 skipped`, largest first."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{number:,} {name}" for name, number in ordered if number)


def cause(error: BaseException) -> str:
    """An error in one line: its kind and what it says."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def command(line: str, why: str) -> str:
    """A command to copy, with what it is good for."""
    return f"{why}\n\n```\nregulars {line}\n```"


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return str(value).replace("|", "\\|").replace("\n", " ")
