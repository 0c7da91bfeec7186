"""The shop's sources, read from sources.yaml: which connector, told what."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import connectors
from connectors.base import (
    Callbacks,
    CodeMaker,
    SourceError,
    SourceRefused,
    Stream,
    TagWriter,
)
from tasks import yaml_file
from tasks.problem import Problem, did_you_mean
from tasks.settings import settings
from tasks.variables import filled
from tasks.yaml_file import Key, YamlFile

NAME = re.compile(r"[a-z][a-z0-9_]*")


class SourcesError(Exception):
    """The file of sources is wrong; the message names each place and the way out."""


class PushTags(BaseModel):
    """Which segments and tags of ours a platform shall show on its customers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    segments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    prefix: str = Field(
        default="R-", min_length=1, description="tells ours from those of staff there"
    )


# Keys of a source that are ours; all others are its connector's.
OURS = ("connector", "push_tags")


@dataclass(frozen=True)
class Source:
    """One shop or file feed; `config` is its connector's."""

    name: str
    connector: str
    streams: list[Stream]
    callbacks: Callbacks | None = None
    """What its platform may push, None where it pushes nothing."""
    push_tags: PushTags | None = None
    config: BaseModel | None = None

    def tag_writer(self) -> TagWriter | None:
        """What puts tags on the platform's customers, None where nothing does."""
        writer: TagWriter | None = self._offered("tag_writer")
        return writer

    def code_maker(self) -> CodeMaker | None:
        """What makes codes that people scan there, None where nothing does."""
        maker: CodeMaker | None = self._offered("code_maker")
        return maker

    def _offered(self, name: str) -> Any:
        make = getattr(import_module(f"connectors.{self.connector}"), name, None)
        return make(self.name, self.config) if make else None


@dataclass(frozen=True)
class Checked:
    """Whether one stream works; `error` says why not and what to do.

    `hint` says it of a stream that nobody asked for by name: no failure.
    """

    source: str
    stream: str
    error: SourceError | None
    is_pushed: bool = False
    """Nothing was called: the platform will call."""
    hint: str | None = None


def load(path: Path | None = None) -> list[Source]:
    """The sources of `path` (default: settings().sources_file), in its order.

    Raises:
        SourcesError: every problem of the file, with its line.
    """
    file = yaml_file.read(path or settings().sources_file)
    problems = list(file.problems)
    found: list[Source] = []
    if not problems and not isinstance(file.content, dict):
        problems.append(file.problem((), "has no sources: write `name:` and its keys"))
    for name, given in (file.content or {}).items() if not problems else ():
        outcome = _source(file, name, given)
        if isinstance(outcome, Source):
            found.append(outcome)
        else:
            problems.extend(outcome)
    if problems:
        raise SourcesError("\n".join(str(problem) for problem in problems))
    return found


def find(name: str, path: Path | None = None) -> Source:
    """The source `name` of the file; LookupError names those that there are."""
    sources = {source.name: source for source in load(path)}
    if name not in sources:
        there_are = ", ".join(sources) or "none"
        raise LookupError(f"no source {name!r}: there are {there_are}")
    return sources[name]


def stream(sources: Iterable[Source], source: str, name: str) -> Stream:
    """The stream `name` of `source`; LookupError names those that there are."""
    known = {
        (one.name, stream.name): stream for one in sources for stream in one.streams
    }
    if (source, name) not in known:
        there_are = ", ".join(".".join(pair) for pair in known) or "none"
        raise LookupError(f"no stream {source}.{name}: there are {there_are}")
    return known[source, name]


def check(sources: Iterable[Source]) -> Iterator[Checked]:
    """Call each stream's source once, in order."""
    for source in sources:
        for stream in source.streams:
            is_deaf = stream.is_pushed and source.callbacks is None
            yield _deaf(source, stream) if is_deaf else _called(source, stream)


def _called(source: Source, stream: Stream) -> Checked:
    error = None
    try:
        stream.check()
    except SourceError as caught:
        error = caught
    return Checked(source.name, stream.name, error, stream.is_pushed)


