"""A goal is an event within its window, counted beside the control group."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tasks.channels.mail import MailAccount
from tasks.planning import goals
from tasks.planning.plan import plan
from tests.ledger_world import NOON, campaign, people

pytestmark = pytest.mark.usefixtures("home")

MAIL = MailAccount(host="localhost", sender="Shop <shop@shop.example>")


def buy(engine: Engine, customer: int, at: datetime, status: str = "paid") -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into orders (source, order_number, status, ordered_at,"
                " updated_at, currency, amount, customer_id)"
                " values ('shop', :key, :status, :at, :at, 'CNY', 1, :id)"
            ),
            {"key": f"{customer} {at}", "status": status, "at": at, "id": customer},
        )


def test_what_counts_is_bought_after_the_message_and_in_time(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        before, soon, late, undone, unsent, _ = people(connection, 6)
    chosen = campaign(tmp_path, more="goal: {event: order, within: 10 days}")
    plan(engine, chosen, NOON, known_accounts={"mail": {"shop": MAIL}})
    sent = NOON + timedelta(hours=1)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into outcome (touch_id, happened_at, number, outcome)"
                " select touch_id, :at, 1, 'accepted' from touch"
                " where customer_id != :unsent"
            ),
            {"at": sent, "unsent": unsent},
        )
    buy(engine, before, NOON)
    buy(engine, soon, sent + timedelta(days=9))
    buy(engine, late, sent + timedelta(days=11))
    buy(engine, undone, sent + timedelta(days=1), "cancelled")
    buy(engine, unsent, sent + timedelta(days=1))
    with engine.begin() as connection:
        then = goals.measure(connection, chosen, NOON + timedelta(days=5))
        now = goals.measure(connection, chosen, NOON + timedelta(days=30))
    assert then == [goals.Reached("hello", False, people=5, reached=0)]
    assert now == [goals.Reached("hello", False, people=5, reached=1)]


def test_the_control_group_is_counted_apart(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        known = people(connection, 60)
    chosen = campaign(
        tmp_path, holdout=50, more="goal: {event: order, within: 10 days}"
    )
    run = plan(engine, chosen, NOON, known_accounts={"mail": {"shop": MAIL}})
    for customer in known:
        buy(engine, customer, NOON + timedelta(days=1))
    held = run.decisions["held_out", "control_group"]
    with engine.begin() as connection:
        found = goals.measure(connection, chosen, NOON + timedelta(days=30))
    assert found == [goals.Reached("hello", True, people=held, reached=held)]


def test_a_campaign_without_a_goal_has_nothing_to_measure(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        assert goals.measure(connection, campaign(tmp_path), NOON) == []
