"""Orders with their lines, by the time of their last change."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.base import Record, Row
from connectors.douyin.stream import DouyinStream
from connectors.values import Problems, country, epoch, fen, number, part, parts, text

STATUS = {
    "1": "unpaid",
    "103": "unpaid",
    "105": "on_hold",
    "2": "paid",
    "101": "part_shipped",
    "3": "shipped",
    "5": "finished",
}
CLOSED = "4"
# Of main_status: before it was shipped, after, and after it was received.
REFUNDED = ("21", "22", "39")


class Orders(DouyinStream):
    """`/order/searchList`; a buyer is known by `doudian_open_id` alone."""

    name = "orders"
    entity = "orders"
    key = ("order_number",)
    cursor = "update_time"
    columns = (
        "place",
        "problem",
        "order_number",
        "status",
        "ordered_at",
        "paid_at",
        "shipped_at",
        "finished_at",
        "updated_at",
        "currency",
        "order_amount",
        "buyer_id",
        "country",
        "line_id",
        "product_id",
        "product_title",
        "variant",
        "quantity",
        "unit_price",
        "line_amount",
    )
    api = "order/searchList"
    list_name = "shop_order_list"
    export = "douyin_orders"

    def window(self, since: int, until: int) -> dict[str, Any]:
        """Oldest change first."""
        by_change = {"order_by": "update_time", "order_asc": True}
        return {**by_change, "update_time_start": since, "update_time_end": until}

    def find(self, number: str) -> list[Record]:
        """`/order/orderDetail`."""
        data = self._read("order/orderDetail", {"shop_order_id": number})
        found = data.get("shop_order_detail") if isinstance(data, dict) else None
        return self.found([found], f"order/orderDetail {number}")

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """order_id and update_time."""
        changed = epoch(record.get("update_time"), "", Problems())
        return text(record.get("order_id")), changed

    def rows(self, record: Record) -> Iterator[Row]:
        """One row for each line; an order without lines still gives one."""
        problems = Problems()
        head = _head(record, problems)
        given = parts(record, "sku_order_list", problems)
        lines = [_line(line, problems) for line in given]
        if len({line[0] for line in lines}) < len(lines):
            # Better no key than one for two lines.
            lines = [(None, *line[1:]) for line in lines]
        place = getattr(record, "place", None)
        for line in lines or [(None,) * 7]:
            yield (place, problems.text, *head, *line)


def _head(record: Record, problems: Problems) -> tuple[Any, ...]:
    paid_at = epoch(record.get("pay_time"), "pay_time", problems)
    province = part(part(record, "post_addr"), "province")
    return (
        text(record.get("order_id")),
        _status(record, paid_at, problems),
        epoch(record.get("create_time"), "create_time", problems),
        paid_at,
        epoch(record.get("ship_time"), "ship_time", problems),
        epoch(record.get("finish_time"), "finish_time", problems),
        epoch(record.get("update_time"), "update_time", problems),
        "CNY",
        fen(record.get("pay_amount"), "pay_amount", problems),
        text(record.get("doudian_open_id")),
        country(province.get("name")),
    )


def _status(record: Record, paid_at: datetime | None, problems: Problems) -> str | None:
    given, main = text(record.get("order_status")), text(record.get("main_status"))
    if main in REFUNDED:
        return "refunded"
    if given == CLOSED:
        return "refunded" if paid_at else "cancelled"
    status = STATUS.get(given or "")
    if status is None:
        problems.add("order_status", given, f"one of {', '.join(STATUS)}, {CLOSED}")
    return status


def _line(line: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    # Numbers beyond 53 bits: the texts beside them are safe from rounding.
    product = text(line.get("product_id_str")) or text(line.get("product_id"))
    return (
        text(line.get("order_id")),
        product,
        text(line.get("product_name")),
        _variant(line),
        number(line.get("item_num"), "sku_order_list.item_num", problems),
        fen(line.get("origin_amount"), "sku_order_list.origin_amount", problems),
        fen(line.get("pay_amount"), "sku_order_list.pay_amount", problems),
    )


def _variant(line: dict[str, Any]) -> str | None:
    """`规格:500g; 颜色:黑`."""
    given = parts(line, "spec", Problems())
    return text("; ".join([f"{one.get('name')}:{one.get('value')}" for one in given]))
