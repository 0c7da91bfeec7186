"""The intent to send: where nobody refused, nobody was there, nothing is awaited."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from connectors.sandbox.mail import MailDouble
from tasks.database import by_index
from tasks.delivery import ledger
from tasks.delivery.deliver import deliver
from tasks.people import consent
from tasks.planning.plan import plan
from tests.ledger_world import NOON, campaign, mail, mail_account, people, say, states

LATER = NOON + timedelta(minutes=1)


def planned(engine: Engine, home: Path, double: MailDouble, **given: object) -> None:
    accounts = {"mail": {"shop": mail_account(double)}}
    chosen = campaign(home / "campaigns", **given)
    plan(engine, chosen, NOON, known_accounts=accounts)


def sent(engine: Engine, double: MailDouble) -> dict[str, int]:
    channel = mail(double)
    return dict(
        deliver(engine, channel, "shop", now=LATER, limits=channel.settings).outcomes
    )


def reasons(engine: Engine) -> dict[int, str]:
    with engine.begin() as connection:
        query = (
            "select customer_id, outcome.reason from outcome inner join touch"
            " using (touch_id) where outcome.outcome = 'skipped'"
        )
        return dict(tuple(row) for row in connection.execute(text(query)))


def suppress(engine: Engine, customer: int) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("insert into suppressions (channel, address, reason, evidence)"
                 " values ('mail', :address, 'complaint', 'test')"),
            {"address": f"c{customer}@example.org"},
        )  # fmt: skip


def test_each_who_refused_since_is_skipped_for_the_first_of_her_reasons(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    with engine.begin() as connection:
        willing, suppressed, silent, unchosen, both = people(connection, 5)
    planned(engine, home, double)
    for one in (suppressed, both):
        suppress(engine, one)
    with engine.begin() as connection:
        say(connection, [silent, both], "email", False, NOON + timedelta(seconds=1))
        for one in (unchosen, both):
            consent.note(connection, one, "profiling", False, "by phone", NOON)
    assert sent(engine, double) == {"accepted": 1, "skipped": 4}
    assert reasons(engine) == {
        suppressed: "suppressed",
        silent: "no_consent",
        unchosen: "no_profiling",
        both: "suppressed",
    }
    assert [one.recipient for one in double.taken] == [f"c{willing}@example.org"]
    assert states(engine) == {"accepted": 1, "skipped": 4}
    with engine.begin() as connection:
        assert ledger.check(connection) == []


@pytest.mark.parametrize("is_granted", [True, False])
def test_what_she_said_at_another_of_her_addresses_counts(
    engine: Engine, home: Path, double: MailDouble, is_granted: bool
) -> None:
    with engine.begin() as connection:
        (one,) = people(connection, 1)
    planned(engine, home, double)
    with engine.begin() as connection:
        connection.execute(
            text("insert into identifiers (kind, scope, value, customer_id)"
                 " values ('email', '', 'other@example.org', :one)"),
            {"one": one},
        )  # fmt: skip
        connection.execute(
            text("insert into consents (identifier_id, channel, purpose, is_granted,"
                 " source, evidence, decided_at) select max(identifier_id), 'email',"
                 " 'marketing', granted, 'test', 'said so', :at + n * interval '1 s'"
                 " from identifiers, unnest(array[false, :last])"
                 " with ordinality as said (granted, n) group by granted, n"),
            {"at": NOON, "last": is_granted},
        )  # fmt: skip
    expected = {"accepted": 1} if is_granted else {"skipped": 1}
    assert sent(engine, double) == expected


def test_what_is_noted_already_is_left_to_who_noted_it(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    with engine.begin() as connection:
        ids = people(connection, 3)
    planned(engine, home, double)
    with engine.begin() as connection:
        connection.execute(
            text("with other as (insert into lease (worker, channel, account, ends_at)"
                 " values ('other', 'mail', 'shop', now() + interval '1 hour')"
                 " returning lease_id)"
                 " insert into attempt (touch_id, number, lease_id)"
                 " select touch_id, 1, lease_id from touch, other"
                 " where customer_id = :one"),
            {"one": ids[1]},
        )  # fmt: skip
    assert sent(engine, double) == {"accepted": 2}
    assert sent(engine, double) == {}
    recipients = {one.recipient for one in double.taken}
    assert recipients == {f"c{ids[0]}@example.org", f"c{ids[2]}@example.org"}


def test_a_later_step_follows_the_earlier_one(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    with engine.begin() as connection:
        one, other = people(connection, 2, created_at=NOON - timedelta(days=2))
    planned(engine, home, double, steps={"hello": "0 days", "more": "1 days"})
    assert sent(engine, double) == {"accepted": 4}
    addresses = [taken.recipient for taken in double.taken]
    assert addresses[:2] == addresses[2:] == [f"c{n}@example.org" for n in (one, other)]
    with engine.begin() as connection:
        assert ledger.check(connection) == []
        query = "select step from touch inner join attempt using (touch_id)"
        steps = connection.execute(text(f"{query} order by attempted_at, touch_id"))
        assert list(steps.scalars()) == ["hello", "hello", "more", "more"]


def test_only_who_plans_once_is_kept_from_reading_whole_tables(
    engine: Engine,
) -> None:
    query = "show enable_seqscan"
    with by_index(engine) as connection:
        assert connection.exec_driver_sql(query).scalar_one() == "off"
    with engine.begin() as connection:
        assert connection.exec_driver_sql(query).scalar_one() == "on"
