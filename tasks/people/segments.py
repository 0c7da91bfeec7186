"""Who is in which segment now, judged only for those for whom that can have changed."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tasks.database import rows, run
from tasks.people import definition, facts, rechecks, thresholds
from tasks.people.definition import Definition, DefinitionError

# Below so many, nobody asks whether judging everybody would be less work.
FEW = 10_000
# Columns of a segment's file that are no rules.
NO_RULES = ("customer_id", "recheck_at")
# What facts bring up to date themselves, or a file's digest does.
FOLLOWED = {"customer_facts", "thresholds"}
# A file that looks at one row of facts and nothing else is given those of the chosen.
FACTS_OF_CHOSEN = "with customer_facts as (select * from chosen_facts) "
# As conditions on the key, Postgres takes both below any grouping in the file.
WHO_IS_CHOSEN = "where customer_id = any(array(select customer_id from chosen))"
WHO_IS_IN = "where is_member"
WHO_IS_THIS = "where customer_id = :customer_id"


class SegmentsFailed(DefinitionError):
    """Some segments could not be judged and stay as they were; the rest are done."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What one refresh changed in a segment, and how large it is now."""

    joined: int
    left: int
    size: int


@dataclass(frozen=True, slots=True)
class Explained:
    """Why one customer is in a segment or not: every rule; None is unknown."""

    segment: str
    question: str
    rules: dict[str, bool | None]
    is_member: bool
    joined_at: datetime | None
    recheck_at: datetime | None


def refresh(engine: Engine, as_of: datetime, full: bool = False) -> dict[str, Moved]:
    """Bring every segment up to `as_of`; returns what moved, by segment.

    Judged are the customers whose facts came out differently since the last time (if
    a file reads more than facts: of whom anything changed), and those whose membership
    can change by the passing of time. Everybody is judged for a segment that is new,
    changed, or says nothing of `recheck_at`, and with `full`. One transaction: killed
    anywhere, the next run does all of it.

    Raises:
        SegmentsFailed: files that Postgres refuses or that break a rule; the other
            segments are up to date, and these are judged in full once mended.
    """
    with engine.begin() as connection:
        segments = definition.load_all("segment")
        reading_more = _reading_more(connection, segments)
        everybody = _choose(connection, bool(reading_more), as_of) or full
        asked = _Asked(
            as_of=as_of,
            limits=thresholds.take(connection, as_of),
            everybody=everybody,
            by_row={one.name for one in segments if one.reads_facts_by_row}
            - reading_more,
        )
        found = _judge_all(connection, segments, asked)
        if everybody:
            judged = [one for one in segments if one.name in found.moved]
            found.refused |= _recheck_everybody(connection, judged, as_of)
        else:
            rechecks.of_chosen(connection, as_of)
        for name in definition.removed(connection, "segment"):
            run(connection, "membership/forget", segment=name, as_of=as_of)
    if found.refused:
        raise SegmentsFailed("\n".join(found.refused.values()))
    return dict(sorted(found.moved.items()))


