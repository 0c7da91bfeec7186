"""Refunds, found by the orders that they have changed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from connectors.base import Page, Record, Row
from connectors.paging import Found, Listing
from connectors.values import Problems, number, parts, text
from connectors.woocommerce.stream import WooStream, utc

SUMMARY = "id,currency,date_created_gmt,date_modified_gmt,refunds"
# What a refund's line stands for is told in its meta data.
LINE = "_refunded_item_id"


class Refunds(WooStream):
    """`/orders/{id}/refunds` of each order changed in the window that has some.

    Every version of WooCommerce knows this call, and a refund always changes its order.
    """

    name = "refunds"
    entity = "refunds"
    key = ("refund_number",)
    cursor = "date_modified_gmt"
    columns = (
        "place",
        "problem",
        "refund_number",
        "order_number",
        "status",
        "requested_at",
        "currency",
        "reason",
        "line_id",
        "product_id",
        "quantity",
        "amount",
    )

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the orders changed in [since, until), as short as may be."""

        return self.changed_orders(since, until, page, _fields=SUMMARY)

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The refunds of the orders changed in [since, until)."""
        for page in super().pages(since, until):
            refunds = [
                refund
                for order in page.records
                if order.get("refunds")
                for refund in self._refunds_of(order, until)
            ]
            if refunds:
                yield Page(refunds)

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; a refund of several lines names none of them."""
        problems = Problems()
        lines = parts(record, "line_items", problems)
        line = lines[0] if len(lines) == 1 else {}
        amount = number(record.get("amount"), "amount", problems)
        count = number(line.get("quantity"), "line_items.quantity", problems)
        values = (
            text(record.get("id")),
            text(record.get("order_id")),
            None if amount is None else "refunded" if amount > 0 else "closed",
            utc(record, "date_created", problems),
            text(record.get("currency")),
            text(record.get("reason")),
            _line_of(line),
            text(line.get("product_id")),
            None if count is None else abs(count),
            amount,
        )
        yield (getattr(record, "place", None), problems.text, *values)

    def _refunds_of(self, order: Record, until: datetime) -> Iterator[Found]:
        """Each with its order's number and currency, which it lacks itself.

        One that came after the window has changed the order again: it comes later.
        """
        path, page, found, total = f"orders/{order['id']}/refunds", 0, 0, 1
        while found < total:
            page += 1
            listing = self.read(path, {}, page)
            if not listing.records:
                return
            found, total = found + len(listing.records), listing.total
            for one in listing.records:
                made = utc(one, "date_created", Problems())
                if made is None or made < until:
                    of = {"order_id": order["id"], "currency": order.get("currency")}
                    yield Found({**one, **of}, one.place)


def _line_of(line: dict[str, Any]) -> str | None:
    """The line of the order that a refund's line takes back."""
    marks = parts(line, "meta_data", Problems())
    return next(
        (text(one.get("value")) for one in marks if one.get("key") == LINE), None
    )
