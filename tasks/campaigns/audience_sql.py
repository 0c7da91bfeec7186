"""What an audience.sql may hold: one read-only SELECT over our own tables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.problem import Problem, did_you_mean

if TYPE_CHECKING:
    from sqlglot import exp

# What SQLAlchemy takes for a bound value, wherever it stands.
BIND = re.compile(r"(?<![:\w\\]):(\w+)(::)?")
# How the parser writes a bound value.
PYFORMAT = re.compile(r"%\((\w+)\)s")
# Functions that reach outside the rows; a read-only transaction allows them.
FORBIDDEN = re.compile(
    r"(pg_|lo_|dblink|set_config|current_setting|query_to_xml|table_to_xml|"
    r"cursor_to_xml|database_to_xml|schema_to_xml|txid_)"
)


@dataclass(frozen=True, slots=True)
class AudienceQuery:
    """A parsed audience.sql: its text as written, and its tree."""

    file: Path
    text: str
    tree: "exp.Query"

    @property
    def tables(self) -> list[str]:
        """The tables that it reads, without its own CTEs."""
        from sqlglot import exp

        own = {cte.alias for cte in self.tree.find_all(exp.CTE)}
        read = {table.name for table in self.tree.find_all(exp.Table)}
        return sorted(read - own - {""})


def read(
    file: Path, text: str | None, params: Mapping[str, Any] | None
) -> tuple[str, list[Problem]]:
    """The text without its last semicolon, and what is wrong with it.

    `params` None: campaign.yaml is broken, so bound names cannot be judged.
    """
    if text is None:
        return "", [Problem(file, None, "is missing: it says who gets the campaign")]
    problems = [*_binds(file, text, params)]
    query = parsed(file, text)
    if isinstance(query, Problem):
        return text, [*problems, query]
    return query.text, [*problems, *_forbidden(query)]


def parsed(file: Path, text: str) -> AudienceQuery | Problem:
    """The text as one SELECT, or the reason why it is none."""
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    try:
        found = [one for one in parse(text, dialect="postgres") if one is not None]
    except SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        near = details[0].get("highlight") or ""
        reason = f'is not SQL that can be read, near "{near}"' if near else str(error)
        return Problem(file, details[0].get("line"), reason)
    statements = [one for one in found if not isinstance(one, exp.Semicolon)]
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        what = ", ".join(one.key.upper() for one in statements) or "nothing"
        at = line(statements[1]) if len(statements) > 1 else None
        return Problem(file, at, f"must be exactly one SELECT; it holds: {what}")
    return AudienceQuery(file, _without_semicolon(text), statements[0])


def line_of(text: str, position: int) -> int:
    """The line of a character of `text`, counted from 1."""
    return text.count("\n", 0, position) + 1


def line(node: "exp.Expr") -> int | None:
    """The first line of a node that the parser kept a position for."""
    lines = (one.meta["line"] for one in node.walk() if "line" in one.meta)
    return min(lines, default=None)


def _binds(
    file: Path, text: str, params: Mapping[str, Any] | None
) -> Iterator[Problem]:
    allowed = {"as_of", *(params or {})}
    for found in BIND.finditer(text):
        name, at = found[1], line_of(text, found.start())
        if found[2]:
            message = f"`:{name}::` is not understood; write cast(:{name} as type)"
            yield Problem(file, at, message)
        elif params is not None and name not in allowed:
            message = (
                f"`:{name}` stands for nothing (nor may it in a comment or a text): "
                f"it is not :as_of and not in params of campaign.yaml"
                f"{did_you_mean(name, sorted(allowed))}"
            )
            yield Problem(file, at, message)


def _forbidden(query: AudienceQuery) -> Iterator[Problem]:
    """Everything in the tree that one SELECT over our own tables has no use for."""
    from sqlglot import exp

    def problem(node: "exp.Expr", message: str) -> Problem:
        return Problem(query.file, line(node), message)

    for node in query.tree.walk():
        if isinstance(node, exp.DML | exp.DDL) and not isinstance(node, exp.Query):
            yield problem(node, f"must only read; it holds {node.key.upper()}")
        elif isinstance(node, exp.Into | exp.Lock | exp.Command):
            yield problem(node, f"must only read; it holds {node.sql()}")
        elif isinstance(node, exp.Table) and node.db:
            message = (
                f'"{node.db}.{node.name}": write the table without its schema, so that'
                " the rows of an example can stand in for it"
            )
            yield problem(node, message)
        elif isinstance(node, exp.Table) and node.name.startswith("pg_"):
            yield problem(node, f'"{node.name}" is a catalog of Postgres, not our data')
        elif isinstance(node, exp.Func) and FORBIDDEN.match(_function(node)):
            message = f'the function "{_function(node)}" is not for audiences'
            yield problem(node, message)


def _function(node: "exp.Func") -> str:
    from sqlglot import exp

    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()


def _without_semicolon(text: str) -> str:
    """The text up to a semicolon that ends it, so that it can be a subquery."""
    from sqlglot import TokenType, tokenize

    ends = [
        token.start
        for token in tokenize(text, dialect="postgres")
        if token.token_type == TokenType.SEMICOLON
    ]
    return text[: ends[0]] if ends else text
