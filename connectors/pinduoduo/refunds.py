"""Refunds, returns, exchanges and repairs, by the time of their last change."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from connectors.base import Record, Row
from connectors.pinduoduo.stream import PinduoduoStream
from connectors.values import Problems, moment, number, text

# Pinduoduo's numbers; those from 14 to 25 are of exchanges and repairs.
OPEN = ("2", "3", "4", "5", "7", "8", "14", "15", "18", "21", "22", "27", "31", "32")
REFUSED = ("6", "9")
CLOSED = ("0", "11", "12", "13", "16", "17", "24", "25")
STATUS = {
    **dict.fromkeys(OPEN, "open"),
    **dict.fromkeys(REFUSED, "refused"),
    **dict.fromkeys(CLOSED, "closed"),
    "10": "refunded",
}


class Refunds(PinduoduoStream):
    """`pdd.refund.list.increment.get`."""

    name = "refunds"
    entity = "refunds"
    key = ("refund_number",)
    cursor = "updated_time"
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
        "product_id",
        "quantity",
        "amount",
    )
    api = "pdd.refund.list.increment.get"
    list_name = "refund_list"
    question: ClassVar[dict[str, Any]] = {
        "after_sales_status": 1,
        "after_sales_type": 1,
    }

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """id and updated_time."""
        changed = moment(record.get("updated_time"), "", Problems())
        return text(record.get("id")), changed

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; an exchange or a repair is one whose money stays."""
        problems = Problems()
        given = text(record.get("after_sales_status"))
        status = STATUS.get(given or "")
        if status is None:
            problems.add("after_sales_status", given, f"one of {', '.join(STATUS)}")
        values = (
            text(record.get("id")),
            text(record.get("order_sn")),
            status,
            moment(record.get("created_time"), "created_time", problems),
            moment(record.get("updated_time"), "updated_time", problems),
            "CNY",
            text(record.get("after_sale_reason")),
            text(record.get("sku_id")),
            text(record.get("goods_id")),
            number(record.get("goods_number"), "goods_number", problems),
            number(record.get("refund_amount"), "refund_amount", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)
