"""What loading orders means, in plain Python: slow, simple, the judge of the SQL."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

Line = tuple[Any, ...]
Key = tuple[Any, ...]


@dataclass(frozen=True)
class Order:
    """One order as it is stored; `lines` by their keys."""

    status: str
    ordered_at: datetime
    updated_at: datetime
    amount: Decimal
    buyer: str | None
    lines: dict[Key, Line] = field(default_factory=dict)


@dataclass
class Shop:
    """All orders of one source, and how records become them."""

    is_whole_record: bool
    holds_whole_orders: bool = True
    orders: dict[str, Order] = field(default_factory=dict)

    def load(
        self, records: Sequence[Sequence[dict[str, Any]]], refused: set[int]
    ) -> tuple[int, int]:
        """(loaded, unchanged) records of a batch without its refused ones."""
        good = {
            number: record
            for number, record in enumerate(records, start=1)
            if number not in refused
        }
        newest = self._without_outdated(good)
        incomplete = {
            records[number - 1][0]["order_number"]
            for number in refused
            if not self.is_whole_record
        }
        loaded = 0
        for order_number in dict.fromkeys(r[0]["order_number"] for r in good.values()):
            mine = {
                number: record
                for number, record in newest.items()
                if record[0]["order_number"] == order_number
            }
            before = self.orders.get(order_number)
            is_partial = order_number in incomplete or not self.holds_whole_orders
            after = _merged(before, _version(mine), is_partial)
            if after != before:
                self.orders[order_number] = after
                loaded += len(mine)
        return loaded, len(good) - loaded

    def _without_outdated(self, good: dict[int, Any]) -> dict[int, Any]:
        newest: dict[Any, int] = {}
        for number, record in good.items():
            first = record[0]
            if not self.is_whole_record and first["line_id"] is None:
                newest[number] = number
                continue
            line_id = None if self.is_whole_record else first["line_id"]
            key = (first["order_number"], line_id)
            other = newest.get(key)
            if other is None or first["updated_at"] >= good[other][0]["updated_at"]:
                newest[key] = number
        return {number: good[number] for number in sorted(newest.values())}


@dataclass(frozen=True)
class _Version:
    order: Order
    has_own_amount: bool


def _version(records: dict[int, Any]) -> _Version:
    rows = [row for number in sorted(records) for row in records[number]]
    _, speaker = max((records[n][0]["updated_at"], n) for n in records)
    head = records[speaker][0]
    lines = _lines(rows)
    own = head["order_amount"]
    return _Version(
        Order(
            status=head["status"],
            ordered_at=min(row["ordered_at"] for row in rows),
            updated_at=max(row["updated_at"] for row in rows),
            amount=_sum(lines) if own is None else own,
            buyer=head["buyer_id"],
            lines=lines,
        ),
        own is not None,
    )


def _lines(rows: list[dict[str, Any]]) -> dict[Key, Line]:
    seen: Counter[Key] = Counter()
    lines: dict[Key, Line] = {}
    for row in rows:
        content = (row["product_id"], row["quantity"], row["unit_price"])
        key = content if row["line_id"] is None else (row["line_id"],)
        seen[key] += 1
        lines[(*key, seen[key])] = (*content, row["quantity"] * row["unit_price"])
    return lines


def _merged(before: Order | None, version: _Version, is_partial: bool) -> Order:
    new = version.order
    if before is None:
        return new
    is_stale = new.updated_at < before.updated_at
    if is_stale and not is_partial:
        return before
    lines = new.lines
    if is_partial:
        lines = new.lines | before.lines if is_stale else before.lines | new.lines
    amount = new.amount
    if not version.has_own_amount:
        amount = _sum(lines)
    elif is_stale:
        amount = before.amount
    merged = replace(new, lines=lines, amount=amount, buyer=new.buyer or before.buyer)
    if is_partial:
        earlier = min(before.ordered_at, new.ordered_at)
        merged = replace(merged, ordered_at=earlier)
    if is_stale:
        merged = replace(
            merged,
            status=before.status,
            updated_at=before.updated_at,
            buyer=before.buyer or new.buyer,
        )
    return merged


def _sum(lines: dict[Key, Line]) -> Decimal:
    return sum((line[-1] for line in lines.values()), Decimal(0))
