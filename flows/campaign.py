"""Plan one campaign: who gets which message, and a person's approval of large plans."""

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from prefect import flow, suspend_flow_run
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.input import RunInput
from pydantic import Field

from flows import clock, story
from flows.refresh import AsOf
from flows.retries import step
from tasks import database
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.planning import approval, goals, plan
from tasks.planning.approval import Waiting
from tasks.planning.goals import Reached
from tasks.planning.plan import Planned
from tasks.settings import settings

log = logging.getLogger(__name__)

DEPLOYMENT = "campaign/plan"
PATIENCE = timedelta(days=3)

CampaignName = Annotated[
    str, Field(description="a folder of sql/campaigns", examples=["post_purchase"])
]


class Approval(RunInput):
    """The form behind Resume; without a deliberate choice nothing is sent."""

    decision: Literal["reject", "approve"] = Field(
        default="reject", description="approve: it is sent; reject: it never is"
    )
    your_name: str = Field(default="", description="who decided; kept in the ledger")


@flow(flow_run_name="campaign {name}")
def campaign(name: CampaignName, as_of: AsOf = None) -> State[Any]:
    """Decide who gets which message of a campaign; sending is `deliver`'s part.

    A plan above the campaign's `approve_over` waits: the run shows **Suspended**, and
    *Resume* opens a form. What was approved is what is sent. **Retry is always
    safe**: a message that is planned stays planned once.
    Runbook: `deployments/RUNBOOK.md`, *campaign*.
    """
    moment = as_of or clock.now()
    chosen = campaigns.load(campaigns.root() / name)
    if rests(chosen, moment):
        return story.ended("Resting", f"{name} is not enabled, or out of its season")
    planned = planned_messages(name, moment)
    _tell(name, planned, goals_reached(name, moment))
    answers = [_answer(name, one) for one in runs_that_wait(name)]
    if answers:
        return story.ended(", ".join(answers), f"{name}: {', '.join(answers)}")
    return story.ended(*_last_state(planned))


def rests(chosen: Campaign, moment: datetime) -> bool:
    """Whether it is not enabled, or out of its season by the shop's own clock."""
    return not chosen.runs_on(moment.astimezone(ZoneInfo(settings().timezone)).date())


@step("plan {name}")
def planned_messages(name: str, as_of: datetime) -> Planned:
    """One decision for every candidate and step, in one transaction."""
    chosen = campaigns.load(campaigns.root() / name)
    return plan.plan(database.engine(), chosen, as_of)


@step("goal {name}")
def goals_reached(name: str, as_of: datetime) -> list[Reached]:
    """How many did what it is for, of those written to and of the control group."""
    chosen = campaigns.load(campaigns.root() / name)
    with database.engine().begin() as connection:
        return goals.measure(connection, chosen, as_of)


@step("waiting {name}")
def runs_that_wait(name: str) -> list[Waiting]:
    """The plans of this campaign that a person has to look at."""
    with database.engine().begin() as connection:
        return approval.waiting(connection, name)


@step("{decision} {campaign_run_id}")
def answer(campaign_run_id: int, decision: str, by: str) -> int:
    """Let a plan go or stop it; how many messages that concerns."""
    with database.engine().begin() as connection:
        if decision != "approve":
            return approval.reject(connection, campaign_run_id, by)
        version = approval.version_now(connection, campaign_run_id)
        return approval.approve(connection, campaign_run_id, by, version)


def _answer(name: str, one: Waiting) -> str:
    """Ask for approval where a run can wait for it, and do as was said."""
    if not _can_suspend():
        return _hand_over(name, one)
    form = Approval.with_initial_data(
        description=f"**{name}** wants to send **{one.messages:,} messages** (plan "
        f"{one.campaign_run_id}, {one.candidates:,} candidates). The run's artifact "
        "shows who and why. Nothing is sent until you approve."
    )
    # A sign of life that came after the suspension would look like the last one.
    story.flush()
    said = suspend_flow_run(
        wait_for_input=form,
        key=f"plan-{one.campaign_run_id}",
        timeout=int(PATIENCE.total_seconds()),
    )
    by = said.your_name or "a person in the Prefect UI"
    messages = answer(one.campaign_run_id, said.decision, by)
    return f"{messages:,} {'approved' if said.decision == 'approve' else 'rejected'}"


def _can_suspend() -> bool:
    """Only a deployment's own run can end now and begin again when resumed."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return bool(run and run.deployment_id and not run.parent_task_run_id)


def _hand_over(name: str, one: Waiting) -> str:
    """Start a run that can wait for a person, once per plan."""
    try:
        run_deployment(
            DEPLOYMENT,
            parameters={"name": name},
            idempotency_key=f"plan-{one.campaign_run_id}",
            timeout=0,
            as_subflow=False,
        )
    except ObjectNotFound:
        log.warning(
            "plan %s of %s waits for approval, and there is no deployment %s to ask "
            "a person: `regulars deploy` makes it",
            *(one.campaign_run_id, name, DEPLOYMENT),
        )
    return f"{one.messages:,} wait for approval"


def _tell(name: str, planned: Planned, reached: list[Reached]) -> None:
    decisions = Counter(planned.decisions)
    lines = [
        [what if reason is None else f"{what}: {reason}", number]
        for (what, reason), number in decisions.most_common()
    ]
    standing = [
        ["candidates", planned.candidates],
        ["in audience", planned.in_audience],
    ]
    lines += [["decided before", planned.already], ["not due yet", planned.not_due]]
    silent = ", ".join(planned.without_account)
    story.tell(
        f"campaign-{name}",
        f"{name}: who gets a message, and who does not",
        story.table(["people", ""], standing),
        _rules(planned),
        story.table(["messages", ""], lines),
        _lost_out(planned),
        _goals(reached),
        f"**No account in channels.yaml, passed over:** {silent}" if silent else "",
        story.command(f"explain CUSTOMER {name}", "Why somebody (does not) get it:"),
    )


def _lost_out(planned: Planned) -> str:
    """Who had no room, and what there was no room in or who went first."""
    lines = [
        [f"{what}: {reason}", detail, number]
        for (what, reason, detail), number in planned.lost_out.items()
    ]
    return story.table(["lost out", "to", "messages"], lines)


def _goals(reached: list[Reached]) -> str:
    lines = [
        [
            one.step,
            "control group" if one.is_control else "were sent it",
            one.people,
            one.reached,
            f"{one.reached / one.people:.1%}",
        ]
        for one in reached
    ]
    columns = ["step", "who", "people", "reached the goal", "share"]
    return story.table(columns, lines)


def _rules(planned: Planned) -> str:
    rules = getattr(planned.waterfall, "rules", ())
    lines = [[rule.rule, rule.passed, rule.failed, rule.unknown] for rule in rules]
    columns = ["rule", "let through", "kept out", "unknown"]
    return story.table(columns, lines)


def _last_state(planned: Planned) -> tuple[str, str]:
    told: Counter[str] = Counter()
    for (what, _), number in planned.decisions.items():
        told[what] += number
    message = story.counted(told) or "nobody is due"
    message = (
        f"{planned.candidates:,} candidates, {planned.in_audience:,} in the audience: "
        f"{message}"
    )
    return f"{planned.planned:,} planned" if planned.planned else "Nothing new", message
