"""A rehearsal says what the plan then does, and leaves nothing behind."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tasks.accounts import Accounts
from tasks.campaigns import audience
from tasks.campaigns.campaign import Campaign
from tasks.channels.mail import MailAccount
from tasks.planning import rehearsal
from tasks.planning.plan import plan
from tasks.planning.rehearsal import Fate, Rehearsal
from tasks.settings import settings
from tests.ledger_world import NOON, campaign, people, say


def account(**more: object) -> MailAccount:
    return MailAccount.model_validate({"host": "h", "sender": "S <s@s.example>"} | more)


@pytest.fixture
def root(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    settings.cache_clear()
    return home / "campaigns"


def rehearsed(engine: Engine, one: Campaign, known: Accounts) -> Rehearsal:
    with engine.connect() as connection:
        found = audience.candidates(connection, one, NOON)
        shown = rehearsal.rehearse(connection, one, NOON, known, found.in_audience)
        connection.rollback()
    return shown


def decisions(shown: Rehearsal) -> Counter[tuple[str, str | None]]:
    counted: Counter[tuple[str, str | None]] = Counter()
    for one in shown.fates:
        if one.decision not in ("already", "not_due"):
            counted[one.decision, one.reason] += one.messages
    return counted


@pytest.mark.parametrize("steps", [{"hello": "0 days"}, {"a": "0 days", "b": "9 days"}])
def test_a_rehearsal_is_the_plan(
    engine: Engine, root: Path, steps: dict[str, str]
) -> None:
    with engine.begin() as connection:
        ids = people(connection, 40)
        people(connection, 3, consent=None)
        people(connection, 2, kinds={"phone": "86138{8}"})
        say(connection, ids[:4], "email", False)
    known: Accounts = {"mail": {"shop": account(per_day=25, price=Decimal("0.5"))}}
    more = "budget: {total: 10}"
    thanks = campaign(root, steps=steps, holdout=20, more=more)
    shown = rehearsed(engine, thanks, known)
    with engine.begin() as connection:
        for table in ("touch", "campaign_runs", "rewards", "chunk"):
            left = connection.execute(text(f"select count(*) from {table}"))
            assert left.scalar_one() == 0
    planned = plan(engine, thanks, NOON, known_accounts=known)
    assert decisions(shown) == Counter(planned.decisions)
    assert {"no_consent", "unreachable", "control_group", "budget"} <= {
        reason for _, reason in planned.decisions if reason
    }
    (use,) = shown.uses
    assert (use.messages, shown.cost) == (planned.planned, planned.cost)
    assert (use.per_day, use.sent_today) == (25, 0)
    again = rehearsed(engine, thanks, known)
    assert [one for one in again.fates if one.decision == "planned"] == []


def test_what_is_not_due_yet_says_when_it_will_be(engine: Engine, root: Path) -> None:
    with engine.begin() as connection:
        people(connection, 2)
        people(connection, 1, created_at=NOON + timedelta(days=1))
    known: Accounts = {"mail": {"shop": account()}}
    shown = rehearsed(engine, campaign(root, steps={"a": "2 days"}), known)
    assert shown.fates == (Fate("not_due", None, "2027-03-03 12:00", 3),)


def test_a_large_audience_is_estimated_from_a_sample(
    engine: Engine, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "MOST", 100)
    with engine.begin() as connection:
        people(connection, 1000)
    known: Accounts = {"mail": {"shop": account(per_day=5)}}
    shown = rehearsed(engine, campaign(root), known)
    assert shown.every == 10
    (fate,) = shown.fates
    assert (fate.decision, fate.reason) == ("planned", None)
    # Ten times what is drawn; three standard deviations are about 285.
    assert fate.messages % 10 == 0 and 700 < fate.messages < 1300
