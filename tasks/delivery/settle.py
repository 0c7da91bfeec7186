"""Writes what came back into the ledger, with everything that follows from it."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from tasks.channels.base import Account, Channel, Outcome, Result
from tasks.database import array, numbers, rows, run, run_prepared

FINAL = {
    Outcome.ACCEPTED: "accepted",
    Outcome.DELIVERED: "delivered",
    Outcome.RECIPIENT_BLOCKED: "failed",
    Outcome.RECIPIENT_INVALID: "failed",
    Outcome.OUT_OF_WINDOW: "failed",
    Outcome.CONTENT_REJECTED: "failed",
}
SUPPRESSES = {Outcome.RECIPIENT_BLOCKED, Outcome.RECIPIENT_INVALID}
GOES_ANOTHER_WAY = {Outcome.RECIPIENT_INVALID, Outcome.OUT_OF_WINDOW}
# (touch_id, number, outcome, reason, provider_id): a line of `outcome`.
Line = tuple[int, int, str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Lane:
    """One channel and account, as the ledger knows them."""

    channel: Channel
    account: str
    limits: Account


@dataclass(frozen=True, slots=True)
class Again:
    """Why and when some messages are ordered again."""

    kind: str
    delay: timedelta
    hold: str | None
    tries: int = 0


def settle(
    connection: Connection,
    lane: Lane,
    results: Sequence[Result],
    at: datetime,
    chunk_id: int | None,
) -> None:
    """Append one outcome per result; order again, reroute and suppress as it says.

    A NOT_SENT without a reason is not ordered again: its order stays open.
    """
    rerouted = _reroute(connection, lane, results, at, chunk_id)
    lines: list[Line] = []
    again: dict[Again, list[int]] = defaultdict(list)
    for result in results:
        message = result.message
        touch_id, number, told = message.touch_id, message.number, result.provider_id
        if result.outcome is Outcome.ACCEPTED:
            lines.append((touch_id, number, "accepted", result.reason, told))
            continue
        outcome = _outcome(lane.channel, result, touch_id in rerouted)
        lines.append((touch_id, number, outcome, _reason(result), told))
        plan = _again(lane.channel, result, outcome)
        if plan and touch_id not in rerouted:
            again[plan].append(touch_id)
    append(connection, lines, at)
    order_again(connection, lane, again, at, chunk_id)
    _suppress(connection, lane, results)


def append(connection: Connection, lines: Iterable[Line], at: datetime) -> None:
    """Append lines to `outcome`, all with the same time.

    Not by COPY: for some hundred rows that are much alike it costs half as much again.
    """
    alike: dict[tuple[int, str], list[Line]] = defaultdict(list)
    for line in lines:
        alike[line[1:3]].append(line)
    for (number, outcome), ended in alike.items():
        ids, _, _, reasons, idents = zip(*ended, strict=True)
        run_prepared(
            connection,
            "deliver/outcome",
            at=at,
            number=number,
            became=outcome,
            ids=numbers(ids),
            reasons=_texts(reasons),
            idents=_texts(idents),
        )


def order_again(
    connection: Connection,
    lane: Lane,
    again: dict[Again, list[int]],
    at: datetime,
    chunk_id: int | None,
) -> None:
    """New work orders for messages that go out, or are asked about, later."""
    for plan, ids in again.items():
        # Some jitter, so that what failed together does not come back together.
        delay = plan.delay * random.uniform(1.0, 1.25)
        binds = {
            "channel": lane.channel.name,
            "account": lane.account,
            "kind": plan.kind,
            "not_before": at + delay,
            "hold": plan.hold,
            "tries": plan.tries,
            "ids": ids,
            "chunk": chunk_id,
        }
        run(connection, "deliver/order", **binds)


def doubt(channel: Channel, tries: int = 0) -> Again | None:
    """When to look again at a message in doubt; None: a person has to."""
    if channel.dedupes_for:
        return Again("doubt", min(channel.first_delay, channel.ask_after), "in doubt")
    if channel.can_ask and tries < channel.asks:
        delay = channel.ask_after * 2 ** min(tries, 6)
        return Again("doubt", delay, "in doubt: the provider is asked", tries + 1)
    return None


def backoff(channel: Channel, refusals: int) -> timedelta:
    """How long to wait after so many refusals: doubled each time, up to a limit."""
    delay: timedelta = channel.first_delay * 2 ** min(refusals, 20)
    return min(channel.longest_delay, delay)


def _outcome(channel: Channel, result: Result, is_rerouted: bool) -> str:
    if is_rerouted:
        return "not_sent"
    if result.outcome is Outcome.UNKNOWN_OUTCOME:
        return "in_doubt"
    if result.outcome is Outcome.RETRYABLE:
        is_last = result.message.refusals + 1 >= channel.attempts
        return "dead" if is_last else "retry"
    return FINAL.get(result.outcome, "not_sent")


def _again(channel: Channel, result: Result, outcome: str) -> Again | None:
    if outcome == "in_doubt":
        return doubt(channel)
    is_released = result.outcome is Outcome.NOT_SENT and result.reason is None
    if outcome not in ("retry", "not_sent") or is_released:
        return None
    refusals = result.message.refusals if outcome == "retry" else 0
    delay = result.retry_after or backoff(channel, refusals)
    return Again("retry", delay, _reason(result))


def _reroute(
    connection: Connection,
    lane: Lane,
    results: Sequence[Result],
    at: datetime,
    chunk_id: int | None,
) -> set[int]:
    """Send by the campaign's next channel what this one cannot; returns which."""
    lost = [one for one in results if one.outcome in GOES_ANOTHER_WAY]
    rerouted: set[int] = set()
    for result in lost:
        message = result.message
        found = rows(
            connection,
            "deliver/detour",
            touch=message.touch_id,
            number=message.number + 1,
            channel=lane.channel.name,
            reason=_reason(result),
            at=at,
            chunk=chunk_id,
        )
        rerouted.update(row["touch_id"] for row in found)
    return rerouted


def _suppress(connection: Connection, lane: Lane, results: Sequence[Result]) -> None:
    for result in results:
        if result.outcome in SUPPRESSES:
            run(
                connection,
                "deliver/suppress",
                channel=lane.channel.name,
                address=result.message.address,
                reason=result.outcome.value,
                evidence=f"touch {result.message.touch_id}: {result.reason}",
            )


def _reason(result: Result) -> str | None:
    if result.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED):
        return result.reason
    parts = [result.outcome.value, result.reason]
    if result.outcome is Outcome.NOT_SENT:
        parts = [result.reason]
    return ": ".join(part for part in parts if part) or None


def _texts(values: Sequence[str | None]) -> str:
    """As `array`; for nothing but null an empty one, which stands for as many."""
    if not any(value is not None for value in values):
        return "{}"
    return array([value and _storable(value) for value in values])


def _storable(value: str) -> str:
    """What a provider said, as Postgres takes it: no NUL, no half of a character."""
    return value.replace("\0", "").encode(errors="replace").decode()
