"""Who is a candidate for a campaign, who gets it, and what keeps others out."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from tasks import database
from tasks.campaigns.campaign import Campaign, CampaignError
from tasks.campaigns.read_only import Refused, read_only
from tasks.problem import Problem

# The columns of `candidate`; one boolean per rule follows.
FIXED = (
    *("customer_id", "occasion", "anchor_at"),
    *("in_audience", "failed_rule", "params"),
)
COLUMN = re.compile(r"[a-z_][a-z0-9_]*")
# Postgres' own numbers of its types.
BOOLEAN, TIMESTAMPTZ, NUMBERS = 16, 1184, (20, 21, 23)


@dataclass(frozen=True, slots=True)
class Columns:
    """What an audience.sql returns, after customer_id and occasion."""

    rules: tuple[str, ...]
    values: tuple[str, ...]
    has_anchor: bool


@dataclass(frozen=True, slots=True)
class RuleCount:
    """One rule over those whom the rules before it let through.

    `only` counts the candidates whom nothing but this rule keeps out.
    """

    rule: str
    passed: int
    failed: int
    unknown: int
    only: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """candidates = in_audience + those that each rule kept out, failed or unknown."""

    candidates: int
    in_audience: int
    rules: tuple[RuleCount, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """The rules in their order, as `campaign_runs.waterfall` keeps them."""
        return [asdict(rule) for rule in self.rules]


def candidates(
    connection: Connection, campaign: Campaign, as_of: datetime
) -> Waterfall:
    """Leave the temp table `candidate` in the caller's transaction, and count it.

    Columns: customer_id, occasion (text), anchor_at, in_audience, failed_rule (the
    first that is not true), params (jsonb of the value columns; null for those who
    are left out), then one boolean per rule. It goes at the end of the transaction.

    Raises:
        CampaignError: audience.sql cannot run, or returns what it must not.
    """
    columns = describe(connection, campaign, as_of)
    connection.execute(text("drop table if exists pg_temp.candidate"))
    connection.execute(text(_table(columns)))
    with guarded(connection, campaign):
        connection.execute(text(_fill(campaign, columns)), binds(campaign, as_of))
    connection.execute(text("analyze pg_temp.candidate"))
    _refuse_twins(connection, campaign)
    return _count(connection, columns.rules)


def describe(connection: Connection, campaign: Campaign, as_of: datetime) -> Columns:
    """The rules and values that audience.sql returns; nothing is read.

    Raises:
        CampaignError: Postgres refuses the query, or its columns are not as agreed.
    """
    statement = f"select * from (\n{campaign.audience}\n) as audience limit 0"
    with guarded(connection, campaign):
        result = connection.execute(text(statement), binds(campaign, as_of))
        described: Any = result.cursor.description
        found = [(one[0], one[1]) for one in described]
    wrong = list(_wrong_columns(found))
    if wrong:
        file = campaign.folder / "audience.sql"
        raise CampaignError([Problem(file, None, message) for message in wrong])
    names = [name for name, _ in found]
    return Columns(
        rules=tuple(name for name, kind in found if kind == BOOLEAN),
        values=tuple(
            name for name, kind in found if kind != BOOLEAN and name not in FIXED[:3]
        ),
        has_anchor="anchor_at" in names,
    )


def binds(campaign: Campaign, as_of: datetime) -> dict[str, Any]:
    """What audience.sql may refer to: `:as_of` and the campaign's own params."""
    return {**campaign.params, "as_of": as_of}


@contextmanager
def guarded(connection: Connection, campaign: Campaign) -> Iterator[None]:
    """Run the marketer's SQL where Postgres refuses every write; see read_only.

    Raises:
        CampaignError: what Postgres says, with the line in audience.sql.
    """
    try:
        with read_only(connection, campaign.audience):
            yield
    except Refused as error:
        file = campaign.folder / "audience.sql"
        raise CampaignError([Problem(file, error.line, str(error))]) from None


