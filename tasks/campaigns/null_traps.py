"""Finds conditions in an audience.sql that an empty column turns into neither-nor."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tasks.campaigns.audience_sql import AudienceQuery
from tasks.campaigns.stand_ins import Tables
from tasks.problem import Problem

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope


def find(query: AudienceQuery, tables: Tables) -> Iterator[Problem]:
    """A warning for each `<>` and `not in` over a column that can be null.

    `country <> 'CN'` is null, not true, for whom no country is known: in `where` they
    silently drop out, in a rule they are unknown. `not in (select …)` is true for
    nobody as soon as the list holds one null.
    """
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    for scope in traverse_scope(query.tree):
        traps = scope.find_all(exp.NEQ, exp.Not)
        for trap in traps:
            for column in _judged(trap):
                if _can_be_null(column, scope, tables) and not _is_minded(trap, column):
                    yield _warning(query, trap, column)
            for inner in _listed(trap, query):
                if _can_be_null(*inner, tables):
                    yield _warning_of_list(query, trap, inner[0])


def _judged(trap: "exp.Expr") -> Iterator["exp.Column"]:
    """The columns whose null decides: both sides of `<>`, the left of `not in`."""
    from sqlglot import exp

    if isinstance(trap, exp.NEQ):
        sides = (trap.this, trap.expression)
        yield from (side for side in sides if isinstance(side, exp.Column))
        return
    inner = trap.this.unnest()
    if isinstance(inner, exp.In) and isinstance(inner.this, exp.Column):
        yield inner.this


def _listed(
    trap: "exp.Expr", query: AudienceQuery
) -> Iterator[tuple["exp.Column", "Scope"]]:
    """The column that the list of a `not in (select …)` is made of, with its scope."""
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    inner = trap.this.unnest() if isinstance(trap, exp.Not) else trap
    if not (isinstance(inner, exp.In) and inner.args.get("query")):
        return
    inside = inner.args["query"].unnest()
    for scope in traverse_scope(query.tree):
        if scope.expression is inside and isinstance(inside, exp.Select):
            listed = inside.selects[0].unalias()
            if isinstance(listed, exp.Column) and not _is_given(inside, listed):
                yield listed, scope


def _can_be_null(column: "exp.Column", scope: "Scope", tables: Tables) -> bool:
    """Whether the column may be empty, as far as its table or subquery tells."""
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

    name, source = _source(column, scope, tables)
    if source is None:
        return False
    if _is_outer(name, scope):
        return True
    if isinstance(source, Scope):
        inner = source.expression
        if not isinstance(inner, exp.Select):
            return False
        for select in inner.selects:
            if select.alias_or_name == column.name:
                plain = select.unalias()
                if isinstance(plain, exp.Column):
                    return _can_be_null(plain, source, tables)
        return False
    known = tables.get(source.name, {}).get(column.name)
    return known is not None and not known.is_required


def _source(
    column: "exp.Column", scope: "Scope", tables: Tables
) -> tuple[str, "exp.Table | Scope | None"]:
    """The table or subquery that a column comes from, with its name there."""
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

    here: Scope | None = scope
    while here is not None:
        if column.table in here.sources:
            return column.table, here.sources[column.table]
        for name, source in here.sources.items():
            if column.table:
                break
            names = list(tables.get(getattr(source, "name", ""), {}))
            if isinstance(source, Scope) and isinstance(source.expression, exp.Query):
                names = source.expression.named_selects
            if column.name in names:
                return name, source
        here = here.parent
    return "", None


def _is_outer(name: str, scope: "Scope") -> bool:
    """Whether a source is on the side of an outer join that may find nothing."""
    joins = scope.expression.args.get("joins") or []
    sides = [(join.alias_or_name, join.side) for join in joins]
    for place, (joined, side) in enumerate(sides):
        if joined == name and side in ("LEFT", "FULL"):
            return True
        is_before = name not in [one for one, _ in sides[place:]]
        if side in ("RIGHT", "FULL") and is_before and name in scope.sources:
            return True
    return False


def _is_minded(trap: "exp.Expr", column: "exp.Column") -> bool:
    """Whether the author minded null: coalesce around it, or `is null` beside it."""
    from sqlglot import exp

    here: exp.Expr = trap
    while here.parent is not None and not isinstance(here.parent, exp.Select):
        here = here.parent
        if isinstance(here, exp.Coalesce):
            return True
        if isinstance(here, exp.Connector) and any(
            one.this == column for one in here.find_all(exp.Is)
        ):
            return True
    return isinstance(here.parent, exp.Select) and _is_given(here.parent, column)


def _is_given(select: "exp.Select", column: "exp.Column") -> bool:
    """Whether the select says somewhere `column is not null`."""
    from sqlglot import exp

    tests = [one for one in select.find_all(exp.Is) if one.this == column]
    return any(
        one.args.get("negate") or isinstance(one.parent, exp.Not) for one in tests
    )


def _warning(query: AudienceQuery, trap: "exp.Expr", column: "exp.Column") -> Problem:
    from sqlglot import exp

    if isinstance(trap, exp.NEQ):
        written, way_out = "<>", "`is distinct from`"
    else:
        written, way_out = "not in", f"`or {column.sql()} is null`"
    message = (
        f"{column.sql()} can be null, and then `{written}` is neither true nor false: "
        f"those customers fall out; to keep them, write {way_out}"
    )
    return Problem(query.file, column.this.meta.get("line"), message, "warning")


def _warning_of_list(
    query: AudienceQuery, trap: "exp.Expr", column: "exp.Column"
) -> Problem:
    message = (
        f"{column.sql()} can be null, and one null in the list of `not in` makes it "
        "true for nobody: write `not exists (select …)`, or add `where … is not null`"
    )
    return Problem(query.file, column.this.meta.get("line"), message, "warning")
