"""Enough of GraphQL for a double: reads a question, answers it, says what it costs."""

import base64
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r'(?:[\s,]|#[^\n]*)*("(?:[^"\\]|\\.)*"|\.\.\.|\$?[A-Za-z_]\w*|-?\d+(?:\.\d+)?|\S)'
)
WORDS = {"true": True, "false": False, "null": None}


class Wrong(Exception):
    """A question that cannot be read or answered; the text is for its author."""


@dataclass(frozen=True)
class Field:
    """One name of a selection, with what is asked of it."""

    name: str
    alias: str
    arguments: Mapping[str, Any]
    selection: Sequence["Field"] = ()


@dataclass
class Connection:
    """A list that is paged: `key` sorts it and makes the cursors, `show` its nodes."""

    items: Sequence[Any]
    key: Callable[[Any], Any]
    show: Callable[[Any], Any] = field(default=lambda one: one)
    deepest: int = 25_000
    """Behind so many, nobody may ask for more."""

    def page(self, arguments: Mapping[str, Any]) -> tuple[Sequence[Any], bool]:
        """The items behind `after`, at most `first`, and whether there are more."""
        start, first = 0, arguments["first"]
        if arguments.get("after"):
            last = tuple(json.loads(base64.b64decode(arguments["after"])))
            start = bisect_right(self.items, last, key=self.key)
        if start >= self.deepest:
            raise Wrong(f"cannot page beyond {self.deepest} objects")
        return self.items[start : start + first], len(self.items) > start + first

    def cursor(self, item: Any) -> str:
        """Holds on to the item's place in the order, not to its number."""
        return base64.b64encode(json.dumps(list(self.key(item))).encode()).decode()


def parse(text: str, variables: Mapping[str, Any]) -> tuple[str, list[Field]]:
    """ "query" or "mutation", and its selection with the variables filled in."""
    return _Reader(text, variables).document()


def answer(value: Any, selection: Sequence[Field], is_bulk: bool = False) -> Any:
    """What is asked for of `value`; in bulk, connections are whole and marked."""
    if value is None or not selection:
        if isinstance(value, dict | Connection):
            raise Wrong("Field must have selections")
        return value
    if isinstance(value, Connection):
        return _connection(value, selection, {}, is_bulk)
    if isinstance(value, list):
        return [answer(one, selection, is_bulk) for one in value]
    found: dict[str, Any] = {}
    for one in selection:
        if one.name not in value:
            raise Wrong(f"Field '{one.name}' doesn't exist on this type")
        inner = value[one.name]
        if isinstance(inner, Connection):
            found[one.alias] = _connection(inner, one.selection, one.arguments, is_bulk)
            continue
        if isinstance(inner, list) and isinstance(one.arguments.get("first"), int):
            inner = inner[: one.arguments["first"]]
        found[one.alias] = answer(inner, one.selection, is_bulk)
    return found


def cost(selection: Sequence[Field]) -> int:
    """What it may cost: an object is a point, a connection two and all its nodes."""
    points = 0
    for one in selection:
        if not one.selection:
            continue
        each = cost(_nodes(one.selection))
        if "first" in one.arguments and _is_paged(one):
            points += 2 + one.arguments["first"] * (1 + each)
        else:
            points += 1 + each
    return points


def spent(value: Any) -> int:
    """What an answer did cost: a point for each object in it."""
    if isinstance(value, dict):
        return 1 + sum(spent(one) for one in value.values())
    return sum(spent(one) for one in value) if isinstance(value, list) else 0


def connections(selection: Sequence[Field], depth: int = 0) -> Iterator[int]:
    """How deep each connection of a bulk question lies."""
    for one in selection:
        is_one = any(inner.name == "edges" for inner in one.selection)
        if is_one:
            yield depth
        yield from connections(one.selection, depth + is_one)


def _is_paged(one: Field) -> bool:
    return any(inner.name in ("nodes", "edges") for inner in one.selection)


def _nodes(selection: Sequence[Field]) -> Sequence[Field]:
    """What is asked of each node; all of it where it is no connection."""
    for one in selection:
        if one.name == "nodes":
            return one.selection
        if one.name == "edges":
            inner = (two.selection for two in one.selection if two.name == "node")
            return next(inner, ())
    return selection


def _connection(
    value: Connection,
    selection: Sequence[Field],
    arguments: Mapping[str, Any],
    is_bulk: bool,
) -> Any:
    wanted = _nodes(selection)
    if is_bulk:
        return Connection(
            value.items, value.key, lambda one: answer(value.show(one), wanted, True)
        )
    if not 1 <= arguments.get("first", 0) <= 250:
        raise Wrong("you must provide first, between 1 and 250, on a connection")
    items, is_more = value.page(arguments)
    found: dict[str, Any] = {}
    for one in selection:
        if one.name == "pageInfo":
            end = value.cursor(items[-1]) if items else None
            info = {"hasNextPage": is_more, "endCursor": end}
            found[one.alias] = answer(info, one.selection)
        elif one.name == "nodes":
            found[one.alias] = [answer(value.show(item), wanted) for item in items]
        elif one.name == "edges":
            found[one.alias] = [
                {"cursor": value.cursor(item), "node": answer(value.show(item), wanted)}
                for item in items
            ]
        else:
            raise Wrong(f"Field '{one.name}' doesn't exist on a connection")
    return found


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self._tokens = TOKEN.findall(text)
        self._at = 0
        self._variables = variables

    def document(self) -> tuple[str, list[Field]]:
        kind = "query"
        if self._seen() in ("query", "mutation"):
            kind = self._next()
            while self._seen() != "{":
                self._next()
        return kind, self._selection()

    def _selection(self) -> list[Field]:
        self._expect("{")
        found: list[Field] = []
        while self._seen() != "}":
            if self._seen() == "...":
                self._next()
                self._expect("on")
                self._next()
                found += self._selection()
            else:
                found.append(self._field())
        self._expect("}")
        return found

    def _field(self) -> Field:
        name = alias = self._next()
        if self._seen() == ":":
            self._next()
            name = self._next()
        arguments = self._arguments() if self._seen() == "(" else {}
        selection = self._selection() if self._seen() == "{" else ()
        return Field(name, alias, arguments, selection)

    def _arguments(self) -> dict[str, Any]:
        self._expect("(")
        found = {}
        while self._seen() != ")":
            name = self._next()
            self._expect(":")
            found[name] = self._value()
        self._expect(")")
        return {name: value for name, value in found.items() if value is not None}

    def _value(self) -> Any:
        token = self._next()
        if token.startswith("$"):
            return self._variables.get(token[1:])
        if token.startswith('"'):
            return json.loads(token)
        if token in WORDS:
            return WORDS[token]
        return int(token) if re.fullmatch(r"-?\d+", token) else token

    def _seen(self) -> str:
        if self._at >= len(self._tokens):
            raise Wrong("syntax error, unexpected end of file")
        return str(self._tokens[self._at])

    def _next(self) -> str:
        token = self._seen()
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        token = self._next()
        if token != wanted:
            raise Wrong(f"syntax error, unexpected {token!r}, expecting {wanted!r}")
