"""Who is who: joins identifiers seen together into customers, and parts them again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any

from sqlalchemy import Connection, Engine, RowMapping

from tasks.database import rows, run

# A phone beside more buyers of one shop than this is the shop's own, not a person's.
SHARED_CAP = 10
# More identifiers than this are not glued into one person by a machine.
CLUSTER_CAP = 50
# Identifiers that have no customer yet count from here, after every customer.
NEW_FROM = 1 << 60
# Fewer identifiers and customers than this are not worth a second connection.
MANY = 100_000


@dataclass(frozen=True, slots=True)
class Identified:
    """What one run of identify changed."""

    new_customers: int
    merges: int
    parted: int
    conflicts: int
    assigned_orders: int


@dataclass(frozen=True, slots=True)
class Undone:
    """Whether the two sides of a merge are two customers now, and if not, why not."""

    parted: bool
    kept_id: int
    merged_id: int
    joined_by: tuple[str, ...] = ()


def identify(
    engine: Engine,
    as_of: datetime,
    shared_cap: int = SHARED_CAP,
    cluster_cap: int = CLUSTER_CAP,
) -> Identified:
    """Give every new identifier its customer and follow every new link, once.

    Reads what is new and its neighbourhood, never the whole graph; one run at a time.
    Who is one person does not depend on the order in which links arrive. One
    transaction, or for very many two at once: whatever becomes of them, each person is
    joined whole or not yet, and the next run does what is left.
    """
    with engine.begin() as connection:
        run(connection, "identify/gather", new_from=NEW_FROM)
        shared = run(
            connection,
            "identify/find_shared",
            new_from=NEW_FROM,
            shared_cap=shared_cap,
            as_of=as_of,
        ).scalar_one()
        parted = _part(connection, as_of, "through an identifier that many share")
        if shared or parted.has_looked:
            run(connection, "identify/look_again", new_from=NEW_FROM)
        held = _gather_clusters(connection, as_of, cluster_cap)
        # A second connection sees nothing of what this one wrote.
        has_written = bool(shared or parted.has_looked)
        joined = _join(engine, connection, as_of, has_written)
        assigned = run(connection, "identify/assign").scalar_one()
        run(connection, "identify/describe")
    return Identified(
        new_customers=parted.new_customers + joined.new_customers,
        merges=joined.merged,
        parted=parted.parted,
        conflicts=shared + held,
        assigned_orders=assigned,
    )


def read_everybody(engine: Engine) -> None:
    """Write anew what every customer is like and said last, from all that came."""
    with engine.begin() as connection:
        run(connection, "identify/everybody")
        run(connection, "identify/describe")


def undo(engine: Engine, merge_id: int, reason: str, as_of: datetime) -> Undone:
    """Part a merged customer from the one it was glued to, for good.

    Every link between the two sides is rejected, so that no later run follows it;
    what was linked to one side later stays with that side, and orders go back with
    the identifier that bought.

    Raises:
        LookupError: there is no such merge, or it was undone before.
    """
    with engine.begin() as connection:
        merge = _merge(connection, merge_id)
        if merge["undone_at"]:
            raise LookupError(
                f"merge {merge_id} was undone on {merge['undone_at']:%Y-%m-%d}: "
                "nothing is left to do"
            )
        because = {"because": reason, "as_of": as_of}
        run(connection, "identify/undo", merge_id=merge_id, **because)
        _part(connection, as_of, reason)
        left = _merge(connection, merge_id)
        joined_by = () if left["undone_at"] else _joined_by(connection, merge_id)
    return Undone(
        parted=left["undone_at"] is not None,
        kept_id=left["kept_id"],
        merged_id=left["merged_id"],
        joined_by=joined_by,
    )


def redo(engine: Engine, merge_id: int, as_of: datetime) -> Identified:
    """Take an undo back: its links hold again and are followed at once.

    Raises:
        LookupError: there is no such merge.
    """
    with engine.begin() as connection:
        _merge(connection, merge_id)
        run(connection, "identify/redo", merge_id=merge_id)
        run(connection, "identify/release", as_of=as_of)
    return identify(engine, as_of)


def mark_junk(
    engine: Engine, kind: str, value: str, reason: str, as_of: datetime
) -> Identified:
    """Never join people through this identifier; parts those whom it had joined.

    Raises:
        LookupError: no such identifier is known, or it is marked already.
    """
    with engine.begin() as connection:
        given = {"kind": kind, "value": value}
        marked = rows(connection, "identify/mark_junk", because=reason, **given)
        _must_be_known(connection, bool(marked), kind, value)
        run(connection, "identify/release", as_of=as_of)
    return identify(engine, as_of)


def trust(engine: Engine, kind: str, value: str, as_of: datetime) -> Identified:
    """Believe that this identifier is one person's, and follow its links again.

    Raises:
        LookupError: no such identifier is known, or it is trusted already.
    """
    with engine.begin() as connection:
        given = {"kind": kind, "value": value}
        trusted = rows(connection, "identify/trust", as_of=as_of, **given)
        _must_be_known(connection, bool(trusted), kind, value)
        run(connection, "identify/release", as_of=as_of)
    return identify(engine, as_of)


@dataclass(frozen=True, slots=True)
class _Parted:
    new_customers: int = 0
    parted: int = 0
    has_looked: bool = False


@dataclass(frozen=True, slots=True)
class _Joined:
    new_customers: int
    merged: int

    def __add__(self, other: "_Joined") -> "_Joined":
        return _Joined(
            self.new_customers + other.new_customers, self.merged + other.merged
        )


def _part(connection: Connection, as_of: datetime, because: str) -> _Parted:
    if not run(connection, "identify/affected").scalar_one():
        return _Parted()
    run(connection, "identify/split_gather")
    _settle(connection)
    found = run(connection, "identify/split", as_of=as_of, because=because)
    return _Parted(**found.mappings().one(), has_looked=True)


def _gather_clusters(connection: Connection, as_of: datetime, cluster_cap: int) -> int:
    """Label who is one person; returns how many clusters a person must look at."""
    run(connection, "identify/merge_gather", new_from=NEW_FROM)
    _settle(connection)
    run(connection, "identify/leaves")
    held = run(
        connection,
        "identify/hold",
        new_from=NEW_FROM,
        cluster_cap=cluster_cap,
        as_of=as_of,
    )
    return int(held.scalar_one())


def _join(
    engine: Engine, connection: Connection, as_of: datetime, has_written: bool
) -> _Joined:
    """Join every cluster, half of very many of them on a connection of its own.

    The halves share no customer, and so no row. The other half may be committed though
    this one fails: it is whole, and its links are followed.
    """
    many = run(connection, "identify/count_nodes").scalar_one() >= MANY
    if has_written or not many:
        return _join_clusters(connection, as_of)
    run(connection, "identify/halve")
    with (
        ThreadPoolExecutor(1) as pool,
        TemporaryFile() as nodes,
        TemporaryFile() as links,
    ):
        _tell(connection, "nodes_beside", nodes)
        _tell(connection, "links_beside", links)
        beside = pool.submit(_join_beside, engine, as_of, nodes, links)
        try:
            here = _join_clusters(connection, as_of)
        finally:
            there = beside.result()
    return here + there


def _join_clusters(connection: Connection, as_of: datetime) -> _Joined:
    run(connection, "identify/merge", new_from=NEW_FROM, as_of=as_of)
    run(connection, "identify/keep_promise", as_of=as_of)
    found = run(connection, "identify/move", new_from=NEW_FROM, as_of=as_of)
    return _Joined(**found.mappings().one())


def _tell(connection: Connection, table: str, file: IO[bytes]) -> None:
    """Write down what a temporary table holds, which no other connection sees."""
    cursor: Any = connection.connection.cursor()
    cursor.copy_expert(f"copy {table} to stdout (format binary)", file)
    file.seek(0)


def _join_beside(
    engine: Engine, as_of: datetime, nodes: IO[bytes], links: IO[bytes]
) -> _Joined:
    with engine.begin() as connection:
        run(connection, "identify/receive")
        cursor: Any = connection.connection.cursor()
        for table, file in (("nodes", nodes), ("fresh_links", links)):
            cursor.copy_expert(f"copy {table} from stdin (format binary)", file)
            cursor.execute(f"analyze {table}")
        return _join_clusters(connection, as_of)


def _settle(connection: Connection) -> None:
    """Give each component its smallest label; every step more than halves the rest."""
    while run(connection, "identify/disagreeing").scalar_one():
        run(connection, "identify/propagate")


def _merge(connection: Connection, merge_id: int) -> RowMapping:
    found = rows(connection, "identify/one_merge", merge_id=merge_id)
    if not found:
        raise LookupError(
            f"there is no merge {merge_id}: `regulars customers merges` lists them"
        )
    return found[0]


def _joined_by(connection: Connection, merge_id: int) -> tuple[str, ...]:
    between = rows(connection, "identify/still_joined", merge_id=merge_id)
    return tuple(f"{row['kind']} {row['value']}" for row in between)


def _must_be_known(
    connection: Connection, is_changed: bool, kind: str, value: str
) -> None:
    if is_changed:
        return
    if rows(connection, "identify/one_identifier", kind=kind, value=value):
        raise LookupError(f"{kind} '{value}' was marked so before: nothing changed")
    raise LookupError(
        f"no {kind} '{value}' is known: phones are written 8613800000000, "
        "e-mail addresses in lower case"
    )
