"""Sending: what is planned leaves once, and everything that comes back is known."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.sandbox.mail import MailDouble
from connectors.sandbox.sms import SmsDouble
from tasks.channels.base import Channel
from tasks.channels.sms import Sms, SmsAccount
from tasks.delivery import dead, doubt, health, ledger
from tasks.delivery.deliver import Delivered, deliver
from tasks.people import consent
from tasks.planning import approval
from tasks.planning.plan import plan
from tests.ledger_world import NOON, campaign, mail, mail_account, people, say, states

pytestmark = pytest.mark.usefixtures("home")
SOON = NOON + timedelta(seconds=1)


def planned(
    engine: Engine, root: Path, double: MailDouble, n: int, **k: Any
) -> list[int]:
    with engine.begin() as connection:
        found = people(connection, n)
    accounts = {"mail": {"shop": mail_account(double)}}
    plan(engine, campaign(root / "campaigns", **k), NOON, known_accounts=accounts)
    return found


def sent(engine: Engine, channel: Channel, **changes: Any) -> Delivered:
    given = {"now": SOON, "limits": channel.settings} | changes
    return deliver(engine, channel, "shop", **given)


def consistent(engine: Engine) -> None:
    with engine.begin() as connection:
        assert ledger.check(connection) == []


def test_everything_planned_leaves_once_in_both_alternatives(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    ids = planned(engine, home, double, 250)
    assert sent(engine, mail(double)).outcomes == {"accepted": 250}
    assert sent(engine, mail(double)).outcomes == {}
    assert sorted(one.recipient for one in double.taken) == sorted(
        f"c{id}@example.org" for id in ids
    )
    assert len({one.key for one in double.taken}) == 250
    assert states(engine) == {"accepted": 250}
    assert double.sessions == 1
    consistent(engine)


def test_the_message_carries_its_key_and_a_way_out(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 1)
    sent(engine, mail(double))
    raw = double.taken[0].content
    with engine.begin() as connection:
        (key,) = connection.execute(text("select key from touch")).scalars()
    assert f"Message-ID: <{key}@shop.example>\r\n".encode() in raw
    assert b"List-Unsubscribe: <https://u.shop.example/u/1" in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


@pytest.mark.parametrize("purpose", ["marketing", "service"])
def test_people_see_the_same_way_out_in_both_alternatives(
    engine: Engine, home: Path, double: MailDouble, purpose: str
) -> None:
    planned(engine, home, double, 2, purpose=purpose)
    sent(engine, mail(double))
    links = set()
    for taken in double.taken:
        letter = message_from_bytes(taken.content, policy=policy.default)
        written = str(letter["List-Unsubscribe"] or "").strip("<>")
        links.add(written)
        for kind in ("plain", "html"):
            part = letter.get_body((kind,))
            assert part is not None
            words = part.get_content()
            assert ("退订" in words) is (purpose == "marketing")
            assert words.count(written) == 1 or not written
    assert len(links) == (2 if purpose == "marketing" else 1)


def test_four_workers_share_the_work_and_send_nothing_twice(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 2600)
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: sent(engine, mail(double)), range(4)))
    assert sum(one.outcomes["accepted"] for one in done) == 2600
    assert len({one.key for one in double.taken}) == len(double.taken) == 2600
    consistent(engine)


def test_who_is_chosen_for_nothing_known_of_her_may_refuse_to_be_chosen(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    one, _ = planned(engine, home, double, 2, more="profiling: false")
    with engine.begin() as connection:
        consent.note(connection, one, "profiling", False, "by phone", NOON)
    assert sent(engine, mail(double)).outcomes == {"accepted": 2}


def test_what_comes_too_late_is_not_sent(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 2)
    late = sent(engine, mail(double), now=NOON + timedelta(days=4))
    assert late.outcomes == {"skipped": 2}
    assert double.taken == []
    consistent(engine)


def test_a_plan_that_waits_for_approval_does_not_leave(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 3, more="approve_over: 2")
    assert sent(engine, mail(double)).outcomes == {}
    with engine.begin() as connection:
        assert approval.approve(connection, 1, "Li") == 3
    assert sent(engine, mail(double)).outcomes == {"accepted": 3}


def test_the_words_are_those_that_were_approved(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 1)
    words = home / "campaigns" / "thanks" / "hello.mail.txt"
    words.write_text("Subject: Edited afterwards\nno\n")
    sent(engine, mail(double))
    assert b"Edited" not in double.taken[0].content


def test_words_that_miss_a_value_fail_one_message_only(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    ids = planned(engine, home, double, 3)
    with engine.begin() as connection:
        connection.execute(
            text("update touch set params = '{}' where customer_id = :id"),
            {"id": ids[0]},
        )
    assert sent(engine, mail(double)).outcomes == {"accepted": 2, "failed": 1}
    with engine.begin() as connection:
        query = "select reason from outcome where outcome = 'failed'"
        reason = connection.execute(text(query)).scalar_one()
    assert "hello.mail.txt:1" in reason and "name" in reason
    consistent(engine)


def test_quiet_hours_also_hold_for_a_lane_that_is_behind(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 2, quiet="21:00-09:00")
    night = NOON + timedelta(hours=10)
    assert sent(engine, mail(double), now=night).outcomes == {}
    assert states(engine) == {"deferred": 2}
    morning = NOON + timedelta(hours=21, minutes=1)
    assert sent(engine, mail(double), now=morning).outcomes == {"accepted": 2}


def test_a_refusal_for_now_is_tried_again_later_and_not_for_ever(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 2, latest="90 days")
    double.fail("content", times=100)
    now = NOON
    for _ in range(8):
        sent(engine, mail(double), now=now)
        now += timedelta(hours=6)
    assert states(engine) == {"failed": 2}
    with engine.begin() as connection:
        query = "select outcome, count(*) from outcome group by 1 order by 1"
        found = [tuple(row) for row in connection.execute(text(query))]
    assert found == [("dead", 2), ("retry", 10)]
    consistent(engine)


def test_failed_ones_can_be_tried_at_once(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 2)
    double.fail("content", times=2)
    assert sent(engine, mail(double)).outcomes == {"retryable": 2}
    assert states(engine) == {"deferred": 2}
    assert sent(engine, mail(double)).outcomes == {}
    assert sent(engine, mail(double), only="failed").outcomes == {"accepted": 2}


def test_an_address_that_does_not_exist_is_never_written_to_again(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    one, _ = planned(engine, home, double, 2)
    double.refused[f"c{one}@example.org"] = "550 5.1.1 no such user"
    assert sent(engine, mail(double)).outcomes["recipient_invalid"] == 1
    assert states(engine) == {"accepted": 1, "failed": 1}
    again = campaign(home / "campaigns", name="again")
    accounts = {"mail": {"shop": mail_account(double)}}
    run = plan(engine, again, NOON + timedelta(days=1), known_accounts=accounts)
    assert run.decisions == {("planned", None): 1, ("skipped", "suppressed"): 1}


def test_a_line_cut_after_the_final_dot_is_in_doubt_and_never_repeated(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 5)
    double.fail("content", "silent", after=2)
    outcomes = sent(engine, mail(double)).outcomes
    assert outcomes == {"accepted": 4, "unknown_outcome": 1}
    sent(engine, mail(double), now=NOON + timedelta(hours=9))
    assert len({one.key for one in double.taken}) == len(double.taken) == 5
    assert states(engine) == {"accepted": 4, "in_doubt": 1}
    with engine.begin() as connection:
        (parked,) = doubt.parked(connection)
    assert (parked.channel, parked.account) == ("mail", "shop")
    consistent(engine)


@pytest.mark.parametrize(
    ("answer", "state", "copies"), [("sent", "accepted", 1), ("again", "accepted", 2)]
)
def test_a_person_resolves_what_is_in_doubt(
    engine: Engine, home: Path, double: MailDouble, answer: Any, state: str, copies: int
) -> None:
    planned(engine, home, double, 1)
    double.fail("content", "silent")
    sent(engine, mail(double))
    with engine.begin() as connection:
        parked = [one.touch_id for one in doubt.parked(connection)]
        assert doubt.resolve(connection, parked, answer, "Li", NOON) == 1
        assert doubt.resolve(connection, parked, answer, "Li", NOON) == 0
        assert doubt.parked(connection) == []
    sent(engine, mail(double))
    assert states(engine) == {state: 1}
    assert len(double.taken) == copies
    consistent(engine)


def test_a_server_that_is_away_costs_no_message_and_lets_the_account_rest(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 300)
    double.stop()
    away = sent(engine, mail(double, rest=300))
    assert away.outcomes == {"not_sent": 100}
    with engine.begin() as connection:
        (account,) = health.accounts(connection)
        assert account.failures_in_a_row == 100 and account.paused_until
        assert health.resume(connection, "mail", "shop") == 1
    double.start()
    # Those that met the closed door wait for their time, the others do not.
    assert sent(engine, mail(double)).outcomes["accepted"] == 200
    later = NOON + timedelta(hours=1)
    assert sent(engine, mail(double), now=later).outcomes["accepted"] == 100
    with engine.begin() as connection:
        (account,) = health.accounts(connection)
        assert account.failures_in_a_row == 0
    assert states(engine) == {"accepted": 300}
    consistent(engine)


def test_wrong_credentials_stop_the_account_until_a_person_resumes_it(
    engine: Engine, home: Path
) -> None:
    with MailDouble(login=("shop", "right")) as double:
        planned(engine, home, double, 3)
        wrong = mail(double, user="shop", password="wrong")
        assert sent(engine, wrong).outcomes == {"config": 3}
        right = mail(double, user="shop", password="right")
        later = NOON + timedelta(hours=1)
        assert sent(engine, right, now=later).outcomes == {}
        with engine.begin() as connection:
            (account,) = health.accounts(connection)
            assert "AUTH was refused: 535" in (account.stopped_because or "")
            health.resume(connection, "mail", "shop")
        assert sent(engine, right, now=later).outcomes == {"accepted": 3}


def test_words_that_are_refused_again_and_again_stop_their_run_only(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 600)
    double.fail("content", reply="554 5.7.1 looks like spam", times=300)
    refused = sent(engine, mail(double, stop_after=40)).outcomes
    assert set(refused) == {"content_rejected"} and refused["content_rejected"] < 300
    left = 600 - refused["content_rejected"]
    with engine.begin() as connection:
        (run,) = health.stopped_runs(connection)
        assert (run.campaign, run.messages) == ("thanks", left)
        assert "refused for what they say: content 554 5.7.1" in run.because
    assert states(engine) == {"failed": 600 - left, "deferred": left}
    consistent(engine)
    double.faults.clear()
    other = campaign(home / "campaigns", name="other")
    plan(
        *(engine, other, NOON),
        known_accounts={"mail": {"shop": mail_account(double)}},
    )
    # Those who still wait for the first one are not written to twice in a week.
    assert sent(engine, mail(double)).outcomes == {"accepted": 600 - left}
    with engine.begin() as connection:
        assert health.resume_run(connection, run.campaign_run_id) == left
        assert health.stopped_runs(connection) == []
    assert sent(engine, mail(double)).outcomes == {"accepted": left}
    consistent(engine)


def test_stopping_finishes_what_is_in_flight_and_frees_the_rest(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 300)
    stop = threading.Event()
    channel = mail(double)
    build = channel.build

    def then_stop(message: Any) -> bytes:
        if len(double.taken) >= 130:
            stop.set()
        return build(message)

    channel.build = then_stop  # type: ignore[method-assign]
    first = sent(engine, channel, stop=stop).outcomes
    assert 100 < first["accepted"] < 300
    assert first["accepted"] == len(double.taken)
    second = sent(engine, mail(double)).outcomes
    assert first["accepted"] + second["accepted"] == 300
    assert len({one.key for one in double.taken}) == len(double.taken) == 300
    consistent(engine)


def test_steps_of_one_customer_arrive_in_their_order(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    with engine.begin() as connection:
        people(connection, 30, created_at=NOON - timedelta(days=2))
    steps = {"first": "0 days", "second": "1 days"}
    chosen = campaign(home / "campaigns", steps=steps)
    accounts = {"mail": {"shop": mail_account(double)}}
    plan(engine, chosen, NOON, known_accounts=accounts)
    double.fail("content", times=7)
    sent(engine, mail(double))
    for hours in (1, 6):
        sent(engine, mail(double), now=NOON + timedelta(hours=hours))
    with engine.begin() as connection:
        found = connection.execute(text("select key, customer_id, step from touch"))
        known = {row.key: (row.customer_id, row.step) for row in found}
    seen: dict[int, list[str]] = {}
    for one in double.taken:
        customer, step = known[one.key]
        seen.setdefault(customer, []).append(step)
    assert len(seen) == 30
    assert all(order == ["first", "second"] for order in seen.values())
    consistent(engine)


def test_the_daily_quota_defers_the_rest_and_says_until_when(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 10)
    channel = mail(double, per_day=4)
    assert sent(engine, channel).outcomes == {"accepted": 4}
    assert sent(engine, channel).outcomes == {}
    with engine.begin() as connection:
        query = "select until, reason from touch_state where state = 'deferred'"
        (row,) = set(connection.execute(text(query)))
    assert row.until == datetime(2027, 3, 1, 16, tzinfo=UTC)  # midnight in Shanghai
    assert row.reason == "the daily quota of account shop is used up"
    tomorrow = NOON + timedelta(days=1)
    assert sent(engine, channel, now=tomorrow).outcomes == {"accepted": 4}
    consistent(engine)


def test_the_monthly_quota_defers_to_the_next_month(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 10, latest="90 days")
    channel = mail(double, per_month=4, per_day=3)
    days = [NOON + timedelta(days=day) for day in range(4)]
    assert [sent(engine, channel, now=day).outcomes["accepted"] for day in days] == [
        *(3, 1, 0, 0),
    ]
    with engine.begin() as connection:
        query = "select until, reason from touch_state where state = 'deferred'"
        (row,) = set(connection.execute(text(query)))
    assert row.until == datetime(2027, 3, 31, 16, tzinfo=UTC)  # April in Shanghai
    assert row.reason == "the monthly quota of account shop is used up"
    april = datetime(2027, 4, 1, 4, tzinfo=UTC)
    assert sent(engine, channel, now=april).outcomes == {"accepted": 3}
    consistent(engine)


def test_a_new_account_ramps_up(engine: Engine, home: Path, double: MailDouble) -> None:
    planned(engine, home, double, 10)
    channel = mail(double, ramp_up=(2, 3), started_on=NOON.date(), per_day=5)
    counts = [
        sent(engine, channel, now=NOON + timedelta(days=day)).outcomes["accepted"]
        for day in range(3)
    ]
    assert counts == [2, 3, 5]


def test_the_rate_is_shared_by_all_workers(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 12)
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        rate = {"rate": 8}
        list(pool.map(lambda _: sent(engine, mail(double, **rate)), range(2)))
    # The bucket is empty at first: twelve messages take a second and a half.
    assert time.monotonic() - began >= 1.4
    assert len(double.taken) == 12


def test_progress_is_settled_also_within_a_slow_batch(
    engine: Engine, home: Path, double: MailDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.delivery.lane.SETTLE_AFTER", 0.0)
    planned(engine, home, double, 5)
    known: list[int] = []
    with engine.connect() as watch:
        take = double.take

        def took(*words: Any) -> int:
            count = watch.execute(text("select count(*) from outcome")).scalar_one()
            watch.rollback()
            known.append(count)
            return take(*words)

        double.take = took  # type: ignore[method-assign]
        sent(engine, mail(double))
    assert known == [0, 1, 2, 3, 4]


def test_what_failed_for_good_is_listed_and_can_be_released(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    planned(engine, home, double, 3, latest="90 days")
    double.fail("content", reply="554 5.7.1 spam", times=2)
    assert sent(engine, mail(double)).outcomes["content_rejected"] == 2
    with engine.begin() as connection:
        found = dead.letters(connection)
        assert {one.reason for one in found} == {"content_rejected: content 554 5.7.1"}
        ids = [one.touch_id for one in found]
        assert dead.release(connection, ids, "Li", NOON) == 2
        assert dead.release(connection, ids, "Li", NOON) == 0
        assert dead.letters(connection) == []
    consistent(engine)
    assert sent(engine, mail(double)).outcomes == {"accepted": 2}
    assert states(engine) == {"accepted": 3}
    consistent(engine)


def test_unreachable_by_one_channel_goes_by_the_next_one(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    with SmsDouble() as phones:
        with engine.begin() as connection:
            kinds = {"email": "c{}@example.org", "phone": "86138{8}"}
            one, two, three = people(connection, 3, kinds=kinds, consent="email,sms")
            say(connection, [two], "sms", False, NOON + timedelta(minutes=1))
        account = SmsAccount.model_validate(
            {
                "access_key": "testId",
                "secret": "testSecret",
                "sign_name": "示例店",
                "templates": {"thanks/hello": {"code": "SMS_1", "params": {}}},
                "url": phones.url,
            }
        )
        accounts = {"mail": {"shop": mail_account(double)}, "sms": {"shop": account}}
        chosen = campaign(home / "campaigns", channels="mail, sms")
        plan(engine, chosen, NOON, known_accounts=accounts)
        for gone in (one, two):
            double.refused[f"c{gone}@example.org"] = "550 5.1.1 no such user"
        sent(engine, mail(double))
        assert states(engine) == {"accepted": 1, "failed": 1, "deferred": 1}
        consistent(engine)
        later = NOON + timedelta(minutes=1)
        by_phone = sent(engine, Sms("shop", account), now=later)
        assert by_phone.outcomes == {"accepted": 1}
    (text_message,) = phones.sent
    assert text_message["PhoneNumbers"].endswith(str(one))
    assert states(engine) == {"accepted": 2, "failed": 1}
    # The mail lane finds nothing of it any more.
    assert sent(engine, mail(double)).outcomes == {}
    consistent(engine)
    assert three in {int(one.recipient[1:].split("@")[0]) for one in double.taken}


def test_a_provider_that_says_when_to_come_back_is_obeyed(
    engine: Engine, home: Path
) -> None:
    with engine.begin() as connection:
        people(connection, 1, kinds={"phone": "86138{8}"}, consent="sms")
    with SmsDouble() as phones:
        account = SmsAccount.model_validate(
            {
                "access_key": "testId",
                "secret": "testSecret",
                "sign_name": "示例店",
                "templates": {"thanks/hello": {"code": "SMS_1", "params": {}}},
                "url": phones.url,
                "timeout": 1,
            }
        )
        accounts = {"sms": {"shop": account}}
        chosen = campaign(home / "campaigns", channels="sms")
        plan(engine, chosen, NOON, known_accounts=accounts)
        phones.fail_with({"Code": "Throttling.User"}, 429, Retry_After="600")
        assert sent(engine, Sms("shop", account)).outcomes == {"rate_limited": 1}
        began = datetime.now(UTC)
        with engine.begin() as connection:
            (health_now,) = health.accounts(connection)
            rest = (health_now.paused_until or began) - began
            assert timedelta(seconds=590) < rest <= timedelta(seconds=600)
            # The account rests by the real clock; the message by that of the run.
            health.resume(connection, "sms", "shop")
        early = SOON + timedelta(seconds=590)
        assert sent(engine, Sms("shop", account), now=early).outcomes == {}
        # Some jitter, a quarter at most.
        late = SOON + timedelta(seconds=760)
        assert sent(engine, Sms("shop", account), now=late).outcomes == {"accepted": 1}
    consistent(engine)


def test_a_provider_that_can_be_asked_is_asked_before_anything_is_repeated(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    with SmsDouble() as phones:
        with engine.begin() as connection:
            kinds = {"phone": "86138{8}"}
            people(connection, 3, kinds=kinds, consent="sms")
        account = SmsAccount.model_validate(
            {
                "access_key": "testId",
                "secret": "testSecret",
                "sign_name": "示例店",
                "templates": {"thanks/hello": {"code": "SMS_1", "params": {}}},
                "url": phones.url,
                "timeout": 1,
            }
        )
        accounts = {"sms": {"shop": account}}
        chosen = campaign(home / "campaigns", channels="sms")
        plan(engine, chosen, NOON, known_accounts=accounts)
        phones.fail("silent")
        phones.fail("reset")
        first = sent(engine, Sms("shop", account)).outcomes
        assert first == {"accepted": 1, "unknown_outcome": 2}
        assert states(engine) == {"accepted": 1, "in_doubt": 2}
        assert sent(engine, Sms("shop", account)).outcomes == {}
        later = NOON + timedelta(minutes=3)
        asked = sent(engine, Sms("shop", account), now=later, only="in_doubt")
        assert asked.outcomes == {"accepted": 1, "not_sent": 1}
        much_later = NOON + timedelta(minutes=10)
        again = sent(engine, Sms("shop", account), now=much_later)
        assert again.outcomes == {"accepted": 1}
    assert len({one["OutId"] for one in phones.sent}) == len(phones.sent) == 3
    assert states(engine) == {"accepted": 3}
    consistent(engine)
