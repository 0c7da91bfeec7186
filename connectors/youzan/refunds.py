"""Refunds and returns, by the time of their last change."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.base import Record, Row
from connectors.values import Problems, moment, number, text
from connectors.youzan.stream import WindowedStream

STATUS = {
    "WAIT_SELLER_AGREE": "open",
    "WAIT_BUYER_RETURN_GOODS": "open",
    "WAIT_SELLER_CONFIRM_GOODS": "open",
    "SELLER_REFUSE_BUYER": "refused",
    "SELLER_REFUSE_BUYER_RETURN_GOODS": "refused",
    "CLOSED": "closed",
    "SUCCESS": "refunded",
}


class Refunds(WindowedStream):
    """`youzan.trade.refund.search`."""

    name = "refunds"
    entity = "refunds"
    key = ("refund_number",)
    cursor = "modified"
    columns = (
        "place",
        "problem",
        "refund_number",
        "order_number",
        "status",
        "requested_at",
        "updated_at",
        "currency",
        "reason",
        "line_id",
        "amount",
    )
    api = "youzan.trade.refund.search"
    version = "3.0.1"
    list_name = "refunds"
    total_name = "total"
    deepest_record = 3_000

    def window(self, since: datetime, until: datetime) -> dict[str, Any]:
        """Here, and not for orders, in seconds since 1970."""
        return {
            "update_time_start": int(since.timestamp()),
            "update_time_end": int(until.timestamp()),
        }

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """refund_id and modified."""
        changed = moment(record.get("modified"), "", Problems())
        return record.get("refund_id"), changed

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; `reason` is Youzan's number, whose words it does not publish."""
        problems = Problems()
        given = record.get("status")
        status = STATUS.get(given) if isinstance(given, str) else None
        if status is None:
            problems.add("status", given, f"one of {', '.join(STATUS)}")
        values = (
            text(record.get("refund_id")),
            text(record.get("tid")),
            status,
            moment(record.get("created"), "created", problems),
            moment(record.get("modified"), "modified", problems),
            "CNY",
            text(record.get("desc")) or text(record.get("reason")),
            text(record.get("oid")),
            number(record.get("refund_fee"), "refund_fee", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)