def _wrong_columns(found: Sequence[tuple[str, int]]) -> Iterator[str]:
    """What is wrong with the columns, as a marketer can mend it."""
    names = [name for name, _ in found]
    if names[:2] != ["customer_id", "occasion"]:
        yield f"the first columns must be customer_id, occasion; they are {names[:2]}"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f'two columns are called "{name}": give one another name with `as`'
    for name in names:
        if not COLUMN.fullmatch(name):
            yield (
                f'the column "{name}" needs a name of lower case letters, digits and _:'
                " write `… as its_name`"
            )
    kinds = dict(found)
    if kinds.get("customer_id", 20) not in NUMBERS:
        yield "customer_id must be the number of a customer (bigint)"
    if kinds.get("anchor_at", TIMESTAMPTZ) != TIMESTAMPTZ:
        yield "anchor_at must be a timestamptz: a moment, not a day or a local time"
    if "anchor_at" in names[3:]:
        yield "anchor_at must come right after occasion"
    for name in set(names) & set(FIXED[3:]):
        yield f'the column name "{name}" is our own: choose another'
    yield from _rules_after_values(found)


def _rules_after_values(found: Sequence[tuple[str, int]]) -> Iterator[str]:
    value = None
    for name, kind in found:
        if kind != BOOLEAN and name not in FIXED[:3]:
            value = value or name
        elif kind == BOOLEAN and value:
            yield (
                f'"{name}" is a boolean, so it is a rule, but it comes after the value '
                f'"{value}": move it up, or write it as text if the words need it'
            )


def _table(columns: Columns) -> str:
    rules = "".join(f', "{rule}" boolean' for rule in columns.rules)
    return (
        "create temp table candidate (customer_id bigint, occasion text,"
        " anchor_at timestamptz, in_audience boolean not null, failed_rule text,"
        f" params jsonb{rules}) on commit drop"
    )


def _fill(campaign: Campaign, columns: Columns) -> str:
    """One statement, so that a million candidates never leave Postgres.

    `offset 0` keeps the planner from working out each rule several times.
    """
    whens = " ".join(f"when \"{r}\" is not true then '{r}'" for r in columns.rules)
    failed = f"case {whens} end" if whens else "cast(null as text)"
    pairs = ", ".join(f"'{value}', \"{value}\"" for value in columns.values)
    rules = "".join(f', "{rule}"' for rule in columns.rules)
    anchor = "anchor_at" if columns.has_anchor else "null"
    return (
        f"insert into pg_temp.candidate select customer_id, cast(occasion as text),"
        f" {anchor}, {failed} is null, {failed},"
        f" case when {failed} is null then jsonb_build_object({pairs}) end{rules}"
        f" from (select * from (\n{campaign.audience}\n) as inside offset 0) as outside"
    )


def _refuse_twins(connection: Connection, campaign: Campaign) -> None:
    """Every row is one person and one occasion, exactly once."""
    messages = [
        f"returns {row['rows']:,} rows without customer_id or occasion: leave "
        "them out in `where`"
        if row["customer_id"] is None or row["occasion"] is None
        else f"returns {row['rows']:,} rows for customer_id {row['customer_id']} and "
        f'occasion "{row["occasion"]}": each pair may come once; a join multiplies it'
        for row in database.rows(connection, "audience/twins")
    ]
    if messages:
        file = campaign.folder / "audience.sql"
        raise CampaignError([Problem(file, None, message) for message in messages])


def _count(connection: Connection, rules: tuple[str, ...]) -> Waterfall:
    """The waterfall, from how often each combination of verdicts occurs."""
    names = "".join(f'"{rule}", ' for rule in rules)
    grouped = f"group by {names.rstrip(', ')}" if rules else ""
    counted = [
        (tuple(row[:-1]), row[-1])
        for row in connection.execute(
            text(f"select {names}count(*) from pg_temp.candidate {grouped}")
        )
    ]
    total = sum(count for _, count in counted)
    left = counted
    counts: list[RuleCount] = []
    for number, rule in enumerate(rules):
        counts.append(_rule_count(rule, number, left, counted))
        left = [(verdicts, count) for verdicts, count in left if verdicts[number]]
    return Waterfall(total, sum(count for _, count in left), tuple(counts))


def _rule_count(
    rule: str,
    number: int,
    left: list[tuple[tuple[bool | None, ...], int]],
    everyone: list[tuple[tuple[bool | None, ...], int]],
) -> RuleCount:
    def those(verdict: bool | None) -> int:
        return sum(count for verdicts, count in left if verdicts[number] is verdict)

    only = sum(
        count
        for verdicts, count in everyone
        if [i for i, verdict in enumerate(verdicts) if not verdict] == [number]
    )
    return RuleCount(rule, those(True), those(False), those(None), only)
