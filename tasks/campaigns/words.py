"""The words of a campaign: its templates, compiled once, filled in per customer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    meta,
    nodes,
)
from jinja2 import TemplateNotFound as NotFound
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tasks.campaigns import way_out
from tasks.campaigns.campaign import Campaign, CampaignError
from tasks.campaigns.money_file import Reward
from tasks.planning import rewards
from tasks.problem import Problem, shown

# <step>.<channel>[.<language>].txt or .html
FILE = re.compile(
    r"([a-z0-9_]+)\.([a-z0-9_]+)(?:\.([a-z]{2,3}(?:-[a-z]+)?))?\.(txt|html)"
)
NAMED = re.compile(r"'(\w+)' is (undefined|null)")
SUBJECT = re.compile(r"\ASubject:[ \t]*(.*)(?:\r?\n|\Z)")


class WordsError(Exception):
    """Words that cannot be filled in; names file, line and variable, never a value."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message, ready for its channel; no subject or html where there is none."""

    subject: str | None
    text: str
    html: str | None


@dataclass(frozen=True, slots=True)
class Part:
    """One compiled file (or its subject line) and the variables that it uses."""

    file: Path
    template: Template
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Message:
    """The words of one step on one channel in one language."""

    subject: Part | None
    text: Part
    html: Part | None
    way_out: way_out.WayOut

    @property
    def parts(self) -> list[Part]:
        """The parts there are."""
        return [part for part in (self.subject, self.text, self.html) if part]


class Missing(StrictUndefined):
    """A value that is null: `if` and `default` know it; printing it is refused."""

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


class Words:
    """Every message of one campaign version; make it with `load` and keep it."""

    def __init__(
        self,
        messages: Mapping[tuple[str, str, str], Message],
        given: dict[str, Any],
        given_away: Mapping[str, Reward],
    ) -> None:
        self.messages = messages
        self.rewards = given_away
        self._given = given
        self._chosen: dict[tuple[str, str, str], Message] = {}

    @classmethod
    def load(cls, campaign: Campaign) -> "Words":
        """The words among the campaign's files, compiled.

        Raises:
            CampaignError: files whose names or templates cannot be read, all of them.
        """
        environment = _environment(campaign)
        files, problems = _files(campaign)
        compiled: dict[tuple[str, str, str], dict[str, Part]] = {}
        for (step, channel, language, kind), file in files.items():
            try:
                parts = _parts(environment, file, kind, campaign.files[file.name])
                compiled.setdefault((step, channel, language), {}).update(parts)
            except TemplateSyntaxError as error:
                problems.append(Problem(file, error.lineno, error.message or "?"))
            except NotFound as error:
                problems.append(Problem(file, None, f'there is no file "{error}"'))
        for (step, channel, language), parts in compiled.items():
            if "text" not in parts and not problems:
                name = ".".join(filter(None, (step, channel, language, "txt")))
                message = f"is missing: every message has a text part, {name}"
                problems.append(Problem(campaign.folder / name, None, message))
        if problems:
            raise CampaignError(problems)
        messages = {
            key: _message(campaign, key[2], parts) for key, parts in compiled.items()
        }
        given = {name: _as_words(value) for name, value in campaign.params.items()}
        given_away = {one.name: one.reward for one in campaign.steps if one.reward}
        return cls(messages, given, given_away)

    def has(self, step: str, channel: str) -> bool:
        """Whether there are words for this step on this channel, in any language."""
        return any(key[:2] == (step, channel) for key in self.messages)

    def printed(self, step: str, channel: str) -> list[str]:
        """The values of audience.sql that the words of a step on a channel use."""
        fixed = {"reward", *self._given}
        found = (
            part.variables
            for key, message in self.messages.items()
            if key[:2] == (step, channel)
            for part in message.parts
        )
        return sorted(set().union(*found) - fixed)

    def message(self, step: str, channel: str, language: str) -> Message:
        """The words for a language: `zh-TW`, else `zh`, else the file without one.

        Raises:
            WordsError: there are none.
        """
        asked = (step, channel, language)
        if asked not in self._chosen:
            self._chosen[asked] = self._choose(step, channel, language.lower())
        return self._chosen[asked]

    def render(
        self,
        step: str,
        channel: str,
        language: str,
        params: Mapping[str, Any],
        link: str | None = None,
    ) -> Rendered:
        """The message for one customer; `params` are the values of audience.sql.

        `link`: the customer's own way out of marketing, which text and HTML then show;
        None where none is needed.

        Raises:
            WordsError: a value is missing or cannot be used as the words use it.
        """
        message = self.message(step, channel, language)
        values = {**self._given, **params}
        for name, value in params.items():
            if value is None:
                values[name] = Missing(f"'{name}' is null for this customer")
        if link:
            values[way_out.VARIABLE] = link
        subject = _one_line(message.subject, values) if message.subject else None
        text = _filled(message.text, values).strip() + "\n"
        html = _filled(message.html, values) if message.html else None
        if link:
            text = message.way_out.beneath_text(text, link)
            html = message.way_out.beneath_html(html, link) if html else None
        return Rendered(subject, text, html)

    def sample(
        self,
        step: str,
        channel: str,
        language: str,
        params: Mapping[str, Any],
        as_of: datetime,
        link: str | None = None,
    ) -> Rendered:
        """The message as `render` makes it, with a reward's code that buys nothing.

        Raises:
            WordsError: as `render` does.
        """
        reward = self.rewards.get(step)
        given = dict(params)
        if reward:
            given["reward"] = rewards.sample(reward, as_of)
        return self.render(step, channel, language, given, link)

    def _choose(self, step: str, channel: str, language: str) -> Message:
        for one in (language, language.partition("-")[0], ""):
            if (step, channel, one) in self.messages:
                return self.messages[step, channel, one]
        raise WordsError(f'no words for step "{step}" on channel "{channel}"')


