"""Send what is due on one channel, a lane per sending account."""

import logging
from collections import Counter
from datetime import datetime
from threading import Event
from typing import Annotated, Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows import clock, story
from flows.refresh import AsOf
from flows.retries import step
from tasks import accounts, channels, database
from tasks.delivery import deliver as delivery
from tasks.delivery import health, ledger, worklists
from tasks.planning import exits, rewards

log = logging.getLogger(__name__)

ChannelName = Annotated[
    str,
    Field(
        description="a file of tasks/channels",
        json_schema_extra={"enum": list(channels.names())},
    ),
]
AccountName = Annotated[
    str | None,
    Field(description="only this account of channels.yaml; empty: all of the channel"),
]
Only = Annotated[
    Literal["due", "failed", "in_doubt"],
    Field(
        description="due: what is to be sent now; failed: also what waits for its "
        "next try (what was given up needs `regulars deadletter release`); "
        "in_doubt: find out what became of messages with an unknown outcome"
    ),
]


class DeliveryFailed(Exception):
    """Some lanes did not end well, or the ledger does not add up."""


@flow(flow_run_name="deliver {channel} {only}")
def deliver(
    channel: ChannelName,
    account: AccountName = None,
    only: Only = "due",
    as_of: AsOf = None,
) -> State[Any]:
    """Send the planned messages of a channel, each account in a lane of its own.

    **Retry is always safe**: the intent to send is committed before the provider is
    called, so a message is never sent twice by a machine; what is in doubt is settled
    by the channel's own rules or shown to a person.
    Runbook: `deployments/RUNBOOK.md`, *deliver*.
    """
    if channel == "worklist":
        noted_by_colleagues(as_of or clock.now())
    needless_by_now(as_of or clock.now())
    lanes = [account] if account else sorted(accounts.load().get(channel, {}))
    if not lanes:
        return story.ended("No account", f"channels.yaml has no account of {channel}")
    done, failures = _in_lanes(channel, lanes, only, as_of or clock.now())
    for name, why in accounts_at_rest(channel).items():
        if name in lanes:
            failures.setdefault(name, why)
    for name, why in runs_stopped(channel):
        if name in lanes:
            failures[name] = f"{failures[name]}; {why}" if name in failures else why
    rewards_of_unsent(as_of or clock.now())
    violations = violations_of_ledger()
    _tell(channel, done, failures, violations)
    if failures or violations:
        raise DeliveryFailed(_why(channel, lanes, failures, violations))
    total = sum(done.values(), Counter[str]())
    name = f"{total['accepted']:,} sent" if total["accepted"] else "Nothing to send"
    return story.ended(name, story.counted(total) or "nothing was due", dict(total))


@step("lane {channel} {account}")
def lane(
    channel: str, account: str, only: Only, now: datetime, stop: Event
) -> dict[str, int]:
    """Everything of one account that may go now; how many messages ended how."""
    engine = database.engine()
    sent = delivery.deliver(engine, channel, account, now, only, stop=stop)
    return dict(sent.outcomes)


@step("needless by now")
def needless_by_now(now: datetime) -> int:
    """Skip later steps whose `unless` has come true since they were planned."""
    return exits.leave(database.engine(), now)


@step("rewards of unsent messages")
def rewards_of_unsent(now: datetime) -> int:
    """Void the rewards whose message is not sent after all; how many were."""
    with database.engine().begin() as connection:
        return rewards.void(connection, now)


@step("read worklists")
def noted_by_colleagues(now: datetime) -> list[str]:
    """Take over what people wrote into their tasks; the files that cannot be read."""
    return worklists.read_back(database.engine(), now).problems


@step("accounts at rest")
def accounts_at_rest(channel: str) -> dict[str, str]:
    """The accounts that were stopped after failures in a row, and why."""
    with database.engine().begin() as connection:
        return {
            one.account: f"stopped since {one.stopped_at:%Y-%m-%d %H:%M} UTC: "
            f"{one.stopped_because}"
            for one in health.accounts(connection)
            if one.channel == channel and one.stopped_at
        }


@step("stopped runs")
def runs_stopped(channel: str) -> list[tuple[str, str]]:
    """(account, why) of each campaign whose words a provider refuses."""
    with database.engine().begin() as connection:
        return [
            (
                one.account,
                f"{one.campaign} is stopped: {one.because}. Correct its words, or "
                f"`regulars ledger resume {one.campaign_run_id}`",
            )
            for one in health.stopped_runs(connection)
            if one.channel == channel
        ]


@step("ledger check")
def violations_of_ledger() -> list[str]:
    """What in the ledger does not add up; should always be empty."""
    with database.engine().begin() as connection:
        return [str(violation) for violation in ledger.check(connection)]


def _in_lanes(
    channel: str, names: list[str], only: Only, now: datetime
) -> tuple[dict[str, Counter[str]], dict[str, str]]:
    """What each lane did, and why others failed.

    When the run is cancelled or its worker is stopped, the lanes finish what is in
    flight and release the rest.
    """
    stop = Event()
    done: dict[str, Counter[str]] = {}
    failures: dict[str, str] = {}
    running = {name: lane.submit(channel, name, only, now, stop) for name in names}
    try:
        for name, future in running.items():
            try:
                done[name] = Counter(future.result())
            except Exception as error:
                log.exception("lane %s failed", name)
                failures[name] = story.cause(error)
    finally:
        stop.set()
    return done, failures


def _tell(
    channel: str,
    done: dict[str, Counter[str]],
    failures: dict[str, str],
    violations: list[str],
) -> None:
    kinds = sorted({kind for counts in done.values() for kind in counts})
    lines = [[name, *(counts[k] for k in kinds)] for name, counts in done.items()]
    story.tell(
        f"deliver-{channel}",
        f"{channel}: what was sent",
        story.table(["account", *kinds], lines),
        story.table(["account", "why"], failures.items()),
        "\n".join(f"- {one}" for one in violations),
        story.command("doubt list", "Messages that a person must look at:"),
    )


def _why(
    channel: str,
    lanes: list[str],
    failures: dict[str, str],
    violations: list[str],
) -> str:
    each = "; ".join(f"{name}: {why}" for name, why in failures.items())
    failed = f"{len(failures)} of {len(lanes)} accounts failed. {each}"
    broken = f"the ledger does not add up: {'; '.join(violations)}"
    parts = [failed] * bool(failures) + [broken] * bool(violations)
    return f"{channel}: {'. '.join(parts)}"
