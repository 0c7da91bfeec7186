"""Caps over any span, one campaign a day, and what is decided again later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.channels.mail import MailAccount
from tasks.planning.plan import Planned, plan
from tests.ledger_world import NOON, campaign, people

pytestmark = pytest.mark.usefixtures("home")

MAIL = MailAccount(host="localhost", sender="Shop <shop@shop.example>")
ACCOUNTS = {"mail": {"shop": MAIL}}


def planned(engine: Engine, root: Path, at: datetime = NOON, **changes: Any) -> Planned:
    return plan(engine, campaign(root, **changes), at, known_accounts=ACCOUNTS)


def sent(engine: Engine, at: datetime) -> None:
    """Everything that was planned and not settled goes out at `at`."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into outcome (touch_id, happened_at, number, outcome)"
                " select touch_id, :at, 1, 'accepted' from touch"
                " where decision = 'planned' and touch_id not in"
                " (select touch_id from outcome)"
            ),
            {"at": at},
        )


def three_days(engine: Engine, root: Path) -> None:
    """A message on each of the three days before NOON: the caps are full."""
    for before, name in ((3, "one"), (2, "two"), (1, "three")):
        day = NOON - timedelta(days=before)
        assert planned(engine, root, day, name=name).planned == 1
        sent(engine, day)


def touches(engine: Engine) -> list[Any]:
    with engine.begin() as connection:
        query = text("select * from touch order by touch_id")
        return list(connection.execute(query))


def test_the_cap_defers_and_the_next_run_decides_again(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1, created_at=NOON - timedelta(days=3))
    three_days(engine, tmp_path)
    capped = planned(engine, tmp_path, name="four", latest="30 days")
    assert capped.decisions == {("deferred", "frequency_cap"): 1}
    assert capped.lost_out == {("deferred", "frequency_cap", "3 in 7 days"): 1}
    assert planned(engine, tmp_path, name="four", latest="30 days").already == 1
    later = NOON + timedelta(days=4)
    again = planned(engine, tmp_path, later, name="four", latest="30 days")
    assert again.decisions == {("planned", None): 1}
    row = touches(engine)[-1]
    assert row.replanned_in == again.campaign_run_id


def test_several_in_one_run_fill_the_cap_and_no_more(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1)
    steps = {name: "0 days" for name in ("a", "b", "c", "d", "e")}
    run = planned(engine, tmp_path, steps=steps, latest="1 days")
    assert run.decisions == {("planned", None): 3, ("skipped", "frequency_cap"): 2}


def test_what_never_went_out_does_not_count_for_the_cap(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1, created_at=NOON - timedelta(days=3))
    three_days(engine, tmp_path)
    with engine.begin() as connection:
        connection.execute(text("update outcome set outcome = 'failed'"))
    assert planned(engine, tmp_path, name="four", latest="30 days").planned == 1


def test_what_is_still_on_its_way_counts_whenever_it_was_planned(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1, created_at=NOON - timedelta(days=20))
    day = NOON - timedelta(days=20)
    planned(engine, tmp_path, day, name="slow", latest="30 days")
    run = planned(engine, tmp_path, name="quick", latest="30 days")
    assert run.lost_out == {("deferred", "priority", "slow"): 1}


def test_one_campaign_a_day_and_the_winner_is_named(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1)
    assert planned(engine, tmp_path, name="first").planned == 1
    second = planned(engine, tmp_path, name="second")
    assert second.lost_out == {("deferred", "priority", "first"): 1}
    (row,) = (one for one in touches(engine) if one.campaign == "second")
    assert row.not_before == datetime(2027, 3, 1, 16, tzinfo=UTC)  # midnight there
    sent(engine, NOON)
    tomorrow = NOON + timedelta(days=1)
    assert planned(engine, tmp_path, tomorrow, name="second").planned == 1


def test_service_messages_neither_wait_for_others_nor_count(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1)
    for name in ("one", "two", "three", "four"):
        run = planned(engine, tmp_path, name=name, purpose="service")
        assert run.planned == 1
    assert planned(engine, tmp_path, name="five").planned == 1


def test_who_lost_the_reason_while_deferred_is_no_longer_eligible(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1, created_at=NOON - timedelta(days=3))
    three_days(engine, tmp_path)
    planned(engine, tmp_path, name="four", latest="30 days")
    with engine.begin() as connection:
        connection.execute(text("update customers set gender = 'f'"))
    planned(engine, tmp_path, NOON + timedelta(days=8), name="four", latest="30 days")
    assert touches(engine)[-1].reason == "no_longer_eligible"
