"""Every policy is shown with what it saw, and agrees with what is decided."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.channels.mail import MailAccount
from tasks.planning import seen
from tasks.planning.plan import plan
from tasks.planning.seen import Judged, PolicySeen
from tests.ledger_world import NOON, campaign, people, say

pytestmark = pytest.mark.usefixtures("home")

MAIL = MailAccount(host="localhost", sender="Shop <shop@shop.example>")
ACCOUNTS = {"mail": {"shop": MAIL}}


def see(
    engine: Engine, root: Path, customer: int, at: datetime = NOON, **changes: Any
) -> tuple[dict[str, PolicySeen], list[Judged]]:
    chosen = campaign(root, **changes)
    with engine.connect() as connection:
        policies, judged = seen.see(connection, chosen, customer, at, ACCOUNTS)
        connection.rollback()
    return {one.policy: one for one in policies}, judged


def failed(policies: dict[str, PolicySeen]) -> list[str]:
    return [name for name, one in policies.items() if one.passes is False]


def test_who_passes_everything_is_planned_and_nothing_is_kept(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        _, one = people(connection, 2)
    policies, (judged,) = see(engine, tmp_path, one, holdout=10, quiet="21:00-09:00")
    assert failed(policies) == []
    assert (judged.decision, judged.way) == ("planned", "mail shop")
    assert policies["consent to marketing"].seen == "mail shop: yes"
    assert policies["at most 3 in 7 days"].seen == "0 so far"
    assert "from 2027-03-01 12:00" in policies["quiet hours"].seen
    with engine.begin() as connection:
        runs = connection.execute(text("select count(*) from campaign_runs"))
        assert runs.scalar_one() == 0


def test_the_policy_that_stands_against_it_says_what_it_saw(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        refused, dead, busy, nowhere = people(connection, 4)
        say(connection, [refused], "email", False, NOON + timedelta(hours=1))
        connection.execute(
            text(
                "insert into suppressions (channel, address, reason, evidence)"
                " values ('mail', :address, 'bounced', 'test')"
            ),
            {"address": f"c{dead}@example.org"},
        )
        connection.execute(
            text("update identifiers set is_junk = true where customer_id = :id"),
            {"id": nowhere},
        )
        connection.execute(text("update customers set gender = 'f'"))
        connection.execute(
            text("update customers set gender = null where customer_id = :id"),
            {"id": busy},
        )
    plan(engine, campaign(tmp_path, name="other"), NOON, known_accounts=ACCOUNTS)
    with engine.begin() as connection:
        connection.execute(text("update customers set gender = null"))
    for customer, policy, told, reason in (
        (refused, "consent to marketing", "mail shop: no", "no_consent"),
        (dead, "not suppressed", "mail shop: bounced", "suppressed"),
        (busy, "first on 2027-03-01", "other", "priority"),
        (nowhere, "reachable", "no address on any channel", "unreachable"),
    ):
        policies, (judged,) = see(engine, tmp_path, customer)
        assert policies[policy].seen == told
        assert policies[policy].passes in (False, None)
        assert judged.reason == reason


def test_who_is_not_in_the_audience_is_asked_no_policies(
    engine: Engine, tmp_path: Path
) -> None:
    with engine.begin() as connection:
        (one,) = people(connection, 1)
        connection.execute(text("update customers set gender = 'f'"))
    assert see(engine, tmp_path, one) == ({}, [])
