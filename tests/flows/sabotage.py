"""Ways to break the ledger on purpose, called by the senders of a test."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tasks.delivery import lane, lease, orders


def send_before_the_intent_is_committed() -> None:
    """Call the provider first and write it down afterwards."""

    def send_batch(worker: Any, batch: Sequence[Any]) -> list[Any]:
        said = worker._say(batch)
        worker._send(list(said.values()))
        with worker._transaction() as connection:
            rows = [row for row in batch if row.touch_id in said]
            worker._intents.note(connection, rows, is_locked=False)
            worker._write(connection)
        worker._journal.settled()
        return []

    lane.Worker._send_batch = send_batch  # type: ignore[method-assign]
    _take_and_intend_apart()


def let_no_lease_keep_others_off() -> None:
    """Every lease has run out from the start, and its holder goes on regardless."""
    lease.Lease._beat = lambda self: None  # type: ignore[method-assign]
    lease.Lease.holds = lambda self: True  # type: ignore[method-assign]
    begin = lease.Lease.__enter__

    def enter(self: Any) -> Any:
        begin(self)
        with self._engine.begin() as connection:
            lease.run(connection, "deliver/end_lease", lease=self.lease_id)
        return self

    lease.Lease.__enter__ = enter  # type: ignore[method-assign]
    _take_and_intend_apart()


def _take_and_intend_apart() -> None:
    """In two commits, as with orders that another worker had before."""
    take = orders.Orders.take

    def apart(*words: Any) -> Any:
        order = take(*words)
        return order and replace(order, is_fresh=False)

    orders.Orders.take = apart  # type: ignore[method-assign]
