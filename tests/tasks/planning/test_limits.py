"""Where there is no room: quotas, rewards and budgets, and who lost out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.channels.mail import MailAccount
from tasks.delivery import dead
from tasks.planning import approval, rewards
from tasks.planning.plan import Planned, plan
from tests.ledger_world import NOON, campaign, people

pytestmark = pytest.mark.usefixtures("home")

TOMORROW = datetime(2027, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai


def account(**changes: Any) -> dict[str, Any]:
    given = {"host": "localhost", "sender": "Shop <shop@shop.example>"} | changes
    return {"mail": {"shop": MailAccount(**given)}}


def planned(
    engine: Engine,
    root: Path,
    at: datetime = NOON,
    limits: dict[str, Any] | None = None,
    **changes: Any,
) -> Planned:
    chosen = campaign(root, **changes)
    return plan(engine, chosen, at, known_accounts=account(**limits or {}))


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.begin() as connection:
        return list(connection.execute(text(query)))


def rewarding(
    value: str = "5", codes: str = "prefix: TEA", budget: str = "total: 20"
) -> dict[str, Any]:
    """Changes that give the only step a reward."""
    reward = f"{{value: {value}, {codes}, budget: {{{budget}}}, valid_for: 7 days}}"
    return {"steps": {"hello": f"0 days, reward: {reward}"}}


def test_an_account_is_not_planned_beyond_its_quota(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 10)
    run = planned(engine, tmp_path, limits={"per_day": 3}, latest="1 days")
    assert run.decisions == {
        ("planned", None): 3,
        ("deferred", "quota"): 3,
        ("skipped", "quota"): 4,
    }
    assert run.lost_out["deferred", "quota", "mail shop"] == 3
    waiting = "select distinct not_before from touch where decision = 'deferred'"
    assert [row[0] for row in rows(engine, waiting)] == [TOMORROW]


def test_the_quota_that_others_have_spent_is_gone(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 4)
    first = planned(engine, tmp_path, limits={"per_day": 5}, purpose="service")
    second = planned(
        engine, tmp_path, limits={"per_day": 5}, purpose="service", name="other"
    )
    assert (first.planned, second.planned) == (4, 1)


def test_a_ramp_gives_each_day_its_own_quota(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        people(connection, 9)
    limits = {"ramp_up": (1, 2, 4), "started_on": NOON.date()}
    planned(engine, tmp_path, limits=limits)
    found = rows(engine, "select not_before, count(*) from touch group by 1 order by 1")
    days = [TOMORROW + timedelta(days=n) for n in range(3)]
    assert [tuple(row) for row in found] == [
        *((NOON, 1), (days[0], 2), (days[1], 4), (days[2], 2)),
    ]


def test_a_reward_comes_with_the_message_and_its_words(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 2)
    run = planned(engine, tmp_path, **rewarding())
    assert (run.planned, run.cost) == (2, Decimal(10))
    found = rows(
        engine,
        "select touch.params -> 'reward' as told, rewards.code from touch"
        " inner join rewards on touch.touch_id = rewards.touch_id",
    )
    for told, code in found:
        assert told == {
            "code": code,
            "value": "5",
            "currency": "CNY",
            "until": "2027-03-08",
        }
        assert code.startswith("TEA") and len(code) == 15
    assert len({code for _, code in found}) == 2


def test_never_more_than_the_budget_is_given_and_the_rest_is_named(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 9)
    changes = rewarding(budget="total: 20, per_day: 10")
    run = planned(engine, tmp_path, **changes)
    assert run.lost_out == {
        ("deferred", "no_reward", "its budget of the day"): 2,
        ("skipped", "no_reward", "its total budget"): 5,
    }
    again = planned(engine, tmp_path, NOON + timedelta(days=1), **changes)
    assert (run.planned, again.planned) == (2, 2)
    assert rows(engine, "select sum(value) from rewards")[0][0] == 20


def test_two_planners_at_once_give_no_more_than_the_budget(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 40)
    chosen = [
        campaign(
            tmp_path,
            name="thanks",
            audience="-- Who?\nselect customers.customer_id, 'order ' ||"
            f" customers.customer_id as occasion, customers.customer_id % 2 = {half}"
            " as is_mine, customers.name from customers\n",
            **rewarding(budget="total: 55"),
        )
        for half in (0, 1)
    ]
    with ThreadPoolExecutor(2) as pool:
        runs = pool.map(
            lambda one: plan(engine, one, NOON, known_accounts=account()), chosen
        )
        assert sum(run.planned for run in runs) == 11
    assert rows(engine, "select sum(value) from rewards")[0][0] == 55


def test_a_pool_gives_each_code_once_and_then_no_more(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 4)
        assert rewards.load(connection, "spring", ["A", "B", "B", "C"]) == 3
    changes = rewarding(codes="pool: spring", budget="total: 100")
    run = planned(engine, tmp_path, **changes)
    assert run.planned == 3
    assert run.lost_out == {("deferred", "no_reward", "the pool spring"): 1}
    codes = [row.code for row in rows(engine, "select code from rewards order by code")]
    assert codes == ["A", "B", "C"]
    with engine.begin() as connection:
        rewards.load(connection, "spring", ["D"])
    later = planned(engine, tmp_path, NOON + timedelta(days=1), **changes)
    assert later.planned == 1


def test_what_is_not_sent_gives_its_reward_back(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        people(connection, 3)
        rewards.load(connection, "spring", ["A", "B"])
    changes = rewarding(codes="pool: spring", budget="total: 10")
    run = planned(engine, tmp_path, more="approve_over: 1", **changes)
    assert (run.state, run.planned) == ("waiting", 2)
    with engine.begin() as connection:
        approval.reject(connection, run.campaign_run_id, "Li")
    left = rows(engine, "select voided_because, code from rewards order by code")
    assert [tuple(row) for row in left] == [("rejected", "A"), ("rejected", "B")]
    assert rows(engine, "select count(touch_id) from reward_codes")[0][0] == 0


def test_a_code_that_may_have_been_seen_goes_to_nobody_else(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1)
        rewards.load(connection, "spring", ["A"])
    changes = rewarding(codes="pool: spring", budget="total: 5")
    planned(engine, tmp_path, **changes)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into attempt (touch_id, lease_id, number)"
                " select touch_id, 1, 1 from touch"
            )
        )
        connection.execute(
            text(
                "insert into outcome (touch_id, happened_at, number, outcome)"
                " select touch_id, now(), 1, 'bounced' from touch"
            )
        )
        assert rewards.void(connection, NOON) == 1
        assert rewards.void(connection, NOON) == 0
        people(connection, 1)
    assert planned(engine, tmp_path, **changes).lost_out == {
        ("deferred", "no_reward", "the pool spring"): 1
    }


def test_a_message_whose_code_is_void_is_not_released(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 2)
        rewards.load(connection, "spring", ["A", "B"])
    planned(engine, tmp_path, **rewarding(codes="pool: spring", budget="total: 99"))
    with engine.begin() as connection:
        ids = list(connection.execute(text("select touch_id from touch")).scalars())
        fail = text(
            "insert into outcome (touch_id, happened_at, number, outcome)"
            " values (:id, now(), 0, 'failed')"
        )
        connection.execute(fail, {"id": ids[0]})
        assert rewards.void(connection, NOON) == 1
        connection.execute(fail, {"id": ids[1]})
        assert dead.release(connection, ids, "Li", NOON) == 1
        (left,) = dead.letters(connection)
        assert (left.touch_id, left.has_void_reward) == (ids[0], True)


def test_a_reward_without_a_rate_says_what_to_do(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1)
    changes = rewarding(codes="prefix: TEA, currency: GBP")
    with pytest.raises(rewards.RewardError, match="regulars facts rate GBP"):
        planned(engine, tmp_path, **changes)


def test_the_budget_says_who_does_not_fit_in(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        people(connection, 9)
    run = planned(
        engine,
        tmp_path,
        limits={"price": "0.05"},
        more="budget: {per_day: 0.2, total: 0.3}",
    )
    assert (run.planned, run.cost) == (4, Decimal("0.20"))
    assert run.lost_out == {
        ("deferred", "budget", "per day"): 2,
        ("skipped", "budget", "total"): 3,
    }
    tomorrow = planned(
        engine,
        tmp_path,
        NOON + timedelta(days=1),
        limits={"price": "0.05"},
        more="budget: {per_day: 0.2, total: 0.3}",
    )
    assert tomorrow.planned == 2


def test_a_dear_plan_waits_for_a_person(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        people(connection, 3)
    more = "budget: {approve_over: 10}"
    cheap = planned(engine, tmp_path, limits={"price": "1"}, more=more)
    dear = planned(
        *(engine, tmp_path, NOON, {"price": "4"}),
        more=more,
        purpose="service",
        name="dear",
    )
    assert (cheap.state, dear.state) == ("planned", "waiting")


def test_files_changed_after_planning_need_a_new_approval(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 3)
    first = planned(engine, tmp_path, more="approve_over: 2")
    changed = campaign(tmp_path, more="approve_over: 2\npriority: 60")
    with (
        engine.begin() as connection,
        pytest.raises(approval.ApprovalError, match="were changed after"),
    ):
        approval.approve(connection, first.campaign_run_id, "Li", changed.version)
    second = plan(engine, changed, NOON, known_accounts=account())
    assert (second.state, second.planned) == ("waiting", 3)
    with engine.begin() as connection:
        with pytest.raises(approval.ApprovalError, match="does not wait"):
            approval.approve(connection, first.campaign_run_id, "Li")
        answered = approval.approve(
            connection, second.campaign_run_id, "Li", changed.version
        )
    assert answered == 3
    found = rows(
        engine,
        "select distinct campaign_runs.version from touch inner join campaign_runs on"
        " coalesce(touch.replanned_in, touch.campaign_run_id)"
        " = campaign_runs.campaign_run_id",
    )
    assert [row.version for row in found] == [changed.version]
    open_orders = "select sum(cardinality(touch_ids)) from chunk where state = 'open'"
    assert rows(engine, open_orders)[0][0] == 3