def _deaf(source: Source, stream: Stream) -> Checked:
    """A failure only where `streams` names it: by default it is one of all."""
    keys = " and ".join(stream.callback_keys)
    hint = (
        f"nothing is pulled here, the platform calls us, and without {keys} nobody "
        f"could tell it from others: set {keys} of {source.name}, or give it "
        f"`streams` without {stream.name}"
    )
    is_asked_for = source.config and "streams" in source.config.model_fields_set
    error = SourceRefused(hint) if is_asked_for else None
    return Checked(source.name, stream.name, error, True, hint)


def connector_names() -> list[str]:
    """The files of `connectors` that are connectors: they have Config and streams."""
    names = sorted(module.name for module in iter_modules(connectors.__path__))
    return [name for name in names if _is_connector(name)]


def _is_connector(name: str) -> bool:
    module = import_module(f"connectors.{name}")
    return hasattr(module, "Config") and hasattr(module, "streams")


def _source(file: YamlFile, name: Any, given: Any) -> Source | list[Problem]:
    key: Key = (name,)
    if not NAME.fullmatch(str(name)):
        return [
            file.problem(
                key,
                f'the source "{name}" must be named in lower-case letters, digits and '
                "_, a letter first: it stays in every row of the source",
            )
        ]
    if not isinstance(given, dict) or "connector" not in given:
        there_are = ", ".join(connector_names())
        return [
            file.problem(
                key, f'"{name}" needs the key "connector"; there are {there_are}'
            )
        ]
    connector = str(given["connector"])
    if connector not in connector_names():
        hint = did_you_mean(connector, connector_names())
        message = f'no connector "{connector}" (a file in connectors/){hint}'
        return [file.problem((name, "connector"), message)]
    return _configured(file, name, connector, given)


def _configured(
    file: YamlFile, name: str, connector: str, given: Mapping[str, Any]
) -> Source | list[Problem]:
    module = import_module(f"connectors.{connector}")
    settings = {key: value for key, value in given.items() if key not in OURS}
    missing: list[Problem] = []
    values = filled(file, (name,), settings, missing)
    if missing:
        return missing
    model: Any = module.Config
    above: tuple[str, ...] = ()
    try:
        config = model.model_validate(values)
        streams = module.streams(name, config)
        offered = getattr(module, "callbacks", None)
        callbacks = offered(name, config) if offered else None
        model, above = PushTags, ("push_tags",)
        wanted = given.get("push_tags")
        push = None if wanted is None else model.model_validate(wanted)
    except ValidationError as errors:
        return [
            _translated(file, name, model, error, *above) for error in errors.errors()
        ]
    except SourceError as error:
        return [file.problem((name,), str(error))]
    return Source(name, connector, streams, callbacks, push, config)


def _translated(
    file: YamlFile, name: str, config: type[BaseModel], error: Any, *above: str
) -> Problem:
    """One of pydantic's errors in the words of the file's author."""
    key: Key = (name, *above, *error["loc"])
    where = ".".join(map(str, key))
    if error["type"] == "extra_forbidden":
        allowed = config.model_fields if len(key) == 2 + len(above) else ()
        hint = did_you_mean(str(key[-1]), allowed)
        return file.problem(key, f'unknown key "{where}"{hint}')
    if error["type"] == "missing":
        return file.problem(key, f'the key "{where}" is missing: it must be given')
    reason = error["msg"].removeprefix("Value error, ")
    return file.problem(key, f'"{where}"{_shown(file, config, key)}: {reason}')


def _shown(file: YamlFile, config: type[BaseModel], key: Key) -> str:
    """The value as the file has it, unless it may be a secret."""
    value = file.content
    try:
        for step in key:
            value = value[step]
    except (KeyError, IndexError, TypeError):
        return ""
    field = config.model_fields.get(str(key[1])) if len(key) > 1 else None
    is_secret = field is None or "Secret" in str(field.annotation)
    if is_secret or isinstance(value, dict | list):
        return ""
    return f' is "{value}"'
