"""Accounts that may only answer: conversations of channels.yaml, planned and kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from connectors.sandbox.mail import MailDouble
from tasks import accounts
from tasks.accounts import Accounts, AccountsError
from tasks.delivery.deliver import Delivered, deliver
from tasks.planning.plan import Planned, plan
from tasks.settings import settings
from tests.ledger_world import NOON, campaign, mail_account, people

WINDOWS = "[{kinds: [message], messages: 1, within: 48 hours}]"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def campaigns_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    settings.cache_clear()


@pytest.fixture
def double() -> Iterator[MailDouble]:
    with MailDouble() as opened:
        yield opened


def known(double: MailDouble, windows: str = WINDOWS) -> Accounts:
    """The account of a channels.yaml that has these windows."""
    file = settings().home / "channels.yaml"
    file.write_text(
        "mail:\n  shop:\n    host: 127.0.0.1\n    security: none\n"
        f"    port: {double.port}\n    sender: Shop <shop@shop.example>\n"
        f"    unsubscribe_mail: stop@shop.example\n    windows: {windows}\n"
    )
    return accounts.load(file)


def planned(
    engine: Engine, among: Accounts, at: datetime = NOON, **changes: Any
) -> Planned:
    asked = campaign(settings().home / "campaigns", **changes)
    return plan(engine, asked, at, known_accounts=among)


def sent(engine: Engine, among: Accounts, at: datetime) -> Delivered:
    mail = accounts.channel("mail", "shop", among)
    return deliver(engine, mail, "shop", at, limits=mail.settings)


def spoke(connection: Connection, customer: int, at: datetime) -> None:
    connection.execute(
        text(
            "insert into interactions (source, kind, interaction_key, happened_at,"
            " identifier_id, customer_id) select 'test', 'message', :key, :at,"
            " identifier_id, customer_id from identifiers where customer_id = :id"
        ),
        {"key": f"{customer} {at}", "at": at, "id": customer},
    )


def test_only_who_wrote_lately_is_answered(engine: Engine, double: MailDouble) -> None:
    with engine.begin() as connection:
        wrote, long_ago, _ = people(connection, 3)
        spoke(connection, wrote, NOON - HOUR)
        spoke(connection, long_ago, NOON - 49 * HOUR)
    among = known(double)
    found = planned(engine, among).decisions
    assert found == {("planned", None): 1, ("deferred", "no_window"): 2}
    assert sent(engine, among, NOON + HOUR).outcomes == {"accepted": 1}
    assert [one.recipient for one in double.taken] == [f"c{wrote}@example.org"]
    # Who writes later is answered then, and has used up the conversation.
    with engine.begin() as connection:
        spoke(connection, long_ago, NOON + HOUR)
    found = planned(engine, among, NOON + 2 * HOUR).decisions
    assert found == {("planned", None): 1, ("deferred", "no_window"): 1}
    assert sent(engine, among, NOON + 3 * HOUR).outcomes == {"accepted": 1}


def test_a_conversation_that_ends_before_it_leaves_keeps_it_here(
    engine: Engine, double: MailDouble
) -> None:
    with engine.begin() as connection:
        (wrote,) = people(connection, 1)
        spoke(connection, wrote, NOON - 47 * HOUR)
    among = known(double)
    assert planned(engine, among).planned == 1
    assert sent(engine, among, NOON + 2 * HOUR).outcomes == {"skipped": 1}
    assert double.taken == []


def test_who_sleeps_until_the_conversation_ends_waits_for_another(
    engine: Engine, double: MailDouble
) -> None:
    late = datetime(2027, 3, 1, 14, tzinfo=UTC)  # 22:00 in Shanghai
    with engine.begin() as connection:
        soon, later = people(connection, 2)
        spoke(connection, soon, late - 40 * HOUR)
        spoke(connection, later, late - 10 * HOUR)
    quiet = {"quiet": "21:00-09:00", "latest": "3 days"}
    found = planned(engine, known(double), late, **quiet).decisions
    assert found == {("planned", None): 1, ("deferred", "no_window"): 1}
    with engine.begin() as connection:
        kept = connection.execute(
            text("select customer_id, latest_at from touch order by customer_id")
        ).all()
    # The one leaves before her conversation ends, the other is looked at for days.
    assert kept == [(soon, NOON + timedelta(days=3)), (later, late + 38 * HOUR)]


def test_a_window_belongs_to_its_account(engine: Engine, double: MailDouble) -> None:
    """One team answers for two days, the other for two weeks."""
    with engine.begin() as connection:
        (wrote,) = people(connection, 1)
        spoke(connection, wrote, NOON - 200 * HOUR)
    shop = known(double)["mail"]["shop"]
    patient = known(double, WINDOWS.replace("48 hours", "2 weeks"))["mail"]["shop"]
    among = {"mail": {"care": patient, "shop": shop}}
    assert planned(engine, among).planned == 1
    with engine.begin() as connection:
        account = connection.execute(text("select account from touch")).scalar_one()
    assert account == "care"


def test_an_account_without_windows_writes_to_all(
    engine: Engine, double: MailDouble
) -> None:
    with engine.begin() as connection:
        people(connection, 2)
    assert planned(engine, {"mail": {"shop": mail_account(double)}}).planned == 2


@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ("[{kinds: [], messages: 1, within: 2 days}]", r"channels.yaml:8: .*kinds"),
        ("[{kinds: [message], messages: 0, within: 2 days}]", r":8: .*messages"),
        ("[{kinds: [message], messages: 1, within: soon}]", "write a number and one"),
        ("[{kinds: [message], messages: 1}]", r"windows.0.within.*required"),
    ],
)
def test_a_window_says_what_opens_it_and_for_how_long(
    double: MailDouble, windows: str, message: str
) -> None:
    with pytest.raises(AccountsError, match=message):
        known(double, windows)
