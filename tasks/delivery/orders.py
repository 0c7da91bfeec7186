"""The work orders of one account: the next one, what is in it, and how it ends."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from tasks.channels.base import Message
from tasks.database import run, run_prepared
from tasks.delivery.settle import Again, Lane, order_again

LOST = "the worker was lost"
"""Why a message is in doubt of which nothing but a dead worker's intent is known."""


class Row(NamedTuple):
    """One row of sql/deliver/read.sql; read a million times, so no mapping of names.

    What has a default is not asked of an order that is fresh: it is known.
    """

    touch_id: int
    key: str
    address: str
    identifier_id: int | None
    after_id: int | None
    campaign: str
    step: str
    language: str | None
    params: str | None
    latest: float | None
    words_of: int
    channel: str = ""
    account: str = ""
    number: int = 0
    is_live: bool = False
    unclear_for: timedelta | None = None
    attempted_at: datetime | None = None
    outcome: str | None = None
    refusals: int = 0


class Claimed(NamedTuple):
    """What sql/deliver/claim.sql returns."""

    chunk_id: int
    run_id: int | None
    kind: str
    tries: int
    touch_ids: str
    zone: str | None
    quiet_from: Any
    quiet_to: Any
    open_until: datetime | None
    is_fresh: bool
    failures: int


@dataclass(frozen=True, slots=True)
class Order:
    """Messages that one worker handles in one go, sorted by what they need."""

    chunk_id: int
    is_fresh: bool
    """Nobody was at it before: no message of it can have been tried."""
    run_id: int | None
    tries: int
    failures: int
    """Of the account, in a row, when the order was taken."""
    zone: str | None
    quiet: tuple[Any, Any] | None
    open_until: datetime | None
    ready: list[Row]
    unclear: list[Row]
    """May have left; the channel finds out, repeats, or a person has to look."""
    lost: list[Row]
    """Another worker meant to send them and is gone."""
    busy: list[Row]
    """Another worker has just meant to send them: until that ends, nor does this."""

    def is_closed(self, at: datetime) -> bool:
        """Whether its customers must not be disturbed any more."""
        return self.open_until is not None and self.open_until <= at


@dataclass(frozen=True, slots=True)
class PutOff:
    """Until when the rest of an order waits, and why."""

    until: datetime
    why: str
    open_until: datetime | None = None


class Orders:
    """Takes and returns the orders of a lane under one lease."""

    def __init__(
        self, lane: Lane, lease_id: int, kinds: Collection[str], newest: int
    ) -> None:
        self._lane = lane
        self._lease_id = lease_id
        self._wanted = {"kinds": list(kinds), "newest": newest}

    def take(self, connection: Connection, at: datetime) -> Order | None:
        """Lease the next order that is due; None when there is none, or a rest."""
        found = run_prepared(
            connection,
            "deliver/claim",
            channel=self._lane.channel.name,
            account=self._lane.account,
            lease=self._lease_id,
            now=at,
            **self._wanted,
        )
        if not found:
            return None
        claimed = Claimed(*found[0])
        name = "deliver/read_fresh" if claimed.is_fresh else "deliver/read"
        rows = run_prepared(connection, name, ids=claimed.touch_ids)
        return self._sorted(claimed, [Row(*row) for row in rows])

    def end(
        self,
        connection: Connection,
        order: Order,
        left: Collection[int],
        put_off: PutOff | None,
        at: datetime,
    ) -> None:
        """Finish the order, or leave the messages `left` of it for later."""
        binds = {"chunk": order.chunk_id, "lease": self._lease_id}
        if not left:
            run_prepared(connection, "deliver/finish", **binds)
            return
        kept = run(connection, "deliver/release", ids=sorted(left), **binds)
        if kept.rowcount == 0:
            # Another worker took the order over and may have ended it already.
            again = {Again("retry", timedelta(0), "released"): sorted(left)}
            order_again(connection, self._lane, again, at, order.chunk_id)
        elif put_off:
            run(
                connection,
                "deliver/postpone",
                not_before=put_off.until,
                open_until=put_off.open_until,
                hold=put_off.why,
                **binds,
            )

    def until_morning(
        self, connection: Connection, order: Order, at: datetime
    ) -> PutOff:
        """When the customers of this order may be written to again."""
        quiet_from, quiet_to = order.quiet or (None, None)
        span = run(
            connection,
            "deliver/open_span",
            now=at,
            zone=order.zone,
            quiet_from=quiet_from,
            quiet_to=quiet_to,
        ).one()
        return PutOff(span.not_before, "quiet hours", span.open_until)

    def _sorted(self, found: Claimed, rows: list[Row]) -> Order:
        mine = (self._lane.channel.name, self._lane.account)
        order = Order(
            chunk_id=found.chunk_id,
            is_fresh=found.is_fresh,
            run_id=found.run_id,
            tries=found.tries,
            failures=found.failures,
            zone=found.zone,
            quiet=(found.quiet_from, found.quiet_to) if found.quiet_from else None,
            open_until=found.open_until,
            ready=rows if found.is_fresh else [],
            unclear=[],
            lost=[],
            busy=[],
        )
        if order.is_fresh:
            return order
        for row in rows:
            if row.outcome == "final" or (row.channel, row.account) != mine:
                continue
            if row.outcome in ("not_sent", "retry") or row.number == 0:
                order.ready.append(row)
            elif row.outcome == "in_doubt":
                order.unclear.append(row)
            elif row.is_live:
                order.busy.append(row)
            else:
                order.lost.append(row)
        return order


def bare(row: Row) -> Message:
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
