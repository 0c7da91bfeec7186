"""One worker at one account: takes orders, sends their messages, settles often."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from tasks.campaigns.words import WordsError
from tasks.channels.base import Message, Outcome, Result
from tasks.database import by_index
from tasks.delivery import doubt, pace
from tasks.delivery.intents import Intents
from tasks.delivery.journal import Journal
from tasks.delivery.lease import Lease
from tasks.delivery.orders import LOST, Order, Orders, PutOff, Row, bare
from tasks.delivery.refusals import Refusals
from tasks.delivery.settle import Again, Lane, Line, append, order_again, settle
from tasks.delivery.settle import doubt as look_again
from tasks.planning.wording import Say

SETTLE_AFTER = 2.0
"""Seconds after which answers are settled, also in the middle of a batch."""
AFTER_ANOTHER = timedelta(minutes=5)
FINE = (Outcome.ACCEPTED, Outcome.DELIVERED)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Messages with an intent to send them, and rows that wait for earlier ones."""

    messages: list[Message]
    later: list[Row]


class Worker:
    """Works under one lease, in one thread, on one connection."""

    def __init__(
        self,
        engine: Engine,
        lane: Lane,
        lease: Lease,
        journal: Journal,
        wording: Say,
        clock: Callable[[], datetime],
        stop: threading.Event,
        outcomes: Counter[str],
    ) -> None:
        self._engine = engine
        self._lane = lane
        self._lease = lease
        self._journal = journal
        self._wording = wording
        self._intents = Intents(lane, lease.lease_id, wording)
        self._clock = clock
        self._stop = stop
        self._outcomes = outcomes
        # What is known and not written yet.
        self._results: list[Result] = []
        self._lines: list[Line] = []
        self._again: dict[Again, list[int]] = defaultdict(list)
        self._settled_at = time.monotonic()
        # What the order still holds that is neither settled nor ordered again.
        self._open: set[int] = set()
        self._is_broken_off = False
        self._is_in_trouble = False
        self._refusals = Refusals(lane)
        self._is_rejected = False

    def run(self, kinds: tuple[str, ...], newest: int) -> None:
        """Handle order after order, until none is due, or it has to stop.

        Orders up to the number `newest` are taken before their time.
        """
        orders = Orders(self._lane, self._lease.lease_id, kinds, newest)
        with by_index(self._engine) as self._connection:
            with self._transaction() as connection:
                order, first = self._take(connection, orders)
            while order:
                order, first = self._handle(order, first, orders)

    def _handle(
        self, order: Order, first: _Batch | None, orders: Orders
    ) -> tuple[Order | None, _Batch | None]:
        """Everything about one order; returns the next one, if it may go on."""
        if not first:
            self._clear_up(order)
        put_off = self._send_all(order, first, orders)
        with self._transaction() as connection:
            self._write(connection)
            orders.end(connection, order, self._open, put_off, self._clock())
            following = self._take(connection, orders)
        self._journal.settled()
        return following

    def _take(
        self, connection: Connection, orders: Orders
    ) -> tuple[Order | None, _Batch | None]:
        """The next order, and where all of it may go at once, the intent to send it.

        One commit then ends an order and begins the next one.
        """
        at = self._clock()
        order = orders.take(connection, at) if self._may_go_on() else None
        if not order:
            return None, None
        self._order = order
        self._is_rejected = False
        self._open = {row.touch_id for row in order.ready + order.busy}
        is_one_batch = order.is_fresh and len(order.ready) <= self._batch_size()
        if not is_one_batch or not pace.is_free(self._lane) or order.is_closed(at):
            return order, None
        return order, self._intend_all(connection, order.ready, is_locked=True)

    def _may_go_on(self) -> bool:
        """False, from then on, once everything else must be left to others."""
        may = not self._stop.is_set() and self._lease.holds()
        self._is_broken_off = self._is_broken_off or not may
        return not self._is_broken_off

    def _clear_up(self, order: Order) -> None:
        """What another worker left unclear: repeat it, ask about it, or park it."""
        for row in order.lost:
            result = Result(bare(row), Outcome.UNKNOWN_OUTCOME, LOST)
            self._results.append(result)
            self._is_in_trouble = True
        asked: list[Message] = []
        for row in order.unclear:
            if doubt.may_repeat(self._lane.channel, row.unclear_for):
                order.ready.append(row)
                self._open.add(row.touch_id)
            elif self._lane.channel.can_ask:
                asked.append(bare(row))
        for result in doubt.ask(self._lane.channel, asked) if asked else ():
            if result.outcome is not Outcome.UNKNOWN_OUTCOME:
                self._results.append(result)
            elif plan := look_again(self._lane.channel, order.tries):
                self._again[plan].append(result.message.touch_id)

    def _send_all(
        self, order: Order, first: _Batch | None, orders: Orders
    ) -> PutOff | None:
        """Send batch after batch; returns until when the rest has to wait."""
        ready = order.ready
        if first:
            self._send(first.messages)
            ready = first.later
        while ready:
            later: list[Row] = []
            position = 0
            while position < len(ready) and self._may_go_on():
                if self._is_rejected:
                    return None
                if order.is_closed(self._clock()):
                    with self._transaction() as connection:
                        return orders.until_morning(connection, order, self._clock())
                size = self._batch_size()
                batch = ready[position : position + size]
                grant = pace.take(self._engine, self._lane, len(batch), self._clock())
                if grant.wait and self._stop.wait(grant.wait):
                    continue
                later += self._send_batch(batch[: grant.messages])
                if grant.until:
                    return PutOff(grant.until, grant.why or "")
                position += size
            if len(later) == len(ready):
                self._queue(later)
                return None
            ready = later if not self._is_broken_off else []
        return None

    def _queue(self, later: Sequence[Row]) -> None:
        """These wait for messages that are not settled yet."""
        hold = "after an earlier message to the same customer"
        ids = [row.touch_id for row in later]
        self._again[Again("retry", AFTER_ANOTHER, hold)] += ids
        self._open.difference_update(ids)

    def _batch_size(self) -> int:
        """The channel's, but at most what the rate lets go in a second."""
        rate = self._lane.limits.rate
        size = self._lane.channel.batch
        return max(1, min(size, int(rate))) if rate else size

    def _send_batch(self, batch: Sequence[Row]) -> list[Row]:
        """Intend, send and note; returns the rows that wait for an earlier message."""
        with self._transaction() as connection:
            self._write(connection)
            intended = self._intend_all(connection, batch)
        self._journal.settled()
        self._send(intended.messages)
        return intended.later

    def _intend_all(
        self, connection: Connection, batch: Sequence[Row], is_locked: bool = False
    ) -> _Batch:
        """Note the intent to send all of these that may be sent."""
        said = self._say(batch)
        rows = [row for row in batch if row.touch_id in said]
        noted, held = self._intents.note(connection, rows, is_locked)
        self._lines += held.lines
        return _Batch([said[row.touch_id] for row in noted], held.later)

    def _say(self, batch: Sequence[Row]) -> dict[int, Message]:
        """The messages, but for those of which a line says why there is none."""
        said: dict[int, Message] = {}
        at, message = self._clock(), self._wording.message
        seconds = at.timestamp()
        for row in batch:
            is_late = row.latest is not None and row.latest < seconds
            # What may have arrived is cleared up, however late.
            if is_late and row.outcome != "in_doubt":
                self._lines.append((row.touch_id, 0, "skipped", "too_late", None))
                continue
            try:
                said[row.touch_id] = message(row, at)
            except WordsError as error:
                # It names file and line, never a value.
                reason = f"words: {error}"
                self._lines.append((row.touch_id, 0, "failed", reason, None))
        return said

    def _send(self, messages: Sequence[Message]) -> None:
        """Hand a batch to the channel; every message ends with exactly one result."""
        away = {message.touch_id: message for message in messages}
        answers = self._lane.channel.send(messages, self._may_leave)
        noted, keep, now = self._journal.came_back, self._results.append, time.monotonic
        due = self._settled_at + SETTLE_AFTER
        try:
            for result in answers:
                del away[result.message.touch_id]
                noted(result)
                keep(result)
                if result.outcome not in FINE:
                    self._is_in_trouble = True
                if now() > due:
                    self._flush()
                    due = self._settled_at + SETTLE_AFTER
        finally:
            answers.close()
            self._close(away)
        # Trouble is settled at once: the account may have to rest.
        if self._is_in_trouble:
            self._flush()

    def _close(self, away: dict[int, Message]) -> None:
        """A channel that broke off: what had left is in doubt, the rest is free."""
        for message in away.values():
            result = Result(message, Outcome.NOT_SENT)
            if self._journal.is_away(message):
                reason = "the channel broke off"
                result = Result(message, Outcome.UNKNOWN_OUTCOME, reason)
            self._journal.came_back(result)
            self._results.append(result)
            self._is_in_trouble = True

    def _may_leave(self, *messages: Message) -> bool:
        if not self._may_go_on():
            return False
        self._journal.left(*messages)
        return True

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._connection.begin():
            yield self._connection

    def _flush(self) -> None:
        with self._transaction() as connection:
            self._write(connection)
        self._journal.settled()

    def _write(self, connection: Connection) -> None:
        """Append all that is known so far, in the caller's transaction."""
        at, chunk_id = self._clock(), self._order.chunk_id
        if self._results:
            settle(connection, self._lane, self._results, at, chunk_id)
            if self._order.failures or self._is_in_trouble:
                rests = pace.settle(connection, self._lane, self._results)
                self._is_broken_off = self._is_broken_off or rests
            run_id, results = self._order.run_id, self._results
            self._is_rejected |= self._refusals.settle(connection, run_id, results)
        append(connection, self._lines, at)
        order_again(connection, self._lane, self._again, at, chunk_id)
        counts = Counter([one.outcome for one in self._results])
        ended = self._results
        if Outcome.NOT_SENT in counts:
            ended = [one for one in ended if not _is_released(one)]
        self._open.difference_update([one.message.touch_id for one in ended])
        self._open.difference_update([line[0] for line in self._lines])
        for outcome, count in counts.items():
            self._outcomes[outcome.value] += count
        self._outcomes.update([line[2] for line in self._lines])
        self._is_in_trouble = False
        for written in (self._results, self._lines, self._again):
            written.clear()
        self._settled_at = time.monotonic()


def _is_released(result: Result) -> bool:
    """It goes out again with what is left of its order."""
    return result.outcome is Outcome.NOT_SENT and result.reason is None
