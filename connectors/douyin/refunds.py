"""After-sales cases: refunds, returns, exchanges, price protection."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.base import Record, Row
from connectors.douyin.stream import DouyinStream
from connectors.values import Problems, epoch, fen, number, part, parts, text

STATUS = {
    **dict.fromkeys(("0", "3", "6", "7", "8", "11", "13"), "open"),
    "12": "refunded",
    **dict.fromkeys(("27", "29"), "refused"),
    # A buyer who withdraws leaves 28.
    **dict.fromkeys(("14", "28", "51", "53"), "closed"),
}
# Of refund_status.
MONEY_IS_BACK = "3"
# Exchange, goods sent again, repair: they succeed, and no money goes back.
NO_MONEY = ("3", "7", "8")


class Refunds(DouyinStream):
    """`/afterSale/List`."""

    name = "refunds"
    entity = "refunds"
    key = ("refund_number",)
    cursor = "update_time"
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
    api = "afterSale/List"
    list_name = "items"

    def window(self, since: int, until: int) -> dict[str, Any]:
        """Oldest change first."""
        times = {"update_start_time": since, "update_end_time": until}
        return {**times, "order_by": ["update_time asc"]}

    def find(self, number: str) -> list[Record]:
        """The same list, of one case."""
        body = {"aftersale_id": number, "page": 0, "size": 1}
        listing = self.listing(self._read(self.api, body), f"{self.api} {number}")
        return list(listing.records)

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """aftersale_id and update_time."""
        info = part(record, "aftersale_info")
        changed = epoch(info.get("update_time"), "", Problems())
        return text(info.get("aftersale_id")), changed

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; a case of several lines names none of them."""
        problems = Problems()
        info, order = part(record, "aftersale_info"), part(record, "order_info")
        lines = parts(order, "related_order_info", problems)
        line = lines[0] if len(lines) == 1 else {}
        asked = info.get("apply_time") or info.get("create_time")
        values = (
            text(info.get("aftersale_id")),
            text(order.get("shop_order_id")),
            _status(info, problems),
            epoch(asked, "apply_time", problems),
            epoch(info.get("update_time"), "update_time", problems),
            "CNY",
            text(part(record, "text_part").get("reason_text")),
            text(line.get("sku_order_id")),
            text(line.get("product_id")),
            number(info.get("aftersale_num"), "aftersale_num", problems),
            fen(info.get("refund_amount"), "refund_amount", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)


def _status(info: dict[str, Any], problems: Problems) -> str | None:
    if text(info.get("refund_status")) == MONEY_IS_BACK:
        return "refunded"
    given = text(info.get("aftersale_status"))
    status = STATUS.get(given or "")
    if status is None:
        problems.add("aftersale_status", given, f"one of {', '.join(STATUS)}")
    if status == "refunded" and text(info.get("aftersale_type")) in NO_MONEY:
        return "closed"
    return status
