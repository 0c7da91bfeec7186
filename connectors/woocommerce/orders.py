"""Orders with their lines, by the time of their last change."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from connectors.base import Record, Row
from connectors.paging import Listing
from connectors.people import full_name
from connectors.values import Problems, number, part, parts, text
from connectors.woocommerce.stream import WooStream, utc

STATUS = {
    **dict.fromkeys(("pending", "failed", "checkout-draft"), "unpaid"),
    "processing": "paid",
    "on-hold": "on_hold",
    "completed": "finished",
    **dict.fromkeys(("cancelled", "trash"), "cancelled"),
    "refunded": "refunded",
}
# Shops divide with floats: what comes after so many digits is noise.
MILLIONTH = Decimal("0.000001")


class Orders(WooStream):
    """`/orders`; a guest is known by e-mail and phone alone."""

    name = "orders"
    entity = "orders"
    key = ("order_number",)
    cursor = "date_modified_gmt"
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
        "phone",
        "email",
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

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the orders changed in [since, until)."""
        return self.changed_orders(since, until, page)

    def rows(self, record: Record) -> Iterator[Row]:
        """One row for each line; an order without lines still gives one."""
        problems = Problems()
        head = self._head(record, problems)
        given = parts(record, "line_items", problems)
        lines = [_line(line, problems) for line in given]
        if len({line[0] for line in lines}) < len(lines):
            # Better no key than one for two lines.
            lines = [(None, *line[1:]) for line in lines]
        place = getattr(record, "place", None)
        for line in lines or [(None,) * 7]:
            yield (place, problems.text, *head, *line)

    def _head(self, record: Record, problems: Problems) -> tuple[Any, ...]:
        buyer = part(record, "billing")
        account = text(record.get("customer_id"))
        return (
            text(record.get("id")),
            self._status(record, problems),
            utc(record, "date_created", problems),
            utc(record, "date_paid", problems),
            utc(record, "date_completed", problems),
            utc(record, "date_modified", problems),
            text(record.get("currency")),
            number(record.get("total"), "total", problems),
            None if account == "0" else account,
            text(buyer.get("phone")),
            text(buyer.get("email")),
            full_name(buyer.get("first_name"), buyer.get("last_name")),
            text(buyer.get("country")),
        )

    def _status(self, record: Record, problems: Problems) -> str | None:
        given = text(record.get("status")) or ""
        status = self.config.statuses.get(given) or STATUS.get(given)
        if status is None:
            known = ", ".join((*STATUS, *self.config.statuses))
            problems.add("status", given, f"one of {known}: add it to `statuses`")
        return status


def _line(line: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    return (
        text(line.get("id")),
        text(line.get("product_id")),
        text(line.get("name")),
        _variant(line),
        number(line.get("quantity"), "line_items.quantity", problems),
        _price(line.get("price"), problems),
        _with_tax(line, problems),
    )


def _variant(line: dict[str, Any]) -> str | None:
    """`颜色:黑; 尺码:L`; names with an underscore are the shop's own."""
    given = parts(line, "meta_data", Problems())
    pairs = [
        f"{text(one.get('display_key')) or one.get('key')}:{one['display_value']}"
        for one in given
        if text(one.get("display_value")) and not str(one.get("key")).startswith("_")
    ]
    return text("; ".join(pairs))


def _price(given: Any, problems: Problems) -> Decimal | None:
    """A JSON number where all other money is text."""
    if isinstance(given, float) and abs(given) < 1e15:
        return _rounded(given)
    return number(given, "line_items.price", problems)


# A shop has far fewer prices than order lines.
@lru_cache(maxsize=10_000)
def _rounded(given: float) -> Decimal:
    rounded = Decimal(repr(given)).quantize(MILLIONTH).normalize()
    return Decimal(f"{rounded:f}")


def _with_tax(line: dict[str, Any], problems: Problems) -> Decimal | None:
    """What the line cost after discounts; the order's total has the tax in it too."""
    total = number(line.get("total"), "line_items.total", problems)
    tax = number(line.get("total_tax"), "line_items.total_tax", problems)
    return None if total is None else total + (tax or 0)
