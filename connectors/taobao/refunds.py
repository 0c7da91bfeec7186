"""Refunds and returns, by the time of their last change."""

from collections.abc import Iterator

from connectors.base import Record, Row
from connectors.taobao.stream import TaobaoStream, number_of
from connectors.values import Problems, moment, number, text

STATUS = {
    "WAIT_SELLER_AGREE": "open",
    "WAIT_BUYER_RETURN_GOODS": "open",
    "WAIT_SELLER_CONFIRM_GOODS": "open",
    "SELLER_REFUSE_BUYER": "refused",
    "CLOSED": "closed",
    "SUCCESS": "refunded",
}


class Refunds(TaobaoStream):
    """`taobao.refunds.receive.get`: what buyers have asked this shop for."""

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
        "line_id",
        "product_id",
        "amount",
    )
    api = "taobao.refunds.receive.get"
    wrapper = "refunds"
    list_name = "refund"
    number_name = "refund_id"
    fields = (
        "refund_id",
        "tid",
        "oid",
        "status",
        "created",
        "modified",
        "refund_fee",
        "payment",
        "total_fee",
        "reason",
        "good_status",
        "has_good_return",
        "order_status",
        "refund_phase",
        "buyer_open_uid",
        "num_iid",
        "title",
    )

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; `payment` would be what the shop keeps."""
        problems = Problems()
        given = text(record.get("status"))
        status = STATUS.get(given or "")
        if status is None:
            problems.add("status", given, f"one of {', '.join(STATUS)}")
        values = (
            number_of(record, "refund_id"),
            number_of(record, "tid"),
            status,
            moment(record.get("created"), "created", problems),
            moment(record.get("modified"), "modified", problems),
            "CNY",
            text(record.get("reason")),
            text(record.get("buyer_open_uid")),
            number_of(record, "oid"),
            text(record.get("num_iid")),
            number(record.get("refund_fee"), "refund_fee", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)
