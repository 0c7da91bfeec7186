"""Why does this customer get a campaign, or why not: every rule, and what it saw."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, text

from tasks import database
from tasks.campaigns import audience, audience_sql
from tasks.campaigns.campaign import Campaign, CampaignError
from tasks.problem import Problem
from tasks.settings import settings

if TYPE_CHECKING:
    from sqlglot import exp

# Words in capitals, or something in quotes.
LOUD = re.compile(r"\b[A-Z]{2,}\b(?=(?:[^']*'[^']*')*[^']*$)|(?<=')\d+ [A-Z]+(?=')")
ONE = "where customer_id = :explained_customer"


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One rule for one candidate: None is unknown.

    `condition` is its SQL with the params filled in; `seen` has the columns it reads.
    """

    rule: str
    verdict: bool | None
    condition: str
    seen: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Explained:
    """One row of audience.sql about this customer."""

    occasion: str
    anchor_at: datetime | None
    rules: tuple[RuleSeen, ...]
    values: Mapping[str, Any]

    @property
    def is_in(self) -> bool:
        """Whether every rule is true."""
        return all(rule.verdict for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a `where` that decides who is a candidate at all."""

    line: int | None
    condition: str


def meant(connection: Connection, word: str) -> list[RowMapping]:
    """The customers that a number, an address or an order number stands for."""
    return database.rows(connection, "audience/customer", word=word.strip())


def told(
    connection: Connection, customer_id: int, campaign: str | None
) -> list[RowMapping]:
    """What the ledger holds about this customer, in the order of the decisions."""
    return database.rows(
        connection, "audience/told", customer_id=customer_id, campaign=campaign
    )


def explain(
    connection: Connection, campaign: Campaign, customer_id: int, as_of: datetime
) -> list[Explained]:
    """Every row of audience.sql for one customer; empty: she is not a candidate.

    Raises:
        CampaignError: audience.sql cannot run.
    """
    columns = audience.describe(connection, campaign, as_of)
    values = {**audience.binds(campaign, as_of), "explained_customer": customer_id}
    statement = f"select * from (\n{campaign.audience}\n) as audience {ONE}"
    with audience.guarded(connection, campaign):
        found = [row._asdict() for row in connection.execute(text(statement), values)]
    asked, seen = _seen(connection, campaign, columns.rules, values)
    return [
        Explained(
            occasion=str(row["occasion"]),
            anchor_at=row.get("anchor_at"),
            rules=tuple(
                RuleSeen(
                    rule,
                    row[rule],
                    asked.get(rule, ""),
                    seen.get((str(row["occasion"]), rule), {}),
                )
                for rule in columns.rules
            ),
            values={name: row[name] for name in columns.values},
        )
        for row in sorted(found, key=lambda row: str(row["occasion"]))
    ]


def conditions(campaign: Campaign, as_of: datetime) -> list[Condition]:
    """What every `where` asks of a candidate, apart from those of rules and values."""
    from sqlglot import exp

    query = audience_sql.parsed(campaign.folder / "audience.sql", campaign.audience)
    if isinstance(query, Problem):
        return []
    binds = audience.binds(campaign, as_of)
    columns = {id(one) for one in query.tree.selects}
    found: list[Condition] = []
    for where in query.tree.find_all(exp.Where):
        if columns & {id(one) for one in _around(where)}:
            continue
        asked = where.this
        for one in asked.flatten() if isinstance(asked, exp.And) else [asked]:
            found.append(Condition(audience_sql.line(one), _shown(one, binds)))
    return sorted(found, key=lambda one: one.line or 0)


def _around(node: "exp.Expr") -> Iterator["exp.Expr"]:
    while node.parent is not None:
        node = node.parent
        yield node


def _seen(
    connection: Connection,
    campaign: Campaign,
    rules: tuple[str, ...],
    values: dict[str, Any],
) -> tuple[dict[str, str], dict[tuple[str, str], dict[str, Any]]]:
    """The conditions by rule, and by (occasion, rule) the columns that they read.

    Asks the same query once more with those columns beside the rules. Where the shape
    of the query does not allow that (distinct, groups, set operations) the verdicts,
    which come from the unchanged query, are shown without them.
    """
    from sqlglot import exp

    query = audience_sql.parsed(campaign.folder / "audience.sql", campaign.audience)
    if isinstance(query, Problem) or not isinstance(query.tree, exp.Select):
        return {}, {}
    selected = {one.alias_or_name: one.unalias() for one in query.tree.selects}
    binds = {k: v for k, v in values.items() if k != "explained_customer"}
    asked = {r: _shown(selected[r], binds) for r in rules if r in selected}
    if query.tree.args.get("distinct"):
        return asked, {}
    reads = {rule: list(_columns(selected[rule])) for rule in asked}
    wider, names = _widened(query.tree, reads)
    statement = f"select * from (\n{wider}\n) as audience {ONE}"
    try:
        with audience.guarded(connection, campaign):
            found = connection.execute(text(statement), values).mappings().all()
    except CampaignError:
        return asked, {}
    return asked, {
        (str(row["occasion"]), rule): {
            column.name: row[names[column.sql()]] for column in columns
        }
        for row in found
        for rule, columns in reads.items()
    }


def _columns(condition: "exp.Expr") -> Iterator["exp.Column"]:
    """The columns of the query itself that a condition reads, each once."""
    from sqlglot import exp

    known: set[str] = set()
    for column in condition.find_all(exp.Column):
        inside = column.find_ancestor(exp.Select)
        outside = condition.find_ancestor(exp.Select)
        if inside is outside and column.sql() not in known:
            known.add(column.sql())
            yield column


def _widened(
    tree: "exp.Select", reads: Mapping[str, list["exp.Column"]]
) -> tuple[str, dict[str, str]]:
    """The query with one more column per column read, and those columns' names."""
    from sqlglot import exp

    wider = tree.copy()
    names: dict[str, str] = {}
    for columns in reads.values():
        for column in columns:
            if column.sql() not in names:
                names[column.sql()] = f"seen_{len(names)}"
                read = exp.alias_(column.copy(), names[column.sql()])
                wider.select(read, copy=False)
    return _with_colons(wider.sql(dialect="postgres", comments=False)), names


def _with_colons(statement: str) -> str:
    """The binds as SQLAlchemy knows them; the parser writes the driver's form."""
    return audience_sql.PYFORMAT.sub(r":\1", statement)


def _shown(condition: "exp.Expr", binds: Mapping[str, Any]) -> str:
    """A condition as people read it: params filled in, table names left out."""
    from sqlglot import exp

    plain = condition.copy()
    for column in plain.find_all(exp.Column):
        # Inside a subquery the names of the tables tell whose column it is.
        if column.find_ancestor(exp.Select) is None:
            column.set("table", None)
    written = plain.sql(dialect="postgres", comments=False)
    return audience_sql.PYFORMAT.sub(
        lambda found: readable(binds.get(found[1], found[0])),
        # The parser's capitals shout; what stands in quotes is left alone.
        LOUD.sub(lambda found: found[0].lower(), written),
    )


def readable(value: Any) -> str:
    """A value as people read it: moments by the shop's clock, null in words."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, datetime):
        here = value.astimezone(ZoneInfo(settings().timezone))
        return here.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, timedelta):
        return f"{value / timedelta(days=1):.3g} days"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
