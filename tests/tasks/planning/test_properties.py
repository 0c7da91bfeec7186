"""What holds whatever the shop: random people, refusals, caps, times and sends."""

from collections import Counter
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from tasks.campaigns import audience
from tasks.planning.plan import plan
from tasks.settings import settings as shop_settings
from tests import random_shop as shop
from tests.ledger_world import AUDIENCE, NOON, campaign

pytestmark = pytest.mark.usefixtures("home")
FEW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of campaigns with policies of its own."""
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(tmp_path))
    shop_settings.cache_clear()
    return tmp_path


def policies(root: Path, caps: list[tuple[int, int]], holdout: int = 0) -> None:
    shown = ", ".join(f"{number} in {days} days" for number, days in caps)
    text_ = f"holdout_percent: {holdout}\ncaps: [{shown}]\n"
    (root / "policies.yaml").write_text(text_)


@FEW
@given(
    people=st.lists(shop.persons, min_size=1, max_size=6),
    offer=shop.offers,
    hours=st.integers(0, 80),
    holdout=st.sampled_from([0, 30]),
    read=st.integers(0, 3),
    is_counted=st.booleans(),
)
def test_refusals_always_win_and_everybody_has_one_decision(
    engine: Engine,
    root: Path,
    people: list[shop.Person],
    offer: shop.Offer,
    hours: int,
    holdout: int,
    read: int,
    is_counted: bool,
) -> None:
    shop.build(engine, people, read, is_counted)
    policies(root, [(1, 1)], holdout)
    chosen = offer.load(root, "offer")
    run = shop.run(engine, chosen, NOON + timedelta(hours=hours))
    again = shop.run(engine, chosen, NOON + timedelta(hours=hours))
    found = shop.rows(engine, "select customer_id, step, decision, reason from touch")
    due = sum(step.after <= timedelta(hours=hours) for step in chosen.steps)
    assert len(found) == due * len(people) == len({row[:2] for row in found})
    assert run.not_due == (len(chosen.steps) - due) * len(people)
    assert again.planned == 0
    for row in found:
        person = people[row.customer_id - 1]
        may = person.has_address and not person.is_suppressed
        if offer.purpose == "marketing":
            may = may and person.agrees
        if not may:
            assert row.decision == "skipped"
        if person.is_suppressed and person.has_address and row.reason != "too_late":
            assert row.reason == "suppressed"


@FEW
@given(
    people=st.lists(shop.willing, min_size=1, max_size=2),
    offers=st.lists(shop.frequent, min_size=2, max_size=2),
    caps=shop.caps,
    runs=st.lists(st.integers(8, 30), min_size=6, max_size=8),
    delays=st.lists(st.sampled_from([0, 0, 1, 12, 22, 28]), min_size=5, max_size=5),
)
def test_no_cap_is_exceeded_over_any_span(
    engine: Engine,
    root: Path,
    people: list[shop.Person],
    offers: list[shop.Offer],
    caps: list[tuple[int, int]],
    runs: list[int],
    delays: list[int],
) -> None:
    shop.build(engine, people)
    policies(root, caps)
    chosen = [offer.load(root, f"offer_{n}") for n, offer in enumerate(offers)]
    at, when_sent = NOON, cycle(delays)
    for number, hours in enumerate(runs):
        shop.run(engine, chosen[number % len(chosen)], at)
        shop.send_some(engine, at, at + timedelta(hours=hours), when_sent)
        at += timedelta(hours=hours)
    sent = shop.rows(
        engine,
        "select touch.customer_id, outcome.happened_at from touch"
        " inner join outcome on touch.touch_id = outcome.touch_id"
        " inner join campaign_runs on touch.campaign_run_id ="
        " campaign_runs.campaign_run_id where outcome.outcome = 'accepted'"
        " and campaign_runs.purpose = 'marketing'",
    )
    for limit, days in caps:
        for customer, moment in sent:
            within = [
                other
                for who, other in sent
                if who == customer and moment - timedelta(days=days) < other <= moment
            ]
            assert len(within) <= limit


@FEW
@given(
    number=st.integers(5, 30),
    percent=st.sampled_from([10, 30, 50]),
    whole=st.sampled_from([0, 20]),
)
def test_control_groups_never_get_marketing_and_stay_the_same(
    engine: Engine, root: Path, number: int, percent: int, whole: int
) -> None:
    person = shop.Person(((1, True),), False, True, None)
    shop.build(engine, [person] * number)
    policies(root, [(9, 1)], whole)
    offer = shop.Offer("marketing", "none", "5 days", percent, ("0 days", "1 days"))
    chosen = offer.load(root, "offer")
    for days in range(3):
        shop.run(engine, chosen, NOON + timedelta(days=days))
    found = shop.rows(engine, "select customer_id, decision, reason from touch")
    held = {row.customer_id for row in found if row.decision == "held_out"}
    planned = {row.customer_id for row in found if row.decision == "planned"}
    assert not held & planned and held | planned == set(range(1, number + 1))
    steps = Counter(row.customer_id for row in found)
    assert set(steps.values()) == {2}


@FEW
@given(
    people=st.lists(shop.persons, min_size=2, max_size=8),
    offer=shop.offers,
    hours=st.integers(0, 80),
    parts=st.integers(2, 4),
    read=st.integers(0, 3),
)
def test_one_run_decides_as_many_small_ones_do(
    engine: Engine,
    root: Path,
    people: list[shop.Person],
    offer: shop.Offer,
    hours: int,
    parts: int,
    read: int,
) -> None:
    policies(root, [(1, 1), (2, 3)], 20)
    chosen = offer.load(root, "offer")
    at = NOON + timedelta(hours=hours)
    shop.build(engine, people, read, is_counted=True)
    shop.run(engine, chosen, at)
    whole = _decisions(engine)
    shop.build(engine, people)
    for part in range(parts):
        plan(engine, chosen, at, _part(part, parts), shop.ACCOUNTS)
    assert _decisions(engine) == whole


def test_a_launch_to_many_keeps_the_caps_of_each(engine: Engine, root: Path) -> None:
    policies(root, [(1, 3)])
    changes = {
        "audience": AUDIENCE.replace("    customers.created_at as anchor_at,\n", ""),
        "purpose": "marketing",
        "latest": "2 hours",
    }
    first = campaign(root, name="first", **changes)
    second = campaign(root, name="second", **changes)
    found = []
    for is_counted in (False, True):
        person = shop.Person(((1, True),), False, True, None)
        shop.build(engine, [person] * 6, is_counted=is_counted)
        plan(engine, first, NOON, _part(0, 2), shop.ACCOUNTS)
        shop.run(engine, second, NOON + timedelta(hours=1))
        found.append(_decisions(engine))
    assert found[0] == found[1]
    told = shop.rows(
        engine, "select customer_id, reason from touch where campaign = 'second'"
    )
    assert {customer for customer, reason in told if reason} == {2, 4, 6}


def _part(part: int, parts: int) -> Any:
    """A part of the audience only."""

    def find(connection: Connection, chosen: Any, as_of: Any) -> Any:
        waterfall = audience.candidates(connection, chosen, as_of)
        connection.execute(
            text("delete from candidate where customer_id % :parts != :part"),
            {"parts": parts, "part": part},
        )
        return waterfall

    return find


def _decisions(engine: Engine) -> set[Any]:
    query = (
        "select customer_id, step, occasion, decision, reason, detail, channel,"
        " account, address, not_before, latest_at, key from touch"
    )
    return {tuple(row) for row in shop.rows(engine, query)}
