"""Everything in deployments/ can be deployed as it stands."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values
from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import AutomationCore
from prefect.settings.legacy import _get_settings_fields
from prefect.settings.models.root import Settings

from flows import register

FOLDER = Path(__file__).parents[2] / "deployments"
DEPLOYMENTS = register.read(register.DEPLOYMENTS)


def name(deployment: dict[str, Any]) -> str:
    return str(deployment["name"])


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=name)
def test_a_deployment_names_a_flow_by_its_module(deployment: dict[str, Any]) -> None:
    module, _, function = deployment["entrypoint"].rpartition(".")
    assert "/" not in deployment["entrypoint"] and ":" not in deployment["entrypoint"]
    assert isinstance(getattr(import_module(module), function), Flow)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=name)
def test_schedules_can_run_with_their_parameters(deployment: dict[str, Any]) -> None:
    module, _, function = deployment["entrypoint"].rpartition(".")
    flow = getattr(import_module(module), function)
    assert deployment["schedules"]
    for schedule in deployment["schedules"]:
        CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        given = deployment.get("parameters", {}) | schedule.get("parameters", {})
        flow.validate_parameters(given)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=name)
def test_the_description_leads_to_a_section_of_the_runbook(
    deployment: dict[str, Any],
) -> None:
    flow = deployment["entrypoint"].rpartition(".")[2]
    assert f"`deployments/RUNBOOK.md`, section *{flow}*" in deployment["description"]
    assert f"\n## {flow}\n" in (FOLDER / "RUNBOOK.md").read_text()


def test_no_setting_of_prefect_is_misspelt() -> None:
    known = set(_get_settings_fields(Settings)) | {"DO_NOT_TRACK"}
    assert set(dotenv_values(FOLDER / "prefect.env")) - known == set()


def test_automations_are_what_prefect_understands() -> None:
    for described in register.read(register.AUTOMATIONS):
        wanted = AutomationCore.model_validate(described)
        # A final state bears a name of ours, so no list of names would do.
        assert wanted.trigger.expect == {"prefect.flow-run.*"}  # type: ignore[union-attr]


@pytest.mark.parametrize("file", ["compose.yaml", "kubernetes.yaml"])
def test_the_examples_for_containers_can_be_read(file: str) -> None:
    documents = list(yaml.safe_load_all((FOLDER / file).read_text()))
    assert all(documents)
    words = (FOLDER / file).read_text()
    assert "--pool, regulars" in words or "image: regulars" in words
