"""One worker at one account: takes orders, sends their messages, settles often."""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from tasks import doubt, pace
from tasks.channels.base import Message, Outcome, Result
from tasks.database import rows, run
from tasks.journal import Journal
from tasks.lease import Lease
from tasks.settle import Again, Lane, Line, append, order_again, settle
from tasks.settle import doubt as look_again
from tasks.wording import Wording
from tasks.words import WordsError

log = logging.getLogger(__name__)

SETTLE_AFTER = 2.0
"""Seconds after which answers are settled, also in the middle of a batch."""
AFTER_ANOTHER = timedelta(minutes=5)
Row = Any


class Worker:
    """Works under one lease, in one thread."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        lease: Lease,
        journal: Journal,
        wording: Wording,
        clock: Callable[[], datetime],
        stop: threading.Event,
        outcomes: Counter[str],
    ) -> None:
        self._engine = engine
        self._lane = lane
        self._lease = lease
        self._journal = journal
        self._wording = wording
        self._clock = clock
        self._stop = stop
        self._outcomes = outcomes
        self._results: list[Result] = []
        self._lines: list[Line] = []
        self._again: dict[Again, list[int]] = defaultdict(list)
        self._settled_at = time.monotonic()
        self._order: Row = None
        self._open: set[int] = set()
        self._is_broken_off = False
        self._is_resting = False

    def run(self, kinds: tuple[str, ...], newest: int) -> None:
        """Handle order after order, until none is due, or it has to stop.

        Orders up to the number `newest` are taken before their time.
        """
        while self._may_go_on():
            with self._engine.begin() as connection:
                self._order = run(
                    connection,
                    "deliver/claim",
                    channel=self._name,
                    account=self._lane.account,
                    lease=self._lease.lease_id,
                    now=self._clock(),
                    kinds=list(kinds),
                    newest=newest,
                ).one_or_none()
            if self._order is None:
                return
            self._handle()

    @property
    def _name(self) -> str:
        return self._lane.channel.name

    def _may_go_on(self) -> bool:
        """False once the rest of this order must be left to others."""
        may = not self._stop.is_set() and self._lease.holds()
        self._is_broken_off = self._is_broken_off or not may
        return may and not self._is_broken_off

    def _handle(self) -> None:
        """Everything about one order, up to its end or its release."""
        at = self._clock()
        self._is_broken_off = self._is_resting = False
        if self._order.open_until is not None and self._order.open_until <= at:
            self._postpone_to_day(at)
            return
        ready = self._sorted(at)
        self._open = {row.touch_id for row in ready}
        put_off = self._send_all(ready)
        with self._engine.begin() as connection:
            self._write(connection)
            self._end_order(connection, put_off)
        self._journal.settled()

    def _end_order(self, connection: Connection, put_off: pace.Grant | None) -> None:
        """Finish the order, or leave what is still open of it for later."""
        binds = {"chunk": self._order.chunk_id, "lease": self._lease.lease_id}
        if not self._open:
            run(connection, "deliver/finish", **binds)
            return
        left = run(connection, "deliver/release", ids=sorted(self._open), **binds)
        if left.rowcount == 0:
            # Another worker took the order over and may have ended it already.
            again = {Again("retry", timedelta(0), "released"): sorted(self._open)}
            at, chunk_id = self._clock(), self._order.chunk_id
            order_again(connection, self._lane, again, at, chunk_id)
            return
        if put_off:
            when = {"not_before": put_off.until, "hold": put_off.why}
            run(connection, "deliver/postpone", open_until=None, **when, **binds)

    def _sorted(self, at: datetime) -> list[Row]:
        """The rows to send now; what is unclear is asked about, repeated or parked."""
        name = "deliver/read_fresh" if self._order.is_fresh else "deliver/read"
        with self._engine.begin() as connection:
            found = run(connection, name, ids=self._order.touch_ids).all()
        mine = (self._name, self._lane.account)
        ready: list[Row] = []
        unclear: list[Row] = []
        for row in found:
            if row.outcome == "final" or (row.channel, row.account) != mine:
                continue
            if row.outcome in ("not_sent", "retry") or row.number == 0:
                ready.append(row)
            elif row.outcome == "in_doubt":
                unclear.append(row)
            elif not row.is_live:
                reason = "the worker was lost"
                lost = Result(_bare(row), Outcome.UNKNOWN_OUTCOME, reason)
                self._results.append(lost)
        repeated = [row for row in unclear if self._may_repeat(row)]
        if self._lane.channel.can_ask:
            self._ask([row for row in unclear if row not in repeated])
        return [row for row in ready + repeated if not self._is_too_late(row, at)]

    def _may_repeat(self, row: Row) -> bool:
        return doubt.may_repeat(self._lane.channel, row.unclear_for)

    def _is_too_late(self, row: Row, at: datetime) -> bool:
        is_late = row.latest_at is not None and row.latest_at < at
        # What may have arrived is cleared up, however late.
        is_late = is_late and row.outcome != "in_doubt"
        if is_late:
            self._lines.append((row.touch_id, 0, "skipped", "too_late", None))
        return is_late

    def _ask(self, asked: Sequence[Row]) -> None:
        messages = [_bare(row) for row in asked]
        for result in doubt.ask(self._lane.channel, messages):
            if result.outcome is not Outcome.UNKNOWN_OUTCOME:
                self._results.append(result)
                continue
            plan = look_again(self._lane.channel, self._order.tries)
            if plan:
                self._again[plan].append(result.message.touch_id)

    def _send_all(self, ready: list[Row]) -> pace.Grant | None:
        """Send batch after batch; a grant tells until when the rest is put off."""
        while ready:
            later: list[Row] = []
            position = 0
            while position < len(ready):
                if self._is_resting or not self._may_go_on():
                    self._is_broken_off = True
                    return None
                size = self._batch_size()
                batch = ready[position : position + size]
                grant = pace.take(self._engine, self._lane, len(batch), self._clock())
                if grant.wait and self._stop.wait(grant.wait):
                    continue
                later += self._send_batch(batch[: grant.messages])
                if grant.until:
                    return grant
                position += size
            if len(later) == len(ready):
                # They wait for messages that are not settled yet.
                ids = [row.touch_id for row in later]
                hold = "after an earlier message to the same customer"
                self._again[Again("retry", AFTER_ANOTHER, hold)] += ids
                self._open.difference_update(ids)
                return None
            ready = later
        return None

    def _batch_size(self) -> int:
        """The channel's, but at most what the rate lets go in a second."""
        rate = self._lane.limits.rate
        size = self._lane.channel.batch
        return max(1, min(size, int(rate))) if rate else size

    def _send_batch(self, batch: Sequence[Row]) -> list[Row]:
        """Intend, send and note; returns the rows that wait for an earlier message."""
        said = [(row, message) for row in batch if (message := self._say(row))]
        with self._engine.begin() as connection:
            self._write(connection)
            intended = self._intend(connection, [row for row, _ in said])
            missing = [row for row, _ in said if row.touch_id not in intended]
            later = self._held_back(connection, missing)
        self._journal.settled()
        self._send([message for row, message in said if row.touch_id in intended])
        return later

    def _say(self, row: Row) -> Message | None:
        try:
            return self._wording.message(row, self._clock())
        except WordsError as error:
            # The message names file and line, never a value.
            self._lines.append((row.touch_id, 0, "failed", f"words: {error}", None))
            return None

    def _intend(self, connection: Connection, wanted: Sequence[Row]) -> set[int]:
        if not wanted:
            return set()
        binds = self._binds(wanted) | {"lease": self._lease.lease_id}
        binds["afters"] = [row.after_id for row in wanted]
        return set(run(connection, "deliver/attempt", **binds).scalars())

    def _held_back(self, connection: Connection, missing: Sequence[Row]) -> list[Row]:
        if not missing:
            return []
        binds = self._binds(missing)
        reasons = {
            row["touch_id"]: row["reason"]
            for row in rows(connection, "deliver/held_back", **binds)
        }
        for row in missing:
            if (reason := reasons[row.touch_id]) in ("suppressed", "no_consent"):
                self._lines.append((row.touch_id, 0, "skipped", reason, None))
        later = [row for row in missing if reasons[row.touch_id] == "after_another"]
        # Another worker has an intent for those that are taken, and an order.
        self._open.difference_update(
            row.touch_id for row in missing if reasons[row.touch_id] == "taken"
        )
        return later

    def _binds(self, wanted: Sequence[Row]) -> dict[str, Any]:
        return {
            "ids": [row.touch_id for row in wanted],
            "numbers": [row.number + 1 for row in wanted],
            "addresses": [row.address for row in wanted],
            "identifiers": [row.identifier_id for row in wanted],
            "channel": self._name,
            "consent_name": self._lane.channel.consent,
            "purpose": self._wording.purpose(wanted[0].words_of),
        }

    def _send(self, messages: Sequence[Message]) -> None:
        """Hand a batch to the channel; every message ends with exactly one result."""
        open_ones = {message.touch_id: message for message in messages}
        answers = self._lane.channel.send(messages, self._may_leave)
        try:
            for result in answers:
                del open_ones[result.message.touch_id]
                self._journal.came_back(result)
                self._results.append(result)
                if result.outcome is Outcome.NOT_SENT and result.reason is None:
                    self._is_broken_off = True
                if time.monotonic() - self._settled_at > SETTLE_AFTER:
                    self._flush()
            # Trouble is settled at once: the account may have to rest.
            if not all(map(_is_fine, self._results)):
                self._flush()
        finally:
            answers.close()
            self._close(open_ones)

    def _close(self, open_ones: dict[int, Message]) -> None:
        """A channel that broke off: what had left is in doubt, the rest is free."""
        for message in open_ones.values():
            result = Result(message, Outcome.NOT_SENT)
            self._is_broken_off = True
            if self._journal.is_away(message):
                reason = "the channel broke off"
                result = Result(message, Outcome.UNKNOWN_OUTCOME, reason)
            self._journal.came_back(result)
            self._results.append(result)

    def _may_leave(self, *messages: Message) -> bool:
        if not self._may_go_on():
            return False
        self._journal.left(*messages)
        return True

    def _flush(self) -> None:
        with self._engine.begin() as connection:
            self._write(connection)
        self._journal.settled()

    def _write(self, connection: Connection) -> None:
        """Append all that is known so far, in the caller's transaction."""
        at = self._clock()
        if self._results:
            settle(connection, self._lane, self._results, at, self._order.chunk_id)
            if self._order.failures or not all(map(_is_fine, self._results)):
                rests = pace.settle(connection, self._lane, self._results)
                self._is_resting = rests
        append(connection, self._lines, at)
        order_again(connection, self._lane, self._again, at, self._order.chunk_id)
        self._open.difference_update(
            one.message.touch_id
            for one in self._results
            if one.outcome is not Outcome.NOT_SENT or one.reason
        )
        self._open.difference_update(line[0] for line in self._lines)
        self._outcomes.update(one.outcome.value for one in self._results)
        self._outcomes.update(line[2] for line in self._lines)
        self._results, self._lines, self._again = [], [], defaultdict(list)
        self._settled_at = time.monotonic()

    def _postpone_to_day(self, at: datetime) -> None:
        order = self._order
        with self._engine.begin() as connection:
            span = run(
                connection,
                "deliver/open_span",
                now=at,
                zone=order.zone,
                quiet_from=order.quiet_from,
                quiet_to=order.quiet_to,
            ).one()
            run(
                connection,
                "deliver/postpone",
                chunk=order.chunk_id,
                lease=self._lease.lease_id,
                not_before=span.not_before,
                open_until=span.open_until,
                hold="quiet hours",
            )


def _bare(row: Row) -> Message:
    """A message to be asked about or settled, without its words."""
    return Message(
        touch_id=row.touch_id,
        number=row.number,
        key=row.key,
        address=row.address,
        campaign=row.campaign,
        step=row.step,
        sent_at=row.attempted_at,
        refusals=row.refusals,
    )


def _is_fine(result: Result) -> bool:
    return result.outcome in (Outcome.ACCEPTED, Outcome.DELIVERED)
