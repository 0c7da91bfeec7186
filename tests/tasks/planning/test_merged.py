"""Planning for customers who turned out to be one: every occasion once, none lost."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.channels.mail import MailAccount
from tasks.planning.plan import Planned, plan
from tests.ledger_world import NOON, campaign, people

pytestmark = pytest.mark.usefixtures("home")

ACCOUNTS = {"mail": {"shop": MailAccount(host="localhost", sender="s@shop.example")}}
TOMORROW = NOON + timedelta(days=1)
EACH_ORDER = """\
-- Who ordered?
select
    coalesce(customers.merged_into, customers.customer_id) as customer_id,
    'order ' || customers.customer_id as occasion,
    customers.name != 'silent' as is_in,
    customers.name
from customers
"""
SPRING = """\
-- Everybody, in spring.
select customers.customer_id, 'spring' as occasion, true as is_in, customers.name
from customers
where customers.merged_into is null
"""

FIRST_AGAIN = SPRING.replace("'spring'", "'again'")


def planned(engine: Engine, root: Path, at: Any = NOON, **changes: Any) -> Planned:
    given = {"latest": "30 days"} | changes
    return plan(engine, campaign(root, **given), at, known_accounts=ACCOUNTS)


def two_who_wait(engine: Engine, root: Path, audience: str) -> tuple[int, int]:
    """Two customers whose message of `thanks` waits until tomorrow for another one."""
    with engine.begin() as connection:
        kept, gone = people(connection, 2)
    planned(engine, root, name="first")
    waiting = planned(engine, root, audience=audience)
    assert waiting.decisions == {("deferred", "priority"): 2}
    first_is_sent(engine)
    return kept, gone


def first_is_sent(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into outcome (touch_id, happened_at, number, outcome)"
                " select touch_id, not_before, 1, 'accepted' from touch"
                " where campaign = 'first'"
            )
        )


def merge(engine: Engine, kept: int, gone: int) -> None:
    with engine.begin() as connection:
        for table, column in (
            ("customers", "merged_into"),
            ("identifiers", "customer_id"),
        ):
            connection.execute(
                text(f"update {table} set {column} = :kept where customer_id = :gone"),
                {"kept": kept, "gone": gone},
            )


def touch(engine: Engine, customer: int) -> Any:
    """The row of `thanks` that was planned for this customer."""
    with engine.begin() as connection:
        query = "select * from touch where campaign = 'thanks' and customer_id = :id"
        return connection.execute(text(query), {"id": customer}).one()


def test_what_was_deferred_for_a_merged_customer_is_decided_for_the_other_one(
    engine: Engine, tmp_path: Path
) -> None:
    kept, gone = two_who_wait(engine, tmp_path, EACH_ORDER)
    before = touch(engine, gone)
    merge(engine, kept, gone)
    with engine.begin() as connection:
        silence = text("update customers set name = 'silent' where customer_id = :id")
        connection.execute(silence, {"id": kept})
    again = planned(engine, tmp_path, TOMORROW, audience=EACH_ORDER)
    after = touch(engine, gone)
    assert again.decisions[("planned", None)] == 1
    assert (after.decision, after.replanned_in) == ("planned", again.campaign_run_id)
    assert (after.key, after.customer_id) == (before.key, gone)
    assert touch(engine, kept).reason == "no_longer_eligible"


def test_of_two_deferred_for_the_same_occasion_one_goes_out(
    engine: Engine, tmp_path: Path
) -> None:
    kept, gone = two_who_wait(engine, tmp_path, SPRING)
    merge(engine, kept, gone)
    planned(engine, tmp_path, TOMORROW, name="first", audience=FIRST_AGAIN)
    again = planned(engine, tmp_path, TOMORROW, audience=SPRING)
    assert again.decisions == {("deferred", "frequency_cap"): 1}
    first_is_sent(engine)
    last = planned(engine, tmp_path, NOON + timedelta(days=9), audience=SPRING)
    assert last.planned == 1
    decided = [touch(engine, one).decision for one in (kept, gone)]
    assert sorted(decided) == ["planned", "skipped"]


@pytest.mark.parametrize("who", ["kept", "gone"])
def test_who_had_it_as_another_customer_does_not_get_it_again(
    engine: Engine, tmp_path: Path, who: str
) -> None:
    kept, gone = two_who_wait(engine, tmp_path, SPRING)
    had, waits = (kept, gone) if who == "kept" else (gone, kept)
    with engine.begin() as connection:
        connection.execute(
            text("update touch set decision = 'planned' where touch_id = :id"),
            {"id": touch(engine, had).touch_id},
        )
    merge(engine, kept, gone)
    assert planned(engine, tmp_path, TOMORROW, audience=SPRING).planned == 0
    assert touch(engine, waits).decision == "skipped"
