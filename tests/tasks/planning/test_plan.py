"""Planning: one decision per message with its reason, whatever happens around it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.channels.mail import MailAccount
from tasks.planning import approval
from tasks.planning.plan import Planned, plan
from tests.ledger_world import NOON, campaign, people, say

pytestmark = pytest.mark.usefixtures("home")

MAIL = MailAccount(host="localhost", sender="Shop <shop@shop.example>")
ACCOUNTS = {"mail": {"shop": MAIL}}


def planned(engine: Engine, root: Path, at: datetime = NOON, **changes: Any) -> Planned:
    return plan(engine, campaign(root, **changes), at, known_accounts=ACCOUNTS)


def touches(engine: Engine) -> list[Any]:
    with engine.begin() as connection:
        query = text("select * from touch order by touch_id")
        return list(connection.execute(query))


def test_everybody_gets_one_decision_and_planning_again_adds_none(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 20)
    first = planned(engine, tmp_path)
    again = planned(engine, tmp_path)
    assert (first.candidates, first.planned, first.already) == (20, 20, 0)
    assert (again.planned, again.already) == (0, 20)
    assert len(touches(engine)) == 20


def test_two_planners_at_once_plan_nothing_twice(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 300)
    chosen = campaign(tmp_path)

    def go(_: int) -> int:
        return plan(engine, chosen, NOON, known_accounts=ACCOUNTS).planned

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(go, range(4))) == [0, 0, 0, 300]
    assert len(touches(engine)) == 300


def test_each_reason_is_named_and_the_first_counts(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        good, refused, silent, dead, nowhere = (
            people(connection, 1)[0] for _ in "12345"
        )
        say(connection, [refused], "email", False, NOON + timedelta(minutes=1))
        connection.execute(
            text("delete from consents where identifier_id in (select identifier_id"
                 " from identifiers where customer_id in (:silent, :nowhere))"),
            {"silent": silent, "nowhere": nowhere},
        )  # fmt: skip
        connection.execute(
            text("insert into suppressions (channel, address, reason, evidence)"
                 " values ('mail', :address, 'bounced', 'test')"),
            {"address": f"c{dead}@example.org"},
        )  # fmt: skip
        connection.execute(
            text("delete from identifiers where customer_id = :id"), {"id": nowhere}
        )
    assert planned(engine, tmp_path).decisions == {
        ("planned", None): 1,
        ("skipped", "no_consent"): 2,
        ("skipped", "suppressed"): 1,
        ("skipped", "unreachable"): 1,
    }
    (row,) = (one for one in touches(engine) if one.decision == "planned")
    assert (row.customer_id, row.channel, row.account) == (good, "mail", "shop")
    assert row.address == f"c{good}@example.org"


def test_a_service_message_needs_no_consent_but_respects_suppression(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 2, consent=None)
    assert planned(engine, tmp_path, purpose="service").planned == 2


def test_consent_withdrawn_by_another_identifier_counts(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        kinds = {"phone": "86138{}", "email": "c{}@example.org"}
        (one,) = people(connection, 1, kinds=kinds)
        say(connection, [one], "email", False, NOON + timedelta(hours=1))
    assert planned(engine, tmp_path).decisions == {("skipped", "no_consent"): 1}


def test_the_key_is_the_same_for_ever_also_after_a_merge(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        kept, gone = people(connection, 2)
    chosen = campaign(
        tmp_path,
        audience="-- Who?\nselect coalesce(customers.merged_into,"
        " customers.customer_id) as customer_id,"
        " 'order ' || customers.customer_id as occasion, true as is_in,"
        " '' as name from customers\n",
    )
    plan(engine, chosen, NOON, known_accounts=ACCOUNTS)
    before = {row.touch_id: row.key for row in touches(engine)}
    with engine.begin() as connection:
        connection.execute(
            text("update customers set merged_into = :kept where customer_id = :gone"),
            {"kept": kept, "gone": gone},
        )
        connection.execute(
            text(
                "update identifiers set customer_id = :kept where customer_id = :gone"
            ),
            {"kept": kept, "gone": gone},
        )
    again = plan(engine, chosen, NOON, known_accounts=ACCOUNTS)
    assert (again.planned, again.already) == (0, 2)
    assert {row.touch_id: row.key for row in touches(engine)} == before
    assert all(key.isalnum() and len(key) <= 28 for key in before.values())
    assert len(set(before.values())) == 2


def test_the_control_group_is_the_same_people_every_time(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 400)
    first = planned(engine, tmp_path, holdout=25, steps={"hello": "0 days"})
    later = NOON + timedelta(days=1)
    second = planned(
        engine, tmp_path, later, holdout=25, steps={"hello": "0 days", "more": "1 days"}
    )
    held = {("held_out", "control_group"): first.decisions["held_out", "control_group"]}
    assert 60 < held["held_out", "control_group"] < 140
    assert second.decisions["held_out", "control_group"] == sum(held.values())
    groups: dict[str, set[int]] = {"hello": set(), "more": set()}
    for row in touches(engine):
        if row.decision == "held_out":
            groups[row.step].add(row.customer_id)
    assert groups["hello"] == groups["more"]


def test_missed_runs_are_caught_up_until_it_is_too_late(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 3, created_at=NOON - timedelta(days=8))
        people(connection, 5, created_at=NOON - timedelta(days=30))
        people(connection, 7, created_at=NOON - timedelta(days=6))
    run = planned(engine, tmp_path, steps={"hello": "7 days"})
    assert run.decisions == {("planned", None): 3, ("skipped", "too_late"): 5}
    assert run.not_due == 7


def test_quiet_hours_are_those_of_the_customer(engine: Engine, tmp_path: Path) -> None:
    night = datetime(2027, 3, 1, 15, tzinfo=UTC)  # 23:00 in Shanghai, 10:00 in New York
    with engine.begin() as connection:
        (here,) = people(connection, 1)
        (there,) = people(connection, 1, timezone="America/New_York")
        (nowhere,) = people(connection, 1, timezone="Atlantis/Capital")
        (unsaid,) = people(connection, 1, timezone="")
    planned(engine, tmp_path, night, quiet="21:00-09:00")
    when = {row.customer_id: row.not_before for row in touches(engine)}
    morning = datetime(2027, 3, 2, 1, tzinfo=UTC)
    assert when == {here: morning, there: night, nowhere: morning, unsaid: morning}


def test_a_message_that_quiet_hours_make_too_late_is_skipped(
    engine: Engine, tmp_path: Path
) -> None:
    night = datetime(2027, 3, 1, 15, tzinfo=UTC)
    with engine.begin() as connection:
        people(connection, 2, created_at=night)
    run = planned(engine, tmp_path, night, quiet="21:00-09:00", latest="2 hours")
    assert run.decisions == {("skipped", "too_late"): 2}


def test_a_large_plan_waits_and_rejecting_skips_it(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 5)
    run = planned(engine, tmp_path, more="approve_over: 4")
    assert run.state == "waiting"
    with engine.begin() as connection:
        states = connection.execute(text("select distinct state from chunk")).scalars()
        assert list(states) == ["waiting"]
        assert approval.reject(connection, run.campaign_run_id, "Li") == 5
        with pytest.raises(approval.ApprovalError, match="does not wait"):
            approval.approve(connection, run.campaign_run_id, "Li")
        found = connection.execute(text("select state, reason from touch_state"))
        assert {tuple(row) for row in found} == {("skipped", "rejected")}


def test_later_steps_of_a_customer_wait_for_the_earlier_ones(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 2, created_at=NOON - timedelta(days=2))
    planned(engine, tmp_path, steps={"hello": "0 days", "more": "1 days"})
    rows = touches(engine)
    first = {row.customer_id: row.touch_id for row in rows if row.step == "hello"}
    assert {row.after_id for row in rows if row.step == "hello"} == {None}
    assert all(row.after_id == first[row.customer_id] for row in rows if row.after_id)
    assert sum(row.after_id is not None for row in rows) == 2


def test_a_channel_without_an_account_is_passed_over_and_named(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1)
    run = planned(engine, tmp_path, channels="sms, mail")
    assert (run.planned, run.without_account) == (1, ["sms"])


def test_an_account_stays_the_same_for_a_customer(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 60)
    two = {"mail": {"a": MAIL, "b": MAIL}}
    for name in ("one", "two"):
        plan(engine, campaign(tmp_path, name=name), NOON, known_accounts=two)
    chosen: dict[int, set[str]] = {}
    for row in touches(engine):
        chosen.setdefault(row.customer_id, set()).add(row.account)
    assert all(len(accounts) == 1 for accounts in chosen.values())
    assert {name for names in chosen.values() for name in names} == {"a", "b"}


@pytest.mark.parametrize(
    ("messages", "sizes"), [(5, {5}), (250, {50, 100}), (1700, {95, 107})]
)
def test_there_are_orders_for_many_workers_however_few_the_messages(
    engine: Engine, tmp_path: Path, messages: int, sizes: set[int]
) -> None:
    with engine.begin() as connection:
        people(connection, messages)
    planned(engine, tmp_path)
    with engine.begin() as connection:
        query = "select cardinality(touch_ids) from chunk"
        found = list(connection.execute(text(query)).scalars())
    assert set(found) == sizes
    assert sum(found) == messages


@pytest.mark.parametrize("anchor", ["null", "'2027-03-01'"])
def test_who_is_no_customer_is_decided_on_as_well(
    engine: Engine, tmp_path: Path, anchor: str
) -> None:
    with engine.begin() as connection:
        people(connection, 1)
    columns = f"'o' as occasion, cast({anchor} as timestamptz) as anchor_at"
    audience = (
        f"select customer_id, {columns} from customers union all select 99, {columns}"
    )
    run = planned(engine, tmp_path, audience=audience)
    assert run.decisions == {("planned", None): 1, ("skipped", "unreachable"): 1}
