"""Files that marketers write: one select each, with its question in the first line."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

import sql
from tasks.database import rows, run

Kind = Literal["segment", "tag", "threshold"]
FOLDERS: dict[Kind, str] = {
    "segment": "segments",
    "tag": "tags",
    "threshold": "thresholds",
}
# The number of `boolean` among Postgres's types, the same in every version.
BOOLEAN_OID = 16
# Any moment will do to ask for columns.
SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
# Words of a select that looks at several rows to say something of one.
SEVERAL_ROWS = (
    *("over", "group", "having", "distinct", "limit", "offset", "fetch"),
    *("union", "intersect", "except", "recursive"),
)
# A place where facts are read: not `customer_facts.spent`, which is a column of them.
FACTS_READ = r"(?<![\w.])customer_facts\b(?!\s*\.)"
BINDS = re.compile(r"(?<![:\w]):(\w+)")


class DefinitionError(ValueError):
    """A file of sql/segments, tags or thresholds is not right; it says where."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a file returns."""

    name: str
    is_boolean: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """One file: its name, its question, and the select without its semicolon."""

    kind: Kind
    name: str
    question: str
    select: str

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"sql/{FOLDERS[self.kind]}/{self.name}.sql"

    @property
    def reads_thresholds(self) -> bool:
        """Whether it asks for a limit that is taken from everybody."""
        return re.search(r"\bthresholds\b", self.select) is not None

    def mentions(self, names: Iterable[str]) -> set[str]:
        """Those of `names` that it may read: its words, but for lines of comment."""
        return set(re.findall(r"\w+", self._code())) & set(names)

    @property
    def reads_facts_by_row(self) -> bool:
        """Whether it reads facts once, and no row of them for the sake of another."""
        read = re.findall(FACTS_READ, self._code())
        return len(read) == 1 and not self.mentions(SEVERAL_ROWS)

    def _code(self) -> str:
        """The select in small letters, without lines of comment."""
        return re.sub(r"(?m)^\s*--.*$", "", self.select).lower()

    def digest(self, limits: str = "") -> str:
        """What changes when the file does, or a limit that it reads."""
        read = limits if self.reads_thresholds else ""
        return hashlib.sha256((self.select + read).encode()).hexdigest()

    def columns(self, connection: Connection) -> list[Column]:
        """The columns it returns, found by running it for no rows.

        Raises:
            DefinitionError: Postgres refuses it; the message is Postgres's own.
        """
        statement = f"select * from (\n{self.select}\n) as judged limit 0"
        try:
            with connection.begin_nested():
                described = connection.execute(text(statement), {"as_of": SOME_TIME})
        except DBAPIError as error:
            raise self.refused(error) from None
        found = described.cursor.description if described.cursor else ()
        return [Column(one[0], one[1] == BOOLEAN_OID) for one in found]

    def is_known(self, connection: Connection, digest: str, as_of: datetime) -> bool:
        """Whether it was judged with this very text, and not later than `as_of`."""
        return any(
            row["name"] == self.name
            and row["digest"] == digest
            and row["computed_at"] <= as_of
            for row in rows(connection, "definitions/known", kind=self.kind)
        )

    def remember(self, connection: Connection, digest: str, as_of: datetime) -> None:
        """Note that it was judged with this text at `as_of`."""
        run(
            connection,
            "definitions/remember",
            kind=self.kind,
            name=self.name,
            question=self.question,
            digest=digest,
            as_of=as_of,
        )

    def refused(self, error: DBAPIError) -> DefinitionError:
        """What Postgres has against the select, in which line of the file.

        The select must start on the second line of the statement that was run.
        """
        said, _, further = str(error.orig).strip().partition("\n")
        line = re.match(r"LINE (\d+):", further)
        where = f"{self.place}, line {int(line[1]) - 1}" if line else self.place
        return DefinitionError(f"{where}: {said}")


def load(kind: Kind, name: str) -> Definition:
    """Read one file.

    Raises:
        DefinitionError: no such file, no question, or a bind that nobody fills.
    """
    known = names(kind)
    if name not in known:
        raise DefinitionError(
            f"there is no {kind} '{name}': sql/{FOLDERS[kind]} has {', '.join(known)}"
        )
    return _read(kind, name, sql.query(f"{FOLDERS[kind]}/{name}"))


def load_all(kind: Kind) -> list[Definition]:
    """Every file of a kind, by name; raises DefinitionError as `load` does."""
    return [load(kind, name) for name in names(kind)]


def removed(connection: Connection, kind: Kind) -> list[str]:
    """Names that were judged once and have no file any more."""
    known = rows(connection, "definitions/known", kind=kind)
    return sorted({row["name"] for row in known} - set(names(kind)))


def names(kind: Kind) -> list[str]:
    """The names there are, in order."""
    files = (entry.name for entry in sql.folder(FOLDERS[kind]).iterdir())
    return sorted(name.removesuffix(".sql") for name in files if name.endswith(".sql"))


def _read(kind: Kind, name: str, written: str) -> Definition:
    first, _, _ = written.partition("\n")
    definition = Definition(
        kind, name, first.removeprefix("--").strip(), written.strip().rstrip(";")
    )
    if not first.startswith("--"):
        raise DefinitionError(
            f"{definition.place}, line 1: '{first}' is not the question that the file "
            "answers; begin with a comment, `-- Who …?`"
        )
    for bind in BINDS.findall(re.sub(r"--.*|'[^']*'", "", written)):
        if bind != "as_of":
            raise DefinitionError(
                f"{definition.place}: ':{bind}' is filled by nobody; "
                "only :as_of, the moment that counts as now, is"
            )
    return definition
