"""What customers are tagged with: by rule files, by the platforms, by staff."""

from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, text
from sqlalchemy.exc import DBAPIError

from tasks.database import rows, run
from tasks.people import definition, thresholds
from tasks.people.definition import Definition, DefinitionError

COLUMNS = ("customer_id", "value", "evidence", "expires_at")
# As a condition on the key, Postgres takes it below any grouping in the file.
WHO_IS_CHOSEN = "and customer_id = any(array(select customer_id from chosen))"


class TagsFailed(DefinitionError):
    """Some tags could not be judged and stay as they were; the rest are done."""


def refresh(engine: Engine, as_of: datetime, full: bool = False) -> dict[str, int]:
    """Bring rule and platform tags up to `as_of`; returns customers by tag.

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
        limits = thresholds.take(connection, as_of)
        if full:
            run(connection, "tagging/everybody")
        run(connection, "tagging/platform")
        _move(connection, "platform", None, as_of, full)
        files = definition.load_all("tag")
        failures = [_bring_up(connection, one, as_of, limits, full) for one in files]
        _forget_others(connection, {one.name for one in files})
        counted = counts(connection)
    told = [failure for failure in failures if failure]
    if told:
        raise TagsFailed("\n".join(told))
    found: dict[str, int] = {}
    for row in counted:
        found[row["tag"]] = found.get(row["tag"], 0) + row["customers"]
    return found


def counts(connection: Connection) -> list[RowMapping]:
    """How many customers carry each tag: tag, origin, customers."""
    return rows(connection, "tagging/counts")


def of_customer(connection: Connection, customer_id: int) -> list[RowMapping]:
    """The tags of a customer: tag, value, origin, source, evidence, when, until."""
    return rows(connection, "tagging/of_customer", customer_id=customer_id)


def _bring_up(
    connection: Connection, tag: Definition, as_of: datetime, limits: str, full: bool
) -> str | None:
    """Judge one tag; returns why it could not be judged, else None."""
    digest = tag.digest(limits)
    try:
        with connection.begin_nested():
            is_whole = full or not _is_known(connection, tag, digest, as_of)
            _judge(connection, tag, as_of, is_whole)
            _move(connection, "rule", tag.name, as_of, is_whole)
    except DefinitionError as error:
        _remember(connection, tag, "could not be judged", as_of)
        return str(error)
    _remember(connection, tag, digest, as_of)
    return None


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
) -> None:
    values = {"origin": origin, "tag": tag, "as_of": as_of, "is_whole": is_whole}
    run(connection, "tagging/move", **values)


def _is_known(
    connection: Connection, tag: Definition, digest: str, as_of: datetime
) -> bool:
    """Whether it was judged with this very text, and not later than now."""
    return any(
        row["name"] == tag.name
        and row["digest"] == digest
        and row["computed_at"] <= as_of
        for row in rows(connection, "definitions/known", kind="tag")
    )


def _remember(
    connection: Connection, tag: Definition, digest: str, as_of: datetime
) -> None:
    run(
        connection,
        "definitions/remember",
        kind="tag",
        name=tag.name,
        question=tag.question,
        digest=digest,
        as_of=as_of,
    )


def _forget_others(connection: Connection, there: set[str]) -> None:
    for row in rows(connection, "definitions/known", kind="tag"):
        if row["name"] not in there:
            run(connection, "tagging/forget", tag=row["name"])
