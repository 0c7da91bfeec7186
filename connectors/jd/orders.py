"""Orders with their lines, by the time of their last change."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.base import Record, Row
from connectors.jd.stream import JdStream
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

STATUS = {
    "WAIT_SELLER_STOCK_OUT": "paid",
    "WAIT_SEND_CODE": "paid",
    "LOCKED": "on_hold",
    "PAUSE": "on_hold",
    "POP_ORDER_PAUSE": "on_hold",
    "SEND_TO_DISTRIBUTION_CENER": "shipped",
    "DISTRIBUTION_CENTER_RECEIVED": "shipped",
    # Sent from abroad, and not yet within the country.
    "WAIT_SELLER_DELIVERY": "shipped",
    "WAIT_GOODS_RECEIVE_CONFIRM": "shipped",
    "RECEIPTS_CONFIRM": "finished",
    "FINISHED_L": "finished",
    "DELIVERY_RETURN": "refunded",
}
CANCELLED = "TRADE_CANCELED"
# JD names provinces in short.
REGIONS = {"香港": "HK", "澳门": "MO", "台湾": "TW", "港澳": None, "海外": None}


class Orders(JdStream):
    """`jingdong.pop.order.search`; orders that nobody has paid are not in it."""

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
        "finished_at",
        "updated_at",
        "currency",
        "order_amount",
        "buyer_id",
        "country",
        "line_id",
        "product_id",
        "product_title",
        "quantity",
        "unit_price",
    )
    wrapper = "searchorderinfo_result"
    list_name = "orderInfoList"
    total_name = "orderTotal"
    fields = (
        "orderId",
        "venderId",
        "orderType",
        "payType",
        "orderTotalPrice",
        "orderSellerPrice",
        "orderPayment",
        "freightPrice",
        "sellerDiscount",
        "balanceUsed",
        "orderState",
        "orderStateRemark",
        "orderStartTime",
        "orderEndTime",
        "paymentConfirmTime",
        "modified",
        "parentOrderId",
        "returnOrder",
        "open_id_buyer",
        "xid_buyer",
        "consigneeInfo",
        "itemInfoList",
        "couponDetailList",
    )

    @property
    def api(self) -> str:
        """As configured: the plain one, or its twin."""
        return self.config.order_api

    def question(self, since: datetime, until: datetime, page: int) -> dict[str, Any]:
        """Oldest change first; even numbers are texts."""
        asked = {
            "start_date": in_china(since),
            "end_date": in_china(until),
            "dateType": "0",
            "sortType": "0",
            "order_state": ",".join(self.config.order_states),
            "optional_fields": ",".join(self.fields),
            "page": str(page),
            "page_size": str(self.page_size),
        }
        if self.config.source_id:
            asked["source_id"] = self.config.source_id
        return {self.config.container: asked} if self.config.container else asked

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """orderId and modified."""
        changed = moment(record.get("modified"), "", Problems())
        return text(record.get("orderId")), changed

    def rows(self, record: Record) -> Iterator[Row]:
        """One row for each line; an order without lines (a locked one) gives one."""
        problems = Problems()
        head = self._head(record, problems)
        given = parts(record, "itemInfoList", problems)
        lines = [_line(line, problems) for line in given]
        if len({line[0] for line in lines}) < len(lines):
            # Lines have no number of their own; twice the same sku is no key.
            lines = [(None, *line[1:]) for line in lines]
        place = getattr(record, "place", None)
        for line in lines or [(None,) * 5]:
            yield (place, problems.text, *head, *line)

    def _head(self, record: Record, problems: Problems) -> tuple[Any, ...]:
        paid_at = moment(
            record.get("paymentConfirmTime"), "paymentConfirmTime", problems
        )
        status = _status(record, paid_at, problems)
        # A cancelled order has an end too.
        finished = record.get("orderEndTime") if status == "finished" else None
        amount = self.config.order_amount
        return (
            text(record.get("orderId")),
            status,
            moment(record.get("orderStartTime"), "orderStartTime", problems),
            paid_at,
            moment(finished, "orderEndTime", problems),
            moment(record.get("modified"), "modified", problems),
            "CNY",
            number(record.get(amount), amount, problems),
            text(record.get(self.config.buyer_field)),
            _country(part(record, "consigneeInfo").get("province")),
        )


def _status(record: Record, paid_at: datetime | None, problems: Problems) -> str | None:
    given = text(record.get("orderState"))
    if given == CANCELLED:
        # Who has paid gets the money back.
        return "refunded" if paid_at else "cancelled"
    status = STATUS.get(given or "")
    if status is None:
        problems.add("orderState", given, f"one of {', '.join(STATUS)}, {CANCELLED}")
    return status


def _country(province: Any) -> str | None:
    name = text(province) or ""
    return REGIONS[name] if name in REGIONS else country(name)


def _line(line: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    # Shoppers and comments know a product by its sku; `wareId` groups skus.
    return (
        text(line.get("skuId")),
        text(line.get("skuId")),
        text(line.get("skuName")),
        number(line.get("itemTotal"), "itemInfoList.itemTotal", problems),
        number(line.get("jdPrice"), "itemInfoList.jdPrice", problems),
    )
