"""What customers are tagged with: by rule files, by the platforms, by staff."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, text
from sqlalchemy.exc import DBAPIError

from tasks.database import rows, run
from tasks.people import definition, thresholds
from tasks.people.definition import Definition, DefinitionError

COLUMNS = ("customer_id", "value", "evidence", "expires_at")
# As a condition on the key, Postgres takes it below any grouping in the file.
WHO_IS_CHOSEN = "and customer_id = any(array(select customer_id from chosen))"


# A tag, how many were given it, how many lost it.
Move = tuple[str, int, int]


class TagsFailed(DefinitionError):
    """Some tags could not be judged and stay as they were; the rest are done."""


@dataclass(slots=True)
class Changed:
    """How many customers were given a tag or a new value of it, and lost it."""

    given: int = 0
    taken: int = 0


def refresh(engine: Engine, as_of: datetime, full: bool = False) -> dict[str, Changed]:
    """Bring rule and platform tags up to `as_of`; returns what changed, by tag.

    Judged are the customers whose facts were computed since the last time, and those
    of whom a tag has expired; everybody for a new or changed file, and with `full`.
    Staff tags are only swept when they expire. One transaction: killed anywhere, the
    next run does all of it.

    Raises:
        TagsFailed: files that Postgres refuses or that break a rule; the other tags
            are up to date, and these are judged in full once mended.
    """
    with engine.begin() as connection:
        run(connection, "tagging/choose", as_of=as_of)
        (chosen,) = rows(connection, "definitions/named")
        limits = thresholds.take(connection, as_of)
        full = full or chosen["is_everybody"]
        if full:
            run(connection, "tagging/everybody")
        run(connection, "tagging/platform")
        moves = _move(connection, "platform", None, as_of, full)
        failures = []
        for tag in definition.load_all("tag"):
            try:
                moves += _bring_up(connection, tag, as_of, limits, full)
            except DefinitionError as error:
                failures.append(str(error))
        for name in definition.removed(connection, "tag"):
            run(connection, "tagging/forget", tag=name)
    if failures:
        raise TagsFailed("\n".join(failures))
    return _added_up(moves)


def counts(connection: Connection) -> list[RowMapping]:
    """How many customers carry each tag: tag, origin, customers."""
    return rows(connection, "tagging/counts")


def of_customer(connection: Connection, customer_id: int) -> list[RowMapping]:
    """The tags of a customer: tag, value, origin, source, evidence, when, until."""
    return rows(connection, "tagging/of_customer", customer_id=customer_id)


def _bring_up(
    connection: Connection, tag: Definition, as_of: datetime, limits: str, full: bool
) -> list[Move]:
    """Judge one tag; a file that cannot be judged leaves its tags as they are."""
    digest = tag.digest(limits)
    try:
        with connection.begin_nested():
            is_whole = full or not tag.is_known(connection, digest, as_of)
            _judge(connection, tag, as_of, is_whole)
            moves = _move(connection, "rule", tag.name, as_of, is_whole)
    except DefinitionError:
        tag.remember(connection, "could not be judged", as_of)
        raise
    tag.remember(connection, digest, as_of)
    return moves


def _judge(
    connection: Connection, tag: Definition, as_of: datetime, is_whole: bool
) -> None:
    """Run the unchanged file for whom it may have changed; fills `judged`."""
    names = _columns(connection, tag)
    evidence, expires_at = (
        name if name in names else "null" for name in ("evidence", "expires_at")
    )
    statement = (
        f"insert into judged select customer_id, '{tag.name}', value, 'rule',"
        f" '{tag.name}', {evidence}, {expires_at} from (\n{tag.select}\n) as judged"
        f" where value is not null {'' if is_whole else WHO_IS_CHOSEN}"
    )
    try:
        connection.execute(text(statement), {"as_of": as_of})
    except DBAPIError as error:
        raise tag.refused(error) from None


def _columns(connection: Connection, tag: Definition) -> list[str]:
    names = [column.name for column in tag.columns(connection)]
    odd = [name for name in names if name not in COLUMNS]
    if odd or "customer_id" not in names or "value" not in names:
        raise DefinitionError(
            f"{tag.place}: it returns {', '.join(names)}; a tag returns customer_id "
            "and value, and may return evidence and expires_at"
        )
    return names


def _move(
    connection: Connection,
    origin: str,
    tag: str | None,
    as_of: datetime,
    is_whole: bool,
) -> list[Move]:
    """Make the stored tags what was judged, touching only what differs."""
    whose = {"origin": origin, "tag": tag, "as_of": as_of, "is_whole": is_whole}
    taken = rows(connection, "tagging/take_away", **whose)
    given = rows(connection, "tagging/put_on", as_of=as_of)
    connection.exec_driver_sql("truncate judged")
    return [
        *((row["tag"], 0, row["changed"]) for row in taken),
        *((row["tag"], row["changed"], 0) for row in given),
    ]


def _added_up(moves: list[Move]) -> dict[str, Changed]:
    found: dict[str, Changed] = {}
    for tag, given, taken in moves:
        changed = found.setdefault(tag, Changed())
        changed.given += given
        changed.taken += taken
    return found