def explain(
    engine: Engine,
    customer_id: int,
    as_of: datetime,
    then: bool = False,
    standards: facts.Standards | None = None,
) -> list[Explained]:
    """Every rule of every segment for one customer, as it would be judged at `as_of`.

    `then` judges by what had happened until that moment (limits and tags are those of
    today) and tells who was a member at that time; else by the facts as they are.

    Raises:
        DefinitionError: a file is refused by Postgres.
    """
    who = {"customer_id": customer_id}
    with engine.connect() as connection:
        if then:
            facts.then(connection, customer_id, as_of, standards)
            found = rows(connection, "membership/of_customer_then", as_of=as_of, **who)
        else:
            found = rows(connection, "membership/of_customer", **who)
        since = {row["segment"]: row["joined_at"] for row in found}
        known = "with customer_facts as (select * from computed) " if then else ""
        return [
            _explain(connection, one, customer_id, as_of, since.get(one.name), known)
            for one in definition.load_all("segment")
        ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one refresh judges by, and for whom."""

    as_of: datetime
    limits: str
    everybody: bool
    by_row: set[str]
    """Segments whose files look at one row of facts and nothing else."""


@dataclass(slots=True)
class _Found:
    """What became of each segment: how it moved, or why it could not be judged."""

    moved: dict[str, Moved] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def _reading_more(connection: Connection, segments: list[Definition]) -> set[str]:
    """Those whose files read more of ours than facts and limits."""
    known = {row["name"] for row in rows(connection, "definitions/readable")}
    return {one.name for one in segments if one.mentions(known - FOLLOWED)}


def _choose(connection: Connection, reads_more: bool, as_of: datetime) -> bool:
    """Fill `chosen` with whom the files can see to have changed, and their facts.

    Returns whether judging everybody would be less work.
    """
    run(connection, "membership/choose", as_of=as_of, reads_more=reads_more)
    (chosen,) = rows(connection, "definitions/named")
    if chosen["is_everybody"] or _is_many(connection, chosen["chosen"]):
        return True
    run(connection, "membership/facts_of_chosen")
    return False


def _judge_all(
    connection: Connection, segments: list[Definition], asked: _Asked
) -> _Found:
    """Judge every segment; those that are judged for the chosen only move together."""
    found = _Found()
    together = []
    for segment in segments:
        digest = segment.digest(asked.limits)
        try:
            with connection.begin_nested():
                is_whole = _bring_up(connection, segment, digest, asked)
                if is_whole:
                    found.moved |= _move(connection, [segment.name], asked.as_of, True)
        except DefinitionError as error:
            found.refused[segment.name] = str(error)
            digest = "could not be judged"
        else:
            together += [] if is_whole else [segment.name]
        segment.remember(connection, digest, asked.as_of)
        if asked.everybody:
            connection.exec_driver_sql("truncate judged")
    found.moved |= _move(connection, together, asked.as_of, is_whole=False)
    return found


def _bring_up(
    connection: Connection, segment: Definition, digest: str, asked: _Asked
) -> bool:
    """Judge one segment; returns whether that was for everybody."""
    rules = _rules(connection, segment)
    is_whole = (
        asked.everybody
        or not rules.has_recheck
        or not segment.is_known(connection, digest, asked.as_of)
    )
    by_row = not is_whole and segment.name in asked.by_row
    facts_of = FACTS_OF_CHOSEN if by_row else ""
    who = WHO_IS_IN if asked.everybody else "" if is_whole or by_row else WHO_IS_CHOSEN
    _judge(connection, segment, rules, asked.as_of, facts_of, who)
    values = {"segment": segment.name}
    for row in rows(connection, "membership/duplicate", **values):
        raise DefinitionError(
            f"{segment.place}: it returns customer {row['customer_id']} more than once"
        )
    return is_whole


@dataclass(frozen=True, slots=True)
class _Rules:
    names: tuple[str, ...]
    has_recheck: bool


def _rules(connection: Connection, segment: Definition) -> _Rules:
    columns = segment.columns(connection)
    names = [column.name for column in columns]
    if "customer_id" not in names:
        raise DefinitionError(f"{segment.place}: it returns no column customer_id")
    for column in columns:
        if column.name not in NO_RULES and not column.is_boolean:
            raise DefinitionError(
                f"{segment.place}: column '{column.name}' is neither true nor false; "
                "besides customer_id and recheck_at, every column is a rule"
            )
    rules = tuple(name for name in names if name not in NO_RULES)
    return _Rules(rules, "recheck_at" in names)


def _judge(
    connection: Connection,
    segment: Definition,
    rules: _Rules,
    as_of: datetime,
    facts_of: str,
    who: str,
) -> None:
    """Run the unchanged file; fills `judged`. Postgres pushes `who` into its select."""
    quote = connection.dialect.identifier_preparer.quote
    all_true = " and ".join(quote(rule) for rule in rules.names) or "true"
    statement = (
        f"insert into judged {facts_of}select :segment, * from (select customer_id,"
        f" coalesce({all_true}, false) as is_member,"
        f" {'recheck_at' if rules.has_recheck else 'null::timestamptz'} as recheck_at"
        f" from (\n{segment.select}\n) as judged) as judged {who}"
    )
    try:
        values = {"as_of": as_of, "segment": segment.name}
        connection.execute(text(statement), values)
    except DBAPIError as error:
        raise segment.refused(error) from None


def _recheck_everybody(
    connection: Connection, segments: list[Definition], as_of: datetime
) -> dict[str, str]:
    """Note when all are to be judged again; returns why some files could not say."""
    telling = [one for one in segments if _rules(connection, one).has_recheck]
    refused = rechecks.of_everybody(connection, telling, as_of)
    for segment in telling:
        if segment.name in refused:
            segment.remember(connection, "could not be judged", as_of)
    return refused


def _move(
    connection: Connection, names: list[str], as_of: datetime, is_whole: bool
) -> dict[str, Moved]:
    values = {"segments": names, "as_of": as_of, "is_whole": is_whole}
    return {
        row["segment"]: Moved(row["joined_count"], row["left_count"], row["size"])
        for row in rows(connection, "membership/move", **values)
    }


def _is_many(connection: Connection, chosen: int) -> bool:
    if chosen < FEW:
        return False
    return bool(run(connection, "membership/many", chosen=chosen).scalar_one())


def _explain(
    connection: Connection,
    segment: Definition,
    customer_id: int,
    as_of: datetime,
    joined_at: datetime | None,
    known: str,
) -> Explained:
    rules = _rules(connection, segment)
    statement = f"{known}select * from (\n{segment.select}\n) as judged {WHO_IS_THIS}"
    values = {"as_of": as_of, "customer_id": customer_id}
    found = connection.execute(text(statement), values).mappings().first()
    row = dict(found or {})
    seen = {rule: row.get(rule) for rule in rules.names}
    return Explained(
        segment=segment.name,
        question=segment.question,
        rules=seen,
        is_member=bool(row) and all(seen.values()),
        joined_at=joined_at,
        recheck_at=row.get("recheck_at"),
    )
