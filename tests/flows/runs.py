"""A run of a deployment, as on-call sees it and handles it."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import run_deployment
from prefect.states import AwaitingRetry

from flows import register
from tests.flows.small_shop import SmallShop

T = TypeVar("T")


@dataclass
class Run:
    """One run on the server that `client` talks to."""

    client: SyncPrefectClient
    run: FlowRun

    @classmethod
    def of(
        cls,
        client: SyncPrefectClient,
        deployment: str,
        shop: SmallShop,
        address: str,
        more: dict[str, str] | None = None,
        **parameters: Any,
    ) -> "Run":
        """Begin it as the UI's Custom run does, in the shop's house."""
        once = {"DATABASE_URL": address, "PREFECT_TASKS_DEFAULT_RETRIES": "0"}
        started = run_deployment(
            deployment,
            parameters=parameters,
            job_variables={"env": shop.environment | once | (more or {})},
            timeout=0,
        )
        return cls(client, started)

    def until(self, state: str, attempt: int = 1) -> State[Any]:
        """Wait until that attempt is in a state of that name or type."""

        def there() -> State[Any] | None:
            now = self.client.read_flow_run(self.run.id)
            if now.run_count < attempt or now.state is None:
                return None
            if state in (now.state.name, now.state.type.value):
                return now.state
            assert not now.state.is_final(), [now.state.message, *self.logs()]
            return None

        return until(there, f"attempt {attempt} is {state}")

    def until_logged(self, line: str) -> None:
        """Wait until the Logs tab shows it: the process sends its logs in batches."""
        until(lambda: line in self.logs(), line)

    def retry(self) -> None:
        """What the UI's Retry button does."""
        self.client.set_flow_run_state(self.run.id, AwaitingRetry(), force=True)

    def kill(self) -> None:
        """End the process as a machine does that runs out of memory."""
        place = str(self.client.read_flow_run(self.run.id).infrastructure_pid)
        os.kill(int(place.rpartition(":")[2]), signal.SIGKILL)

    def logs(self) -> list[str]:
        """What the run's Logs tab shows."""
        of_run = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[self.run.id]))
        return [entry.message for entry in self.client.read_logs(of_run)]


def until(asked: Callable[[], T | None], what: str, seconds: float = 90) -> T:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := asked():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"after {seconds} seconds still not: {what}")


def artifact(client: SyncPrefectClient, key: str) -> str:
    """The newest artifact of that key."""
    of_key = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    found = client.read_artifacts(artifact_filter=of_key)
    return str(max(found, key=lambda one: one.created).data)


def hasten(client: SyncPrefectClient, name: str, seconds: int = 10) -> None:
    """Let an automation of deployments/automations.yaml act sooner."""
    wanted = {one["name"]: one for one in register.read(register.AUTOMATIONS)}[name]
    wanted["trigger"]["within"] = seconds
    register.automate(client, wanted)