def _message(campaign: Campaign, language: str, parts: Mapping[str, Part]) -> Message:
    text = parts["text"]
    line = way_out.of(language, campaign.files[text.file.name])
    return Message(parts.get("subject"), text, parts.get("html"), line)


def _environment(campaign: Campaign) -> ImmutableSandboxedEnvironment:
    def find(name: str) -> tuple[str, str, None] | None:
        text = campaign.files.get(name)
        return None if text is None else (text, str(campaign.place(name)), None)

    return ImmutableSandboxedEnvironment(
        loader=FunctionLoader(find),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name) and str(name).endswith(".html"),
        auto_reload=False,
        keep_trailing_newline=False,
    )


def _files(
    campaign: Campaign,
) -> tuple[dict[tuple[str, str, str, str], Path], list[Problem]]:
    """The files of the words by (step, channel, language, txt or html)."""
    files: dict[tuple[str, str, str, str], Path] = {}
    problems: list[Problem] = []
    steps = [step.name for step in campaign.steps]
    for file in (campaign.folder / name for name in sorted(campaign.files)):
        if file.suffix not in (".txt", ".html") or file.name[0] in "._":
            continue
        found = FILE.fullmatch(file.name)
        if not found:
            message = "words are called <step>.<channel>[.<language>].txt or .html"
            problems.append(Problem(file, None, message))
        elif found[1] not in steps or found[2] not in campaign.channels:
            message = _stranger(campaign, found[1], found[2])
            problems.append(Problem(file, None, message))
        else:
            files[found[1], found[2], found[3] or "", found[4]] = file
    return files, problems


def _stranger(campaign: Campaign, step: str, channel: str) -> str:
    steps = ", ".join(one.name for one in campaign.steps)
    return (
        f'is for step "{step}" and channel "{channel}"; campaign.yaml has the steps '
        f"{steps} and the channels {', '.join(campaign.channels)}"
    )


def _parts(
    environment: ImmutableSandboxedEnvironment, file: Path, kind: str, source: str
) -> dict[str, Part]:
    """The file as `html`, or as `text` and, where its first line is one, `subject`."""
    if kind == "html":
        return {"html": _part(environment, file, source)}
    found = SUBJECT.match(source)
    if not found:
        return {"text": _part(environment, file, source)}
    return {
        "subject": _part(environment, file, found[1]),
        # The empty line keeps the numbers of the lines; it is stripped later.
        "text": _part(environment, file, "\n" + source[found.end() :]),
    }


def _part(environment: ImmutableSandboxedEnvironment, file: Path, source: str) -> Part:
    code = environment.compile(source, file.name, str(file))
    template = Template.from_code(environment, code, environment.make_globals(None))
    variables = frozenset(_variables(environment, file.name, source))
    return Part(file, template, variables)


def _variables(
    environment: ImmutableSandboxedEnvironment, name: str, source: str
) -> Iterator[str]:
    """The variables of a template and of all that it includes or extends."""
    tree = environment.parse(source, name)
    yield from meta.find_undeclared_variables(tree)
    for other in meta.find_referenced_templates(tree):
        if other is None:
            dynamic = next(iter(tree.find_all((nodes.Include, nodes.Extends))), tree)
            message = "include and extends take a file's name in quotes"
            raise TemplateSyntaxError(message, dynamic.lineno or 1, name)
        assert environment.loader is not None
        included, _, _ = environment.loader.get_source(environment, other)
        yield from _variables(environment, other, included)


def _filled(part: Part, values: dict[str, Any]) -> str:
    try:
        return part.template.render(values)
    except UndefinedError as error:
        place = _place(part, error.__traceback__)
        # Only the words' own variables: in other places the message quotes values.
        found = NAMED.match(error.message or "")
        is_own = found is not None and found[1] in part.variables
        reason = error.message if is_own else "an expression asks for what is not there"
        raise WordsError(f"{place}: {reason}") from None
    except SecurityError as error:
        place = _place(part, error.__traceback__)
        raise WordsError(f"{place}: not allowed in words") from None
    except Exception as error:
        # The message of any other error may hold a value of the customer.
        place = _place(part, error.__traceback__)
        raise WordsError(f"{place}: {type(error).__name__} in an expression") from None


def _one_line(part: Part, values: dict[str, Any]) -> str:
    """A subject; a line break in a value must not begin another header."""
    return " ".join(_filled(part, values).split())


def _place(part: Part, traceback: TracebackType | None) -> str:
    """`file:line` of the innermost template line in a traceback."""
    place = shown(part.file)
    while traceback:
        name = Path(traceback.tb_frame.f_code.co_filename)
        if name.parent in (part.file.parent, part.file.parent.parent):
            place = f"{shown(name)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _as_words(value: Any) -> Any:
    """A param of campaign.yaml as the words print it."""
    return str(value) if not isinstance(value, bool | int) else value
