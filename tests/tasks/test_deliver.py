"""Sending: what is planned leaves once, and everything that comes back is known."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from connectors.sandbox.mail import MailDouble
from tasks import ledger
from tasks.channels.base import Channel
from tasks.deliver import Delivered, deliver
from tasks.plan import plan
from tests.ledger_world import NOON, campaign, mail, mail_account, people, states

pytestmark = pytest.mark.usefixtures("home")
SOON = NOON + timedelta(seconds=1)


@pytest.fixture
def double() -> Iterator[MailDouble]:
    with MailDouble() as opened:
        yield opened


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


@pytest.fixture(autouse=True)
def campaigns_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.settings import settings

    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    settings.cache_clear()


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
