"""Finds and reads a mapping file: strictly, and every error with its line."""

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from connectors.base import SourceRefused
from connectors.files.mapping import FileMapping
from connectors.files.names import closest


def load(name: str) -> FileMapping:
    """The mapping `connectors/mappings/<name>.yaml`, or the file at a path `….yaml`.

    Raises:
        SourceRefused: no such file, or every error in it with its line.
    """
    place = _place(name)
    try:
        text = place.read_text(encoding="utf-8")
    except OSError as error:
        raise SourceRefused(f"mapping '{name}': {error.strerror}") from None
    return parse(text, place.name if isinstance(place, Path) else str(place))


def parse(text: str, name: str) -> FileMapping:
    """The mapping that `text` says; `name` is what errors call it."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise SourceRefused(f"{name}: holds no keys; see connectors/mappings")
        _refuse_doubles(node, name)
        return FileMapping.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SourceRefused(f"{name}:{line}: {error.problem}") from None
    except ValidationError as error:
        assert node is not None
        found = [_message(entry, node, name) for entry in error.errors()]
        raise SourceRefused("\n".join(dict.fromkeys(found))) from None


def shipped() -> list[str]:
    """The names of the mappings that come with the project."""
    names = (entry.name for entry in _folder().iterdir())
    return sorted(name[:-5] for name in names if name.endswith(".yaml"))


def _folder() -> Traversable:
    return files("connectors") / "mappings"


def _place(name: str) -> Traversable | Path:
    if name.endswith((".yaml", ".yml")):
        return Path(name)
    if name not in shipped():
        raise SourceRefused(
            f"there is no mapping '{name}'{closest(name, shipped())}; "
            "or give the path of a file that ends in .yaml"
        )
    return _folder() / f"{name}.yaml"


def _message(entry: Any, node: yaml.Node, name: str) -> str:
    # Pydantic names the type it tried where a value may have several.
    keys = [part for part in entry["loc"] if part != "[key]"]
    line, depth = _line(node, keys)
    path = ".".join(str(part) for part in keys[:depth]) or "the mapping"
    reason = entry["msg"].removeprefix("Value error, ")
    if entry["type"] == "extra_forbidden":
        path, reason = ".".join(map(str, keys)), "is no key of a mapping"
    value = entry["input"]
    shown = f" '{value}'" if isinstance(value, str | int | bool) else ""
    return f"{name}:{line}: {path}{shown}: {reason}"


def _line(node: yaml.Node, keys: Sequence[str | int]) -> tuple[int, int]:
    """The line of the deepest of `keys` that is there, and how deep that was."""
    line, depth = 1, 0
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
        elif isinstance(node, yaml.MappingNode):
            entry = next((e for e in node.value if e[0].value == str(key)), None)
            if entry is None:
                break
            line, node = entry[0].start_mark.line + 1, entry[1]
        else:
            break
        depth += 1
    return line, depth


def _refuse_doubles(node: yaml.Node | None, name: str) -> None:
    """YAML itself would silently take the last of two equal keys."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_doubles(item, name)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if key.value in seen:
            first = seen[key.value]
            raise SourceRefused(
                f"{name}:{line}: '{key.value}' is here twice, first in line {first}"
            )
        seen[key.value] = line
        _refuse_doubles(value, name)
