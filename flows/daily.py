"""The whole corridor once: every source, everybody, every campaign, every channel."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows import clock, story
from flows.campaign import campaign, rests
from flows.deliver import deliver
from flows.ingest import ingest
from flows.refresh import AsOf, refresh
from flows.retries import step
from tasks import accounts, database, sources
from tasks.campaigns import campaign as campaigns
from tasks.ingest import land
from tasks.settings import settings


class DayFailed(Exception):
    """Part of the day failed; the message names it and what was held back."""


@flow(flow_run_name="daily")
def daily(as_of: AsOf = None) -> State[Any]:
    """Ingest all sources, refresh, plan all campaigns, deliver on all channels.

    When a source fails, the others are still loaded and refreshed, but no campaign is
    planned: nobody should be thanked for what they have just sent back. **Retry is
    always safe** and starts from the top; finished parts find nothing left to do.
    Runbook: `deployments/RUNBOOK.md`, *daily*.
    """
    moment = as_of or clock.now()
    day = _Day()
    for source in sources.load(settings().sources_file):
        day.run(f"ingest {source.name}", ingest, source=source.name, until=as_of)
    day.run("refresh", refresh, as_of=moment)
    is_fresh = not day.failures
    if is_fresh:
        for name in _campaigns_on(moment):
            day.run(f"campaign {name}", campaign, name=name, as_of=moment)
    for channel in accounts.load():
        day.run(f"deliver {channel}", deliver, channel=channel, as_of=as_of)
    leftovers_of_staging(clock.now())
    day.tell()
    if day.failures:
        held = "" if is_fresh else " No campaign was planned on stale data."
        raise DayFailed(f"{'; '.join(day.failures)}.{held} Retry this run when fixed")
    return story.ended("Done", "; ".join(f"{k}: {v}" for k, v in day.ended.items()))


@step("tidy")
def leftovers_of_staging(now: datetime) -> list[str]:
    """Drop what batches loaded more than a week ago left in staging."""
    return land.tidy(database.engine(), now - timedelta(days=7))


def _campaigns_on(moment: datetime) -> list[str]:
    """The campaigns that do not rest, those that go first first.

    Those with a schedule of their own are planned by that.
    """
    known = [one for one in campaigns.all_campaigns() if one.schedule is None]
    active = [one for one in known if not rests(one, moment)]
    return [one.name for one in sorted(active, key=lambda one: -one.priority)]


class _Day:
    """How each part of the day ended, in its order."""

    def __init__(self) -> None:
        self.ended: dict[str, str] = {}
        self.failures: list[str] = []

    def run(self, name: str, part: Callable[..., Any], /, **parameters: Any) -> None:
        state: State[Any] = part(**parameters, return_state=True)
        self.ended[name] = state.name or ""
        if not state.is_completed():
            self.failures.append(f"{name}: {state.message}")

    def tell(self) -> None:
        lines = [[name, ended] for name, ended in self.ended.items()]
        story.tell("daily", "The day", story.table(["part", "how it ended"], lines))
