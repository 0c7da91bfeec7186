"""An invented shop of any size: the same for the same seed, made inside Postgres."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, Engine, text

from tasks import database
from tasks.bare_tables import bare

TABLES = (
    "orders",
    "order_lines",
    "identifiers",
    "identifier_links",
    "customers",
    "profiles",
    "consents",
    "refunds",
    "reviews",
    "interactions",
)

# One junk phone for so many people: about sixty of them then give it.
PEOPLE_PER_JUNK_PHONE = 10_000


@dataclass(frozen=True)
class World:
    """How large a shop, over the three years that end at `until`.

    `is_identified` resolves who is whom as `identify` would, which large databases
    save an hour with; `with_lines` gives the orders their lines.
    """

    customers: int
    orders_per_customer: float = 10
    seed: int = 1
    until: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    is_identified: bool = True
    with_lines: bool = True

    @property
    def junk_phones(self) -> int:
        """How many telephone numbers are everybody's."""
        return self.customers // PEOPLE_PER_JUNK_PHONE


def fill(
    engine: Engine, world: World, report: Callable[[str], None] = lambda step: None
) -> dict[str, int]:
    """Fill the final tables of an empty database; gives the rows of each table.

    Raises:
        ValueError: the database already holds customers or orders.
    """
    _refuse_used(engine)
    values = asdict(world) | {"junk_phones": world.junk_phones}
    _open(engine, world, values)
    with bare(engine, TABLES):
        report("people")
        _people(engine, world, values)
        report("orders")
        _orders(engine, world, values)
        report("what follows from orders")
        _side_by_side(engine, ["refunds", "reviews", "interactions"], values)
        report("keys and indexes")
    _settle(engine, world)
    with engine.connect() as connection:
        return {
            name: connection.execute(text(f"select count(*) from {name}")).scalar_one()
            for name in TABLES
        }


def day(engine: Engine, seed: int, date: date, share: float) -> dict[str, int]:
    """Let one day happen to about `share` of the customers; gives rows per change.

    Everything comes in as loading would bring it, through the same triggers; whoever
    is new waits for `identify`. The same day of the same seed brings the same.
    """
    begins = datetime.combine(date, time(), UTC)
    values = {"seed": seed + begins.toordinal(), "begins": begins, "share": share}
    changed = {}
    with engine.begin() as connection:
        for name in DAY:
            changed[name] = database.run(
                connection, f"world/day_{name}", **values
            ).rowcount
    return changed


# In this order, since later changes happen to what earlier ones brought.
DAY = (
    "people",
    "accounts",
    "same_people",
    "orders",
    "late_orders",
    "progress",
    "deleted",
    "lines",
    "refunds",
    "refund_ends",
    "reviews",
    "interactions",
    "consents",
)


def digest(connection: Connection) -> dict[str, tuple[int, int]]:
    """Rows and a number made of them, per table: equal for equal contents."""
    return {name: _digest(connection, name) for name in TABLES}


def _digest(connection: Connection, table: str) -> tuple[int, int]:
    held, made = connection.exec_driver_sql(
        f"select count(*), sum(hashtextextended(cast({table}.* as text), 0))"
        f" from {table}"
    ).one()
    return held, int(made or 0)


def _refuse_used(engine: Engine) -> None:
    with engine.connect() as connection:
        for table in ("customers", "identifiers", "orders"):
            used = connection.execute(
                text(f"select exists (select from {table})")
            ).scalar()
            if used:
                raise ValueError(
                    f"the table {table!r} of this database already holds rows, and a"
                    " world fills an empty one only: set DATABASE_URL to a new database"
                )


def _open(engine: Engine, world: World, values: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("drop schema if exists world cascade")
        database.run(connection, "world/open")
        database.run(connection, "world/spec", **values)


def _people(engine: Engine, world: World, values: dict[str, Any]) -> None:
    with engine.begin() as connection:
        database.run(connection, "world/people", **values)
        connection.exec_driver_sql("analyze world.people")
    _side_by_side(engine, ["identifiers", "links", "profiles", "consents"], values)
    if world.is_identified:
        _side_by_side(engine, ["customers"], values)


def _orders(engine: Engine, world: World, values: dict[str, Any]) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("set local work_mem = '512MB'")
        database.run(connection, "world/order_times", **values)
        count = connection.exec_driver_sql(
            "select count(*) from world.order_times"
        ).scalar_one()
    for part in ["orders", "order_lines"] if world.with_lines else ["orders"]:
        halves = [(0, count // 2), (count // 2, count)]
        _side_by_side(
            engine,
            [part, part],
            *({**values, "after": after, "last": last} for after, last in halves),
        )
    with engine.begin() as connection:
        connection.exec_driver_sql("drop table world.order_times")


def _side_by_side(engine: Engine, names: list[str], *values: dict[str, Any]) -> None:
    """Run the files at the same time, on as many cores; one value set is for all."""
    each = values if len(values) == len(names) else values * len(names)

    def fill_one(name: str, binds: dict[str, Any]) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("set local work_mem = '256MB'")
            database.run(connection, f"world/{name}", **binds)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill_one, names, each))


def _settle(engine: Engine, world: World) -> None:
    """Let the next rows get the next numbers, and everybody wait for their facts."""
    with engine.begin() as connection:
        database.run(connection, "world/settle", is_identified=world.is_identified)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
        alone.exec_driver_sql(f"vacuum (analyze) {', '.join(TABLES)}")
