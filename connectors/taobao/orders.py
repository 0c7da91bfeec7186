"""Orders with their lines, by the time of their last change."""

from collections.abc import Iterator
from typing import Any

from connectors.base import Record, Row
from connectors.taobao.stream import TaobaoStream, number_of
from connectors.values import Problems, country, moment, number, part, parts, text

STATUS = {
    "TRADE_NO_CREATE_PAY": "unpaid",
    "WAIT_BUYER_PAY": "unpaid",
    "PAY_PENDING": "unpaid",
    "WAIT_PRE_AUTH_CONFIRM": "unpaid",
    "WAIT_SELLER_SEND_GOODS": "paid",
    "PAID_FORBID_CONSIGN": "on_hold",
    "SELLER_CONSIGNED_PART": "part_shipped",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_BUYER_SIGNED": "finished",
    "TRADE_FINISHED": "finished",
    # Closed after it was paid; the next one, before.
    "TRADE_CLOSED": "refunded",
    "TRADE_CLOSED_BY_TAOBAO": "cancelled",
}


class Orders(TaobaoStream):
    """`taobao.trades.sold.increment.get`; names, phones and addresses are masked."""

    name = "orders"
    entity = "orders"
    key = ("order_number",)
    cursor = "modified"
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
    api = "taobao.trades.sold.increment.get"
    wrapper = "trades"
    list_name = "trade"
    export = "taobao_orders"
    number_name = "tid"
    fields = (
        "tid",
        "tid_str",
        "status",
        "step_trade_status",
        "type",
        "created",
        "pay_time",
        "consign_time",
        "end_time",
        "modified",
        "payment",
        "post_fee",
        "discount_fee",
        "received_payment",
        "buyer_open_uid",
        "receiver_state",
        "trade_from",
        "orders",
        "promotion_details",
    )

    def rows(self, record: Record) -> Iterator[Row]:
        """One row for each line; an order without lines still gives one."""
        problems = Problems()
        head = _head(record, problems)
        given = parts(part(record, "orders"), "order", problems)
        lines = [_line(line, problems) for line in given]
        place = getattr(record, "place", None)
        for line in lines or [(None,) * 7]:
            yield (place, problems.text, *head, *line)


def _head(record: Record, problems: Problems) -> tuple[Any, ...]:
    status = _status(record, problems)
    # A closed order has an end too.
    finished = record.get("end_time") if status == "finished" else None
    return (
        number_of(record, "tid"),
        status,
        moment(record.get("created"), "created", problems),
        moment(record.get("pay_time"), "pay_time", problems),
        moment(record.get("consign_time"), "consign_time", problems),
        moment(finished, "end_time", problems),
        moment(record.get("modified"), "modified", problems),
        "CNY",
        number(record.get("payment"), "payment", problems),
        text(record.get("buyer_open_uid")),
        country(record.get("receiver_state")),
    )


def _status(record: Record, problems: Problems) -> str | None:
    given = text(record.get("status"))
    status = STATUS.get(given or "")
    if status is None:
        problems.add("status", given, f"one of {', '.join(STATUS)}")
    return status


def _line(line: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    # The share of what the buyer paid, after the discounts on the whole order.
    paid = line.get("divide_order_fee") or line.get("payment")
    return (
        number_of(line, "oid"),
        text(line.get("num_iid")),
        text(line.get("title")),
        text(line.get("sku_properties_name")),
        number(line.get("num"), "orders.num", problems),
        number(line.get("price"), "orders.price", problems),
        number(paid, "orders.divide_order_fee", problems),
    )
