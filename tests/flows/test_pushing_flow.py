"""Segments go out to every platform that wants them, by themselves and once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from sqlalchemy import Engine, text

from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET, SHOP, YouzanDouble
from connectors.sandbox.youzan_world import World
from flows.push_tags import PushFailed, push_tags
from tasks.settings import settings
from tests.flows.runs import artifact

pytestmark = pytest.mark.usefixtures("client")

PEOPLE = 6
KEYS = f"client_id: {CLIENT_ID}, client_secret: {CLIENT_SECRET}, grant_id: '{SHOP}'"
SOURCE = f"{{connector: youzan, base_url: URL, {KEYS}, since: 2011-12-01"
MEMBERS = """
with people as (
    insert into identifiers (kind, scope, value, customer_id)
    select 'buyer', :shop, given.value, given.number
    from unnest(cast(:values as text[])) with ordinality as given (value, number)
    returning customer_id
)
insert into segment_members select 'vip', customer_id, now(), null from people
"""


@pytest.fixture
def double() -> Iterator[YouzanDouble]:
    world = World(5, datetime(2011, 12, 10, 1, tzinfo=UTC), PEOPLE)
    with YouzanDouble(world) as shop:
        yield shop


@pytest.fixture
def file(home: Path, double: YouzanDouble, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop that wants a segment, and one that wants nothing."""
    path = home / "sources.yaml"
    plain = f"plain: {SOURCE}}}\n".replace("URL", double.url)
    wants = f"shop: {SOURCE}, push_tags: {{segments: [vip]}}}}\n"
    path.write_text(plain + wants.replace("URL", double.url))
    monkeypatch.setenv("REGULARS_SOURCES_FILE", str(path))
    settings.cache_clear()
    return path


@pytest.fixture
def members(engine: Engine, double: YouzanDouble) -> None:
    """Everybody of the shop is in the segment."""
    values = [one.open_id for one in double.world.people]
    with engine.begin() as connection:
        for _ in values:
            connection.execute(text("insert into customers default values"))
        connection.execute(text(MEMBERS), {"shop": "shop", "values": values})


def test_it_pushes_what_differs_and_tells_what(
    file: Path, members: None, double: YouzanDouble, client: SyncPrefectClient
) -> None:
    state: State[Any] = push_tags(return_state=True)
    assert state.name == f"{PEOPLE} changed", state.message
    assert state.message == f"shop: {PEOPLE} put on"
    assert f"| shop | R-vip | {PEOPLE} | 0 |" in artifact(client, "push-tags")
    assert all("R-vip" in double.carried(one) for one in double.world.people)

    calls = len(double.calls("relation"))
    again: State[Any] = push_tags(return_state=True)
    assert again.name == "Nothing differed"
    assert len(double.calls("relation")) == calls
    assert artifact(client, "push-tags") == "Nothing differed."


def test_what_a_platform_does_not_take_is_told_and_is_no_failure(
    file: Path, members: None, double: YouzanDouble, client: SyncPrefectClient
) -> None:
    double.world.forget(double.world.people[0])
    state: State[Any] = push_tags(return_state=True)
    assert state.is_completed() and state.name == "1 not taken"
    told = artifact(client, "push-tags")
    assert "| shop | Youzan does not know this customer any more | 1 |" in told


def test_a_source_that_fails_is_named_and_keeps_the_next_from_nothing(
    file: Path, members: None, double: YouzanDouble, client: SyncPrefectClient
) -> None:
    broken = f"away: {SOURCE}, push_tags: {{segments: [vipp]}}}}\n"
    file.write_text(broken.replace("URL", double.url) + file.read_text())
    with pytest.raises(PushFailed, match=r"1 of 2 sources failed\. away: CannotPush"):
        push_tags()
    told = artifact(client, "push-tags")
    assert f"| shop | R-vip | {PEOPLE} | 0 |" in told
    assert "| away | CannotPush: " in told


def test_one_source_can_be_asked_for(file: Path, members: None) -> None:
    state: State[Any] = push_tags("shop", return_state=True)
    assert state.name == f"{PEOPLE} changed"
    with pytest.raises(PushFailed, match="plain: nothing says what to push"):
        push_tags("plain")


def test_without_a_source_that_wants_them_nothing_happens(
    file: Path, double: YouzanDouble
) -> None:
    file.write_text(file.read_text().partition("shop:")[0])
    assert push_tags(return_state=True).name == "No source"
    assert not double.seen
