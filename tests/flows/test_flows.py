"""What each flow does, what it tells, and that doing it twice does it once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State
from sqlalchemy import Engine, text

from flows.campaign import campaign
from flows.daily import daily
from flows.deliver import DeliveryFailed, deliver
from flows.ingest import IngestFailed, ingest
from tasks.ingest import quarantine, validate
from tasks.settings import settings
from tests.flows.runs import artifact
from tests.flows.small_shop import AS_OF, SmallShop, prepare, small_shop

pytestmark = pytest.mark.usefixtures("client")


@pytest.fixture
def shop(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallShop]:
    """A small shop, and settings of this process that point to it."""
    with small_shop(home) as shop:
        for name, value in shop.environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        yield shop


def test_a_day_runs_the_corridor_and_a_second_one_changes_nothing(
    shop: SmallShop, engine: Engine, client: SyncPrefectClient
) -> None:
    first: State[Any] = daily(as_of=AS_OF, return_state=True)
    assert first.name == "Done", first.message
    keys = [taken.key for taken in shop.mail.taken]
    assert keys and len(set(keys)) == len(keys)
    told = artifact(client, "daily")
    assert "| ingest youzan_main | 35 loaded |" in told
    assert f"| deliver mail | {len(keys)} sent |" in told

    again: State[Any] = daily(as_of=AS_OF, return_state=True)
    assert again.name == "Done"
    assert "deliver mail: Nothing to send" in str(again.message)
    assert [taken.key for taken in shop.mail.taken] == keys


def test_an_ingest_tells_what_came_in_and_why_some_did_not(
    shop: SmallShop, client: SyncPrefectClient
) -> None:
    people = shop.home / "people.csv"
    people.write_text(people.read_text().replace("07,zh,f,", "07,zh,f,soon"))
    state: State[Any] = ingest("club", return_state=True)
    assert state.name == "1 quarantined"
    assert state.message == "40 records = 39 loaded + 0 unchanged + 1 quarantined"
    told = artifact(client, "ingest-club")
    assert "| customers | 40 | 39 | 0 | 1 |" in told
    assert "| why in quarantine | records |" in told
    assert "regulars quarantine list --source club" in told

    again: State[Any] = ingest("club", return_state=True)
    assert again.name == "Nothing new"


def test_a_batch_that_was_too_bad_is_not_forgotten_by_the_next_run(
    shop: SmallShop, engine: Engine
) -> None:
    people = shop.home / "people.csv"
    people.write_text(people.read_text().replace("2011-01-01", "some day"))
    for _ in range(2):
        with pytest.raises(IngestFailed, match="regulars quarantine accept"):
            ingest("club")
    (batch_id,) = validate.stopped(engine, "club", "customers")
    quarantine.accept(engine, batch_id, "the till writes no dates")
    assert ingest("club", return_state=True).name == "Nothing new"


def test_a_stream_that_fails_leaves_the_others_loaded_and_is_named(
    shop: SmallShop, client: SyncPrefectClient
) -> None:
    refused = {"code": 4005, "success": False, "message": "no"}
    shop.youzan.fail_with(refused, times=99, path="trades.sold.get")
    with pytest.raises(IngestFailed, match=r"1 of 4 streams failed\. orders: .*4005"):
        ingest("youzan_main", until=AS_OF)
    told = artifact(client, "ingest-youzan-main")
    assert "| reviews | 6 | 6 | 0 | 0 |" in told
    assert "| orders | CallRefused: " in told


def test_a_day_plans_nobody_on_stale_data(shop: SmallShop, engine: Engine) -> None:
    shop.youzan.fail_with({}, 503, times=99, path="trade.refund", Retry_After="600")
    failed: State[Any] = daily(as_of=AS_OF, return_state=True)
    assert "ingest youzan_main: " in str(failed.message)
    assert "No campaign was planned on stale data" in str(failed.message)
    assert count(engine, "orders") == 20
    assert count(engine, "campaign_runs") == 0
    assert shop.mail.taken == []

    shop.youzan.faults.clear()
    assert daily(as_of=AS_OF, return_state=True).name == "Done"
    assert len(shop.mail.taken) == 2


def test_an_unknown_source_is_answered_with_those_there_are(shop: SmallShop) -> None:
    with pytest.raises(LookupError, match="no source 'youzan': there are club, youzan"):
        ingest("youzan")


def test_a_resting_campaign_says_so(
    shop: SmallShop, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(shop.copy_campaigns(enabled=False), monkeypatch)
    assert campaign("post_purchase", AS_OF, return_state=True).name == "Resting"


def test_a_plan_tells_who_gets_it_and_who_does_not(
    shop: SmallShop, engine: Engine, client: SyncPrefectClient
) -> None:
    prepare(engine, shop)
    state: State[Any] = campaign("post_purchase", AS_OF, return_state=True)
    assert state.name == "2 planned"
    told = artifact(client, "campaign-post-purchase")
    assert "| candidates | 18 |" in told
    assert "| has_arrived | " in told
    assert "| planned | 2 |" in told
    assert "regulars explain CUSTOMER post_purchase" in told


def test_a_large_plan_waits_and_nothing_of_it_is_sent(
    shop: SmallShop, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(engine, shop)
    use(shop.copy_campaigns(approve_over=1), monkeypatch)
    state: State[Any] = campaign("post_purchase", AS_OF, return_state=True)
    assert state.name == "2 wait for approval"
    assert deliver("mail", as_of=AS_OF, return_state=True).name == "Nothing to send"


def test_a_stopped_account_fails_the_run_with_its_reason(
    shop: SmallShop, engine: Engine
) -> None:
    prepare(engine, shop)
    campaign("post_purchase", AS_OF)
    shop.mail.login = ("shop", "right")
    shop.configure_mail(user="shop", password="wrong")
    with pytest.raises(
        DeliveryFailed, match=r"shop: stopped since .* AUTH was refused"
    ):
        deliver("mail", as_of=AS_OF)


def test_a_channel_without_account_has_nothing_to_do(shop: SmallShop) -> None:
    (shop.home / "channels.yaml").write_text("mail: {}")
    assert deliver("mail", return_state=True).name == "No account"


def use(campaigns: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process find its campaigns there."""
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(campaigns))
    settings.cache_clear()


def count(engine: Engine, table: str) -> int:
    with engine.begin() as connection:
        found: int = connection.execute(text(f"select count(*) from {table}")).scalar()
    return found
