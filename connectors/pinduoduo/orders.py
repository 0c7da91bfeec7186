"""Orders with their lines; who bought is not told."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from connectors.base import Record, Row
from connectors.pinduoduo.stream import PinduoduoStream
from connectors.values import Problems, country, moment, number, parts, text

STATUS = {"1": "paid", "2": "shipped", "3": "finished"}
REFUNDED = "4"
MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}", re.ASCII)


class Orders(PinduoduoStream):
    """`pdd.order.number.list.increment.get`, which gives whole orders."""

    name = "orders"
    entity = "orders"
    key = ("order_number",)
    cursor = "updated_at"
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
        "phone",
        "country",
        "line_id",
        "product_id",
        "product_title",
        "variant",
        "quantity",
        "unit_price",
    )
    api = "pdd.order.number.list.increment.get"
    list_name = "order_sn_list"
    export = "pinduoduo_orders"
    question: ClassVar[dict[str, Any]] = {
        "is_lucky_flag": 0,
        "order_status": 5,
        "refund_status": 5,
        # Otherwise there is no total, hence no last page to begin with.
        "use_has_next": False,
    }

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """order_sn and updated_at."""
        changed = moment(record.get("updated_at"), "", Problems())
        return text(record.get("order_sn")), changed

    def rows(self, record: Record) -> Iterator[Row]:
        """One row for each line; an order without lines still gives one."""
        problems = Problems()
        head = self._head(record, problems)
        lines = [_line(line, problems) for line in parts(record, "item_list", problems)]
        if len({line[0] for line in lines}) < len(lines):
            # Lines have no number of their own; twice the same sku is no key.
            lines = [(None, *line[1:]) for line in lines]
        place = getattr(record, "place", None)
        for line in lines or [(None,) * 6]:
            yield (place, problems.text, *head, *line)

    def _head(self, record: Record, problems: Problems) -> tuple[Any, ...]:
        paid = record.get("pay_time") or record.get("confirm_time")
        paid_at = moment(paid, "pay_time", problems)
        return (
            text(record.get("order_sn")),
            _status(record, paid_at, problems),
            moment(record.get("created_time"), "created_time", problems),
            paid_at,
            moment(record.get("shipping_time"), "shipping_time", problems),
            moment(record.get("receive_time"), "receive_time", problems),
            moment(record.get("updated_at"), "updated_at", problems),
            "CNY",
            number(record.get("pay_amount"), "pay_amount", problems),
            self._phone(record),
            country(record.get("province")),
        )

    def _phone(self, record: Record) -> str | None:
        """A plain mobile number: no cipher text, no mask, no virtual extension."""
        if not self.config.receiver_is_buyer:
            return None
        for field in ("contact_mobile", "receiver_phone"):
            phone = text(record.get(field))
            if phone and MOBILE.fullmatch(phone):
                return phone
        return None


def _status(record: Record, paid_at: datetime | None, problems: Problems) -> str | None:
    """Four fields say it together; what ended an order comes first."""
    is_at = {
        field: text(record.get(field))
        for field in ("confirm_status", "group_status", "risk_control_status")
    }
    if text(record.get("refund_status")) == REFUNDED:
        return "refunded"
    if is_at["confirm_status"] == "2" or is_at["group_status"] == "2":
        return "cancelled"
    if is_at["confirm_status"] == "0":
        return "on_hold" if paid_at else "unpaid"
    status = STATUS.get(text(record.get("order_status")) or "")
    if status is None:
        given = record.get("order_status")
        problems.add("order_status", given, f"one of {', '.join(STATUS)}")
    is_waiting = is_at["risk_control_status"] == "1" or is_at["group_status"] == "0"
    return "on_hold" if status == "paid" and is_waiting else status


def _line(line: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    return (
        text(line.get("sku_id")),
        text(line.get("goods_id")),
        text(line.get("goods_name")),
        text(line.get("goods_spec")),
        number(line.get("goods_count"), "item_list.goods_count", problems),
        number(line.get("goods_price"), "item_list.goods_price", problems),
    )
