"""Tells a Prefect server what there is: work pool, deployments, automations."""

import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate, WorkPoolCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.prefect_server import POOL, ROOT
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign, CampaignError
from tasks.settings import settings

log = logging.getLogger(__name__)

DEPLOYMENTS = ROOT / "deployments" / "prefect.yaml"
# Plans one campaign; schedules that campaigns bring along have slugs that begin so.
PLANS, OWN = "campaign/plan", "campaign-"
AUTOMATIONS = ROOT / "deployments" / "automations.yaml"


class NotRegistered(RuntimeError):
    """`prefect deploy` refused; the message holds what it said."""


def register(environment: Mapping[str, str]) -> tuple[int, int]:
    """Create or update everything on the server at `environment`'s PREFECT_API_URL.

    Returns how many deployments and automations there are. Safe to run again: what
    was changed by hand is set back, what is new is added, nothing is doubled. A work
    pool that is there already keeps its type, which may be Docker or Kubernetes.

    Raises:
        NotRegistered: a file is wrong.
    """
    with (
        temporary_settings({PREFECT_API_URL: environment["PREFECT_API_URL"]}),
        get_client(sync_client=True) as client,
    ):
        _create_pool(client)
        _deploy(environment)
        schedule(client, list(_campaigns()))
        for wanted in read(AUTOMATIONS):
            automate(client, wanted)
    return len(read(DEPLOYMENTS)), len(read(AUTOMATIONS))


def read(file: Path) -> list[dict[str, Any]]:
    """The deployments or automations that the file describes."""
    content = yaml.safe_load(file.read_text())
    described: list[dict[str, Any]] = content.get("deployments") or content[file.stem]
    return described


def automate(client: SyncPrefectClient, described: Mapping[str, Any]) -> None:
    """Create the automation, or update the one of that name when it differs."""
    wanted = AutomationCore.model_validate(described)
    known = client.read_automations_by_name(wanted.name)
    if not known:
        client.create_automation(wanted)
    # An update forgets which runs are being watched, so only a real change is one.
    elif AutomationCore.model_validate(known[0].model_dump()) != wanted:
        client.update_automation(known[0].id, wanted)


def schedule(client: SyncPrefectClient, known: Sequence[Campaign]) -> list[str]:
    """Give the deployment `campaign/plan` the schedules that campaigns bring along.

    Returns their slugs. One that no campaign has any more is taken away; the schedules
    of prefect.yaml are left alone.
    """
    deployment = client.read_deployment_by_name(PLANS)
    wanted = {f"{OWN}{one.name}": one for one in known if one.schedule}
    for there in deployment.schedules:
        if (there.slug or "").startswith(OWN):
            client.delete_deployment_schedule(deployment.id, there.id)
    zone = settings().timezone
    made = [
        DeploymentScheduleCreate(
            slug=slug,
            schedule=CronSchedule(cron=one.schedule or "", timezone=zone),
            parameters={"name": one.name},
            active=one.enabled,
        )
        for slug, one in wanted.items()
    ]
    if made:
        client.create_deployment_schedules(deployment.id, made)
    return sorted(wanted)


def _campaigns() -> Iterator[Campaign]:
    """Those that can be loaded; a broken one is planned by nobody."""
    for folder in campaigns.folders():
        try:
            yield campaigns.load(folder)
        except CampaignError as error:
            log.warning(
                "%s has no schedule, since it is broken: %s", folder.name, error
            )


def _create_pool(client: SyncPrefectClient) -> None:
    try:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    except ObjectAlreadyExists:
        return


def _deploy(environment: Mapping[str, str]) -> None:
    place = ["--all", "--prefect-file", str(DEPLOYMENTS.relative_to(ROOT))]
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", *place],
        cwd=ROOT,
        # `set_working_directory` of prefect.yaml; a shell would have set it.
        env={**environment, "PWD": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    # A file that cannot be read is only skipped by `prefect deploy`.
    if done.returncode or "skipping" in done.stdout.lower():
        raise NotRegistered(
            f"`prefect deploy` with {DEPLOYMENTS} failed:\n{done.stdout}{done.stderr}"
        )
