"""What a person answers in the UI, and what Prefect does by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.events import emit_event
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Completed, Running, Suspended
from sqlalchemy import Engine, text

from flows import story
from flows.campaign import Approval
from flows.prefect_server import Prefect
from flows.refresh import refresh
from flows.register import AUTOMATIONS, automate, read
from tests.flows.runs import Run, hasten, until
from tests.flows.small_shop import AS_OF, SmallShop, prepare, small_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SmallShop]:
    with small_shop(tmp_path) as shop:
        yield shop


def test_a_large_plan_waits_for_a_person_and_goes_when_approved(
    worker: Prefect,
    client: SyncPrefectClient,
    shop: SmallShop,
    engine: Engine,
    database_url: str,
) -> None:
    prepare(engine, shop)
    campaigns = shop.copy_campaigns(approve_over=1)
    more = {"REGULARS_CAMPAIGNS": str(campaigns)}
    what = {"name": "post_purchase", "as_of": AS_OF}
    run = Run.of(client, "campaign/plan", shop, database_url, more, **what)
    run.until("Suspended")
    assert answered(engine) == [("waiting", None)]

    wrong = {"decision": "perhaps", "your_name": "Lin"}
    assert "'perhaps' is not one of" in resume(client, run, wrong)
    assert resume(client, run, {"decision": "approve", "your_name": "Lin"}) == ""
    assert run.until("COMPLETED").name == "2 approved"
    assert answered(engine)[0] == ("approved", "Lin")


def test_resuming_without_a_choice_rejects() -> None:
    assert Approval().decision == "reject"


def test_a_run_that_falls_silent_is_crashed_and_continued(
    registered: Prefect, client: SyncPrefectClient
) -> None:
    hasten(client, "zombies")
    hasten(client, "crashed")
    silent, finished, waiting = (deployed(client) for _ in range(3))
    part_of_a_run = client.create_flow_run(refresh, state=Running())
    for run in (silent, finished, waiting, part_of_a_run):
        beat(run)
    story.flush()
    client.set_flow_run_state(finished.id, Completed(name="12 quarantined"))
    client.set_flow_run_state(waiting.id, Suspended(), force=True)

    until(lambda: "AwaitingRetry" in states(client, silent), "continued")
    assert "Crashed" in states(client, silent)
    until(lambda: "Crashed" in states(client, part_of_a_run), "crashed")
    assert states(client, finished)[-1] == "12 quarantined"
    assert states(client, waiting)[-1] == "Suspended"
    # A part cannot be started alone: the run that it belongs to is.
    assert states(client, part_of_a_run)[-1] == "Crashed"


def test_registering_again_forgets_no_run_that_is_being_watched(
    registered: Prefect, client: SyncPrefectClient
) -> None:
    (wanted,) = (a for a in read(AUTOMATIONS) if a["name"] == "never started")
    before = client.read_automations_by_name(wanted["name"])
    automate(client, wanted)
    assert client.read_automations_by_name(wanted["name"]) == before


def test_a_form_offers_the_channels_and_refuses_others(
    registered: Prefect, client: SyncPrefectClient
) -> None:
    deployment = client.read_deployment_by_name("deliver/mail")
    form = deployment.parameter_openapi_schema["properties"]
    assert "mail" in form["channel"]["enum"]
    assert form["only"]["enum"] == ["due", "failed", "in_doubt"]
    with pytest.raises(PrefectHTTPStatusError, match="pigeon"):
        client.create_flow_run_from_deployment(
            deployment.id, parameters={"channel": "pigeon"}
        )


def answered(engine: Engine) -> list[tuple[str, str | None]]:
    """The plans there are: their state, and who answered."""
    with engine.begin() as connection:
        found = connection.execute(
            text(
                "select state, approved_by from campaign_runs order by campaign_run_id"
            )
        )
        return [(row.state, row.approved_by) for row in found]


def resume(client: SyncPrefectClient, run: Run, said: dict[str, str]) -> str:
    """Submit the form behind Resume; why it was refused, empty when it was not."""
    answer = client.resume_flow_run(run.run.id, run_input=said)
    return str(getattr(answer.details, "reason", None) or "")


def deployed(client: SyncPrefectClient) -> FlowRun:
    """A run of a deployment that no worker here will ever look after."""
    deployment = client.read_deployment_by_name("refresh/customers")
    return client.create_flow_run_from_deployment(deployment.id, state=Running())


def beat(run: FlowRun) -> None:
    """The sign of life that a run gives every half minute."""
    place = {"prefect.resource.id": f"prefect.flow-run.{run.id}"}
    emit_event("prefect.flow-run.heartbeat", resource=place)


def states(client: SyncPrefectClient, run: FlowRun) -> list[str]:
    """The names of the states so far."""
    return [str(state.name) for state in client.read_flow_run_states(run.id)]
