"""Random shops for properties of the planner: people, refusals, caps, runs, sends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from tasks import database
from tasks.channels.mail import MailAccount
from tasks.planning.plan import Planned, plan
from tests.ledger_world import AUDIENCE, NOON, campaign

ACCOUNTS = {
    "mail": {"shop": MailAccount(host="localhost", sender="Shop <shop@shop.example>")}
}
TABLES = (
    "touch, chunk, campaign_runs, campaign_versions, outcome, attempt, customers,"
    " identifiers, consents, suppressions, touched_customers, identifiers_to_read,"
    " reward_codes, rewards"
)
OFTEN = """\
-- Who is to hear from us again?
select
    customers.customer_id,
    floor(extract(epoch from cast(:as_of as timestamptz)) / {0}) as occasion,
    to_timestamp(floor(extract(epoch from cast(:as_of as timestamptz)) / {0}) * {0})
        as anchor_at,
    customers.gender is null as is_in,
    customers.name
from customers
"""


@dataclass(frozen=True)
class Person:
    """One customer: what she said when, and what stands against writing to her."""

    said: tuple[tuple[int, bool], ...]
    """(hours before the first run, granted)"""
    is_suppressed: bool
    has_address: bool
    timezone: str | None

    @property
    def agrees(self) -> bool:
        """Whether her last word was yes; a yes and a no at once are a no."""
        newest = min((hours for hours, _ in self.said), default=None)
        return newest is not None and all(
            granted for hours, granted in self.said if hours == newest
        )


@dataclass(frozen=True)
class Offer:
    """One campaign as far as it matters here."""

    purpose: str
    quiet: str
    latest: str
    holdout: int
    steps: tuple[str, ...]
    hours_of_an_occasion: int | None = None
    """A new occasion for everybody every so many hours; None: one for ever."""

    def load(self, root: Path, name: str) -> Any:
        """The campaign in a folder of its own."""
        return campaign(
            root,
            name=name,
            purpose=self.purpose,
            quiet=self.quiet,
            latest=self.latest,
            holdout=self.holdout if self.purpose == "marketing" else 0,
            steps={f"step_{n}": after for n, after in enumerate(self.steps)},
            audience=OFTEN.format(self.hours_of_an_occasion * 3600)
            if self.hours_of_an_occasion
            else AUDIENCE,
        )


persons = st.builds(
    Person,
    said=st.lists(
        st.tuples(st.integers(1, 4), st.booleans()), max_size=3, unique=True
    ).map(tuple),
    is_suppressed=st.sampled_from([False, False, False, True]),
    has_address=st.sampled_from([True, True, True, False]),
    timezone=st.sampled_from([None, "Asia/Shanghai", "America/New_York", "Nowhere"]),
)
willing = st.builds(
    Person,
    said=st.just(((1, True),)),
    is_suppressed=st.just(False),
    has_address=st.just(True),
    timezone=st.sampled_from([None, "America/New_York"]),
)
offers = st.builds(
    Offer,
    purpose=st.sampled_from(["marketing", "marketing", "service"]),
    quiet=st.sampled_from(["none", "21:00-09:00", "08:00-20:00"]),
    latest=st.sampled_from(["2 hours", "1 days", "5 days"]),
    holdout=st.sampled_from([0, 0, 40]),
    steps=st.sampled_from([("0 days",), ("0 days", "1 days"), ("6 hours", "2 days")]),
)
frequent = st.builds(
    Offer,
    purpose=st.just("marketing"),
    quiet=st.sampled_from(["none", "21:00-09:00"]),
    latest=st.just("5 days"),
    holdout=st.just(0),
    steps=st.sampled_from([("0 days",), ("0 days", "1 days")]),
    hours_of_an_occasion=st.sampled_from([6, 30]),
)
caps = st.lists(st.tuples(st.integers(1, 2), st.integers(1, 4)), min_size=1, max_size=2)


def build(
    engine: Engine, people: list[Person], read: int = 0, is_counted: bool = False
) -> None:
    """An empty shop, then these people, numbered from 1.

    `read`: so many words of each are known to identify, what came later is not.
    `is_counted`: Postgres knows how many they are, so that they are many for it.
    """
    with engine.begin() as connection:
        connection.exec_driver_sql(f"truncate {TABLES} restart identity cascade")
        known = [_add(connection, n, person) for n, person in enumerate(people, 1)]
        for spoken in range(4):
            for identifier, person in zip(known, people, strict=True):
                for said in person.said[spoken : spoken + 1]:
                    _say(connection, identifier, *said)
            if spoken < read:
                database.run(connection, "identify/describe")
                connection.exec_driver_sql(
                    "drop table read_anew, touched, described, said"
                )
        if is_counted:
            connection.exec_driver_sql("analyze customers")


def run(engine: Engine, chosen: Any, at: datetime) -> Planned:
    """Plan at `at`."""
    return plan(engine, chosen, at, known_accounts=ACCOUNTS)


def send_some(
    engine: Engine, at: datetime, before: datetime, delays: Iterator[int]
) -> None:
    """Send, within a span, what may be sent in it: each after its own hours or never.

    A delay of 0 to 20 hours; more: it fails; most of all: it stays on its way.
    """
    query = (
        "select touch_id, greatest(not_before, :at), latest_at from touch"
        " where decision = 'planned' and latest_at >= :at"
        " and touch_id not in (select touch_id from outcome) order by touch_id"
    )
    with engine.begin() as connection:
        for touch, opens, latest in list(connection.execute(text(query), {"at": at})):
            delay = next(delays)
            moment = opens + timedelta(hours=delay)
            what = "accepted" if delay <= 20 else "failed"
            if delay < 25 and moment < before and moment <= latest:
                connection.execute(
                    text(
                        "insert into outcome (touch_id, happened_at, number, outcome)"
                        " values (:touch, :at, 1, :what)"
                    ),
                    {"touch": touch, "at": moment, "what": what},
                )


def rows(engine: Engine, query: str) -> list[Any]:
    """The rows of a query."""
    with engine.begin() as connection:
        return list(connection.execute(text(query)))


def _add(connection: Connection, number: int, person: Person) -> int:
    connection.execute(
        text(
            "insert into customers (name, created_at, timezone)"
            " values ('顾客', :at, :zone)"
        ),
        {"at": NOON, "zone": person.timezone},
    )
    kind = "email" if person.has_address else "buyer"
    address = f"c{number}@example.org"
    identifier = connection.execute(
        text(
            "insert into identifiers (kind, scope, value, customer_id)"
            " values (:kind, '', :value, :id) returning identifier_id"
        ),
        {"kind": kind, "value": address, "id": number},
    ).scalar_one()
    if person.is_suppressed:
        connection.execute(
            text(
                "insert into suppressions (channel, address, reason, evidence)"
                " values ('mail', :address, 'bounced', 'test')"
            ),
            {"address": address},
        )
    return int(identifier)


def _say(connection: Connection, identifier: int, hours: int, granted: bool) -> None:
    connection.execute(
        text(
            "insert into consents (identifier_id, channel, purpose, is_granted,"
            " source, evidence, decided_at) values (:id, 'email', 'marketing',"
            " :granted, 'test', 'said so', :at)"
        ),
        {"id": identifier, "granted": granted, "at": NOON - timedelta(hours=hours)},
    )
