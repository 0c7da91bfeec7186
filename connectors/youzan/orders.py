"""Orders with their lines, by the time of their last change."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from connectors.base import Record, Row
from connectors.values import (
    Problems,
    country,
    in_china,
    moment,
    number,
    part,
    parts,
    text,
)
from connectors.youzan.stream import WindowedStream, plain

STATUS = {
    "WAIT_BUYER_PAY": "unpaid",
    "TRADE_PAID": "paid",
    "WAIT_SELLER_SEND_GOODS": "paid",
    "WAIT_CONFIRM": "on_hold",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_SUCCESS": "finished",
}
FULLY_REFUNDED = 12


class Orders(WindowedStream):
    """`youzan.trades.sold.get`; before 2020 orders need its version 4.0.0."""

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
        "phone",
        "more_identifiers",
        "buyer_name",
        "country",
        "line_id",
        "product_id",
        "product_title",
        "variant",
        "quantity",
        "unit_price",
        "line_amount",
    )
    api = "youzan.trades.sold.get"
    version = "4.0.4"
    list_name = "full_order_info_list"
    total_name = "total_results"
    deepest_record = 10_000

    def window(self, since: datetime, until: datetime) -> dict[str, Any]:
        """A lone half of the pair would be ignored by Youzan."""
        return {"start_update": in_china(since), "end_update": in_china(until)}

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """tid and update_time."""
        info = part(part(record, "full_order_info"), "order_info")
        changed = moment(info.get("update_time"), "", Problems())
        return info.get("tid"), changed

    def secrets_of(self, record: Record) -> Sequence[object]:
        """Of the buyer only: a gift's receiver is somebody else."""
        order = part(record, "full_order_info")
        extra = part(part(order, "order_info"), "order_extra")
        return part(order, "buyer_info").get("buyer_phone"), extra.get("buyer_name")

    def rows(self, record: Record) -> Iterator[Row]:
        """One row for each line; an order without lines still gives one."""
        order = part(record, "full_order_info")
        problems = Problems()
        head = self._head(record, order, problems)
        lines = [_line(line, problems) for line in parts(order, "orders", problems)]
        if len({line[0] for line in lines}) < len(lines):
            # Some versions round ids to 53 bits: better none than one for two lines.
            lines = [(None, *line[1:]) for line in lines]
        place = getattr(record, "place", None)
        for line in lines or [(None,) * 7]:
            yield (place, problems.text, *head, *line)

    def _head(
        self, record: Record, order: dict[str, Any], problems: Problems
    ) -> tuple[Any, ...]:
        info, buyer = part(order, "order_info"), part(order, "buyer_info")
        paid_at = moment(info.get("pay_time"), "pay_time", problems)
        finished = info.get("success_time") or info.get("confirm_time")
        return (
            text(info.get("tid")),
            _status(info, paid_at, problems),
            moment(info.get("created"), "created", problems),
            paid_at,
            moment(info.get("consign_time"), "consign_time", problems),
            moment(finished, "success_time", problems),
            moment(info.get("update_time"), "update_time", problems),
            "CNY",
            number(part(order, "pay_info").get("payment"), "payment", problems),
            text(buyer.get("yz_open_id")),
            plain(record, buyer.get("buyer_phone")),
            self._openid(buyer),
            plain(record, part(info, "order_extra").get("buyer_name")),
            country(part(order, "address_info").get("delivery_province")),
        )

    def _openid(self, buyer: dict[str, Any]) -> str | None:
        """An openid means something only within its app."""
        openid = text(buyer.get("outer_user_id"))
        if not openid or not self.config.wechat_app_id:
            return None
        found = {"kind": "openid", "scope": self.config.wechat_app_id, "value": openid}
        return orjson.dumps([found]).decode()


def _status(
    info: dict[str, Any], paid_at: datetime | None, problems: Problems
) -> str | None:
    given = info.get("status")
    if given == "TRADE_CLOSED":
        is_refunded = info.get("refund_state") == FULLY_REFUNDED or paid_at
        return "refunded" if is_refunded else "cancelled"
    status = STATUS.get(given) if isinstance(given, str) else None
    if status is None:
        problems.add("status", given, f"one of {', '.join(STATUS)}, TRADE_CLOSED")
    return status


def _line(line: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    # Until 4.0.0 `item_id` was the line and `goods_id` the product.
    is_new = "oid" in line
    return (
        text(line.get("oid" if is_new else "item_id")),
        text(line.get("item_id" if is_new else "goods_id")),
        text(line.get("title")),
        _variant(line.get("sku_properties_name")),
        number(line.get("num"), "orders.num", problems),
        number(line.get("price"), "orders.price", problems),
        number(line.get("payment"), "orders.payment", problems),
    )


def _variant(written: Any) -> str | None:
    """`[{"k":"颜色","v":"黑"},{"k":"尺码","v":"L"}]` becomes `颜色:黑; 尺码:L`."""
    if not isinstance(written, str) or not written.startswith("["):
        return text(written)
    return _properties(written)


# A shop has far fewer variants than order lines.
@lru_cache(maxsize=10_000)
def _properties(written: str) -> str | None:
    try:
        properties = parts({"": orjson.loads(written)}, "", Problems())
    except orjson.JSONDecodeError:
        return text(written)
    pairs = [f"{one.get('k')}:{one.get('v')}" for one in properties]
    return text("; ".join(pairs))
