"""Reads a YAML file that people edit: strictly, and with the line of every key."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from tasks.problem import Problem, did_you_mean

Model = TypeVar("Model", bound=BaseModel)
MISSING = re.compile(r'the key ("\w+") is missing')
# Where a value is in its file: ("steps", "thanks", "after").
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The content of one file, the line of each of its keys, and what is wrong."""

    path: Path
    content: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, key: Key) -> int | None:
        """The line of `key`, or of the nearest thing around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def problem(self, key: Key, message: str) -> Problem:
        """A problem at `key`."""
        return Problem(self.path, self.line(key), message)


def read(path: Path, text: str | None = None) -> YamlFile:
    """Read one YAML document; what cannot be read is in `problems`, never raised.

    `text`: its content, where that was read before.
    """
    try:
        text = path.read_text(encoding="utf-8") if text is None else text
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        return _broken(path, None, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return _broken(path, line, "is not UTF-8 text: save it as UTF-8")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = f"is not valid YAML: {error.problem or error.context}"
        return _broken(path, mark.line + 1 if mark else None, reason)
    if node is None:
        return _broken(path, 1, "is empty")
    file = YamlFile(path)
    file.problems.extend(_index(node, (), file))
    if file.problems:
        return file
    try:
        return YamlFile(path, yaml.load(text, Loader=yaml.SafeLoader), file.lines)
    except (ValueError, yaml.YAMLError) as error:
        return _broken(path, None, f"holds a value that is none: {error}")


def validated(file: YamlFile, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The file as `model`, or None and every problem with its line."""
    if file.problems:
        return None, file.problems
    if not isinstance(file.content, dict):
        return None, [file.problem((), "has no keys: write `key: value`")]
    try:
        return model.model_validate(file.content), []
    except ValidationError as errors:
        return None, _all_translated(file, model, errors)


def _all_translated(
    file: YamlFile, model: type[BaseModel], errors: ValidationError
) -> list[Problem]:
    """Every problem once, from the top: a key misspelt is not missing as well."""
    problems = [
        _translated(file, model, error)
        for error in errors.errors()
        if error["type"] != "default_factory_not_called"
    ]
    said = " ".join(one.message for one in problems)
    kept = [
        one
        for one in problems
        if not (
            (missing := MISSING.match(one.message))
            and f"did you mean {missing[1]}?" in said
        )
    ]
    return sorted(kept, key=lambda one: one.line or 0)


def _translated(file: YamlFile, model: type[BaseModel], error: Any) -> Problem:
    """One of pydantic's errors in the words of the file's author."""
    key: Key = tuple(part for part in error["loc"] if part != "[key]")
    name = ".".join(str(part) for part in key)
    if error["type"] == "extra_forbidden":
        allowed = _fields_at(model, key[:-1])
        hint = did_you_mean(str(key[-1]), allowed)
        return file.problem(key, f'unknown key "{name}"{hint}')
    if error["type"] == "missing":
        return file.problem(key, f'the key "{name}" is missing: it must be given')
    reason = error["msg"].removeprefix("Value error, ")
    value = error["input"]
    given = "" if isinstance(value, dict | list) else f' is "{value}"'
    return file.problem(key, f'"{name}"{given}: {reason}' if name else reason)


def _fields_at(model: type[BaseModel], key: Key) -> list[str]:
    """The keys that are allowed below `key`."""
    here: Any = model
    for part in key:
        known = _by_key(here)
        here = known[part].annotation if part in known else _inner(here)
        here = _inner(here) if not hasattr(here, "model_fields") else here
    return [str(name) for name in _by_key(here)]


def _by_key(model: Any) -> dict[str | int, Any]:
    """The fields of a model by the key that a file has for them."""
    fields = getattr(model, "model_fields", {})
    return {field.alias or name: field for name, field in fields.items()}


def _inner(annotation: Any) -> Any:
    """The model inside `dict[str, Model]` or `Model | None`, else what was given."""
    for argument in getattr(annotation, "__args__", ()):
        found = _inner(argument)
        if hasattr(found, "model_fields"):
            return found
    return annotation


def _index(node: yaml.Node, key: Key, file: YamlFile) -> Iterator[Problem]:
    """Remember the line of every key below `node`; yield the keys given twice."""
    file.lines.setdefault(key, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _index(item, (*key, number), file)
    if not isinstance(node, yaml.MappingNode):
        return
    for name, value in node.value:
        here = (*key, _key(name))
        if here in file.lines:
            first = file.lines[here]
            message = f'"{name.value}" is given twice, first in line {first}'
            yield Problem(file.path, name.start_mark.line + 1, message)
        file.lines[here] = name.start_mark.line + 1
        yield from _index(value, here, file)


def _key(node: yaml.Node) -> str | int:
    """The key as YAML gives it: `1: …` is the number 1."""
    is_number = node.tag == "tag:yaml.org,2002:int" and node.value.isdigit()
    return int(node.value) if is_number else str(node.value)


def _broken(path: Path, line: int | None, message: str) -> YamlFile:
    return YamlFile(path, problems=[Problem(path, line, message)])
