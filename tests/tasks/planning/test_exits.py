"""Steps, their delays, and what makes a later one needless: planned and due alike."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.channels.mail import MailAccount
from tasks.planning.exits import leave
from tasks.planning.plan import Planned, plan
from tests.ledger_world import NOON, campaign, people, states

pytestmark = pytest.mark.usefixtures("home")

MAIL = MailAccount(host="localhost", sender="Shop <shop@shop.example>")
NEXT_DAY = NOON + timedelta(days=1)
LAUNCH = """\
-- Everybody, once, from the first run on.
select customers.customer_id, 'spring' as occasion, true as is_in, '' as name
from customers
"""


def planned(
    engine: Engine,
    root: Path,
    at: datetime = NOON,
    unless: str = "[goal, refunded, replied]",
    **changes: Any,
) -> Planned:
    """A campaign in two steps, a day apart."""
    given = {
        "steps": {"hello": "0 days", "more": f"1 days, unless: {unless}"},
        "more": "goal: {event: order, within: 30 days}",
    }
    chosen = campaign(root, **given | changes)
    return plan(engine, chosen, at, known_accounts={"mail": {"shop": MAIL}})


def happens(
    engine: Engine, what: str, customer: int, at: datetime, **more: Any
) -> None:
    """An order, a refund or a message of a customer."""
    statements = {
        "order": "insert into orders (source, order_number, status, ordered_at,"
        " updated_at, currency, amount, customer_id)"
        " values ('shop', :key, :status, :at, :at, 'CNY', 1, :id)",
        "refund": "insert into refunds (source, refund_number, status, requested_at,"
        " updated_at, currency, amount, customer_id)"
        " values ('shop', :key, :status, :at, :at, 'CNY', 1, :id)",
        "message": "insert into interactions (source, kind, interaction_key,"
        " happened_at, customer_id) values ('shop', 'message', :key, :at, :id)",
    }
    binds = {"key": f"{what} {customer} {at}", "at": at, "id": customer, **more}
    with engine.begin() as connection:
        connection.execute(text(statements[what]), binds)


def test_each_exit_is_seen_when_the_later_step_is_planned(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        bought, cancelled, returned, wrote, quiet = people(connection, 5)
    planned(engine, tmp_path)
    soon = NOON + timedelta(hours=3)
    happens(engine, "order", bought, soon, status="paid")
    happens(engine, "order", bought, NOON - timedelta(days=9), status="paid")
    happens(engine, "order", cancelled, soon, status="cancelled")
    happens(engine, "refund", returned, soon, status="open")
    happens(engine, "message", wrote, soon)
    happens(engine, "message", quiet, NOON - timedelta(days=9))
    assert planned(engine, tmp_path, NEXT_DAY).decisions == {
        ("planned", None): 2,
        ("skipped", "goal_reached"): 1,
        ("skipped", "refunded"): 1,
        ("skipped", "replied"): 1,
    }


def test_only_the_exits_that_are_named_count(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        (wrote,) = people(connection, 1)
    planned(engine, tmp_path, unless="goal")
    happens(engine, "message", wrote, NOON + timedelta(hours=1))
    assert planned(engine, tmp_path, NEXT_DAY, unless="goal").planned == 1


def test_what_becomes_needless_after_planning_is_not_sent(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        bought, quiet = people(connection, 2)
    planned(engine, tmp_path)
    planned(engine, tmp_path, NEXT_DAY)
    happens(engine, "order", bought, NEXT_DAY, status="paid")
    assert leave(engine, NEXT_DAY) == 1
    assert leave(engine, NEXT_DAY) == 0
    assert states(engine) == {"planned": 3, "skipped": 1}
    with engine.begin() as connection:
        found = connection.execute(
            text("select customer_id, step, reason from touch_state"
                 " where state = 'skipped'")
        )  # fmt: skip
        assert [tuple(row) for row in found] == [(bought, "more", "goal_reached")]
    assert quiet


def test_what_a_sender_has_begun_is_left_to_it(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        (bought,) = people(connection, 1)
    planned(engine, tmp_path)
    planned(engine, tmp_path, NEXT_DAY)
    happens(engine, "order", bought, NEXT_DAY, status="paid")
    with engine.begin() as connection:
        connection.execute(
            text("insert into attempt (touch_id, lease_id, number)"
                 " select touch_id, 1, 1 from touch where step = 'more'")
        )  # fmt: skip
    assert leave(engine, NEXT_DAY) == 0


def test_without_an_anchor_the_steps_count_from_the_first_run(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 2)
    changes = {"audience": LAUNCH, "name": "launch"}
    first = planned(engine, tmp_path, **changes)
    early = planned(engine, tmp_path, NOON + timedelta(hours=20), **changes)
    second = planned(engine, tmp_path, NEXT_DAY, **changes)
    assert (first.planned, first.not_due) == (2, 2)
    assert (early.planned, early.not_due) == (0, 2)
    assert (second.planned, second.not_due) == (2, 0)
