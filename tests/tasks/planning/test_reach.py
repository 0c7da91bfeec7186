"""Which way each customer is written to: their habit, open conversations, refusals."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from tasks.channels.base import Window
from tasks.channels.mail import MailAccount
from tasks.channels.sms import Sms, SmsAccount
from tasks.people import identify
from tasks.planning.plan import Planned, plan
from tests.ledger_world import NOON, campaign, people, say

pytestmark = pytest.mark.usefixtures("home")

MAIL = MailAccount(host="localhost", sender="Shop <shop@shop.example>")
KINDS = {"email": "c{}@example.org", "phone": "86138{8}"}
LATELY = NOON - timedelta(days=3)


def sms_account() -> SmsAccount:
    return SmsAccount.model_validate(
        {
            "access_key": "id",
            "secret": "secret",
            "sign_name": "木叶",
            "templates": {},
        }
    )


def planned(engine: Engine, root: Path, at: datetime = NOON, **changes: Any) -> Planned:
    chosen = campaign(root, **{"channels": "mail, sms"} | changes)
    accounts = {"mail": {"shop": MAIL}, "sms": {"shop": sms_account()}}
    return plan(engine, chosen, at, known_accounts=accounts)


def ways(engine: Engine) -> dict[int, str | None]:
    """The channel by which each customer is written to, in the last run."""
    query = "select customer_id, channel from touch order by touch_id"
    with engine.begin() as connection:
        return {one: channel for one, channel in connection.execute(text(query))}


def reachable(connection: Connection, number: int) -> list[int]:
    return people(connection, number, kinds=KINDS, consent="email,sms")


def spoke(
    connection: Connection,
    customer: int,
    kind: str,
    by: str = "phone",
    at: datetime = LATELY,
) -> None:
    connection.execute(
        text(
            "insert into interactions (source, kind, interaction_key, happened_at,"
            " identifier_id, customer_id) select 'test', :kind, :key, :at,"
            " identifier_id, customer_id from identifiers"
            " where customer_id = :id and kind = :by"
        ),
        {"kind": kind, "key": f"{customer} {at}", "at": at, "id": customer, "by": by},
    )


def test_the_channel_that_she_used_lately_goes_first(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        plain, wrote, long_ago, ordered = reachable(connection, 4)
        spoke(connection, wrote, "message")
        spoke(connection, long_ago, "message", at=NOON - timedelta(days=200))
        connection.execute(
            text(
                "insert into orders (source, order_number, status, ordered_at,"
                " updated_at, currency, amount, buyer_identifier_id, customer_id)"
                " select 'shop', '1', 'paid', :at, :at, 'CNY', 1, identifier_id,"
                " customer_id from identifiers"
                " where customer_id = :id and kind = 'phone'"
            ),
            {"at": LATELY, "id": ordered},
        )
    planned(engine, tmp_path)
    assert ways(engine) == {
        plain: "mail",
        wrote: "sms",
        long_ago: "mail",
        ordered: "sms",
    }


def test_a_click_in_a_message_is_a_habit(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        clicked, silent = reachable(connection, 2)
    planned(engine, tmp_path, channels="sms", purpose="service", name="earlier")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into outcome (touch_id, happened_at, number, outcome)"
                " select touch_id, :at, 1, 'clicked' from touch"
                " where customer_id = :id"
            ),
            {"at": NOON, "id": clicked},
        )
    planned(engine, tmp_path)
    assert ways(engine) == {clicked: "sms", silent: "mail"}


def test_what_she_asked_for_goes_before_what_she_did(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        (one,) = reachable(connection, 1)
        spoke(connection, one, "message")
        connection.execute(
            text(
                "insert into tags (customer_id, given_to, tag, value, origin, source,"
                " tagged_at) values (:id, :id, 'prefers_channel', 'mail', 'staff',"
                " 'Li', :at)"
            ),
            {"id": one, "at": LATELY},
        )
    planned(engine, tmp_path)
    assert ways(engine) == {one: "mail"}


def test_a_campaign_may_keep_to_its_own_order(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        (one,) = reachable(connection, 1)
        spoke(connection, one, "message")
    planned(engine, tmp_path, more="follow_habit: false")
    assert ways(engine) == {one: "mail"}


def test_a_habit_never_opens_a_way_that_is_closed(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        (one,) = reachable(connection, 1)
        spoke(connection, one, "message")
        say(connection, [one], "sms", False, NOON + timedelta(minutes=1))
    planned(engine, tmp_path)
    assert ways(engine) == {one: "mail"}


def test_a_conversation_must_be_open_and_not_used_up(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(("message",), 1, timedelta(hours=48))
    monkeypatch.setattr(Sms, "windows", (window,))
    with engine.begin() as connection:
        (open_, late, never) = reachable(connection, 3)
        spoke(connection, open_, "message", at=NOON - timedelta(hours=1))
        spoke(connection, late, "message", at=NOON - timedelta(hours=50))
    first = planned(engine, tmp_path, channels="sms", purpose="service")
    assert first.decisions == {("planned", None): 1, ("deferred", "no_window"): 2}
    second = planned(engine, tmp_path, channels="sms", purpose="service", name="second")
    assert second.decisions == {("deferred", "no_window"): 3}
    with engine.begin() as connection:
        spoke(connection, never, "message", at=NOON + timedelta(hours=1))
    later = planned(
        *(engine, tmp_path, NOON + timedelta(hours=2)),
        channels="sms",
        purpose="service",
    )
    assert later.decisions == {("planned", None): 1, ("deferred", "no_window"): 1}


def test_a_closed_conversation_falls_through_to_the_next_channel(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(("message",), 5, timedelta(hours=48))
    monkeypatch.setattr(Sms, "windows", (window,))
    with engine.begin() as connection:
        (one,) = reachable(connection, 1)
    planned(engine, tmp_path, channels="sms, mail")
    assert ways(engine) == {one: "mail"}


def test_who_refused_profiling_is_left_out_where_people_are_chosen(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        refused, back, _ = people(connection, 3)
        for who, is_granted, after in (
            *((refused, True, 1), (refused, False, 2)),
            *((back, False, 1), (back, True, 2)),
        ):
            connection.execute(
                text(
                    "insert into consents (identifier_id, channel, purpose, is_granted,"
                    " source, evidence, decided_at) select identifier_id, '',"
                    " 'profiling', :granted, 'test', 'said so', :at from identifiers"
                    " where customer_id = :id"
                ),
                {
                    "granted": is_granted,
                    "at": NOON - timedelta(days=9 - after),
                    "id": who,
                },
            )
    chosen = planned(engine, tmp_path, channels="mail")
    assert chosen.decisions == {("planned", None): 2, ("skipped", "no_profiling"): 1}
    same_for_all = planned(
        *(engine, tmp_path, NOON + timedelta(days=1)),
        channels="mail",
        more="profiling: false",
        name="all",
        latest="9 days",
    )
    assert ("skipped", "no_profiling") not in same_for_all.decisions


def test_the_shops_own_control_group_gets_no_marketing_at_all(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(tmp_path))
    from tasks.settings import settings

    settings.cache_clear()
    (tmp_path / "policies.yaml").write_text("holdout_percent: 30\ncaps: []\n")
    with engine.begin() as connection:
        people(connection, 300)
    groups = []
    for day, name in enumerate(("one", "two")):
        at = NOON + timedelta(days=day)
        planned(engine, tmp_path, at, channels="mail", name=name)
        query = (
            "select customer_id from touch where reason = 'global_control_group'"
            " and campaign = :name"
        )
        with engine.begin() as connection:
            found = connection.execute(text(query), {"name": name})
            groups.append(set(found.scalars()))
    assert groups[0] == groups[1] and 55 < len(groups[0]) < 125
    service = planned(
        engine, tmp_path, channels="mail", name="order", purpose="service"
    )
    assert service.planned == 300


def test_what_she_says_counts_before_and_after_it_is_read(
    engine: Engine, tmp_path: Path
) -> None:
    """Between the two runs of identify she takes back what she had agreed to."""
    with engine.begin() as connection:
        before, after, never = reachable(connection, 3)
        say(connection, [before], "email", is_granted=False, at=NOON)
    identify.identify(engine, NOON)
    with engine.begin() as connection:
        say(connection, [after], "email", is_granted=False, at=NOON)
    planned(engine, tmp_path, channels="mail", purpose="marketing")
    query = "select customer_id, decision, reason from touch order by customer_id"
    with engine.begin() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    assert found == [
        (before, "skipped", "no_consent"),
        (after, "skipped", "no_consent"),
        (never, "planned", None),
    ]
