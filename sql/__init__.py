"""What the numbers mean: every statement of the project, read by name."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable


def folder(*parts: str) -> Traversable:
    """The folder or file at `parts` below this room, wherever the package is."""
    place: Traversable = files(__package__)
    for part in parts:
        place = place / part
    return place


@cache
def query(name: str) -> str:
    """The text of `sql/<name>.sql`; raises FileNotFoundError that names the path."""
    return folder(*f"{name}.sql".split("/")).read_text(encoding="utf-8")
