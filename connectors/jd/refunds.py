"""Refunds of orders that were cancelled before they arrived."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.base import Record, Row
from connectors.jd.stream import JdStream, yuan
from connectors.values import Problems, in_china, moment, text

STATUS = {
    # Not looked at, agreed to by the shop, by a person, the parcel is being stopped,
    # was stopped, waits for the carrier: JD has not yet paid back.
    **dict.fromkeys(("0", "1", "5", "6", "7", "10"), "open"),
    # By the shop, by JD; the parcel could not be stopped.
    **dict.fromkeys(("2", "4", "8"), "refused"),
    # Agreed to by JD; closed by force.
    **dict.fromkeys(("3", "9"), "refunded"),
    "11": "closed",
}


class Refunds(JdStream):
    """`jingdong.pop.afs.soa.refundapply.queryPageList`."""

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
        "buyer_id",
        "amount",
    )
    api = "jingdong.pop.afs.soa.refundapply.queryPageList"
    wrapper = "queryResult"
    list_name = "result"
    total_name = "totalCount"
    largest_page = 50
    deepest_page = 100

    def question(self, since: datetime, until: datetime, page: int) -> dict[str, Any]:
        """In all states."""
        time = self.config.refund_time
        return {
            f"{time}Start": in_china(since),
            f"{time}End": in_china(until),
            "pageIndex": page,
            "pageSize": self.page_size,
        }

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """id, and the time that was asked by."""
        changed = moment(record.get(self.config.refund_time), "", Problems())
        return text(record.get("id")), changed

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; `applyRefundSum` is what was asked for, for the whole order."""
        problems = Problems()
        given = text(record.get("status"))
        status = STATUS.get(given or "")
        if status is None:
            problems.add("status", given, f"one of {', '.join(STATUS)}")
        times = (record.get(one) for one in ("modified", "checkTime", "applyTime"))
        amount, unit = record.get("applyRefundSum"), self.config.refund_unit
        values = (
            text(record.get("id")),
            text(record.get("orderId")),
            status,
            moment(record.get("applyTime"), "applyTime", problems),
            moment(next(filter(None, times), None), "modified", problems),
            "CNY",
            text(record.get("reason")),
            text(record.get(self.config.buyer_field)),
            yuan(amount, unit, "applyRefundSum", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)
