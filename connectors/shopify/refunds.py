"""Refunds, which stand in the orders that they have changed."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from decimal import Decimal
from typing import Any

from connectors.base import Record, Row
from connectors.paging import Found
from connectors.shopify.from_rest import refund_from_rest
from connectors.shopify.stream import ShopifyStream, number_of
from connectors.values import Problems, moment, number, part, parts, text

FIELDS = """id updatedAt test refunds {
  id createdAt updatedAt note totalRefundedSet { shopMoney { amount currencyCode } }
}"""


class Refunds(ShopifyStream):
    """`orders` again, with few fields: what is given back changes its order."""

    name = "refunds"
    entity = "refunds"
    key = ("refund_number",)
    cursor = "updatedAt"
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
        "amount",
    )
    root = "orders"
    cheapness = 5

    def fields(self, is_bulk: bool) -> str:
        """Lines of refunds are lists within lists, which bulk operations refuse."""
        return FIELDS

    def found(self, node: dict[str, Any], place: str) -> Iterable[Found]:
        """Each refund of an order, with the order's id and time of change."""
        order = {"id": node.get("id"), "updatedAt": node.get("updatedAt")}
        given = parts(node, "refunds", Problems())
        return [Found({**one, "order": order}, place) for one in given]

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; money that is still on its way counts for nothing."""
        problems = Problems()
        refund = refund_from_rest(record) if "created_at" in record else record
        money = part(part(refund, "totalRefundedSet"), "shopMoney")
        amount = number(money.get("amount"), "totalRefundedSet", problems)
        made = moment(refund.get("createdAt"), "createdAt", problems, UTC)
        changed = moment(refund.get("updatedAt"), "updatedAt", problems, UTC)
        values = (
            text(number_of(refund.get("id"))),
            text(number_of(part(refund, "order").get("id"))),
            _status(refund, amount),
            made,
            changed or made,
            text(money.get("currencyCode")),
            text(refund.get("note")),
            amount,
        )
        yield (getattr(record, "place", None), problems.text, *values)


def _status(refund: dict[str, Any], amount: Decimal | None) -> str | None:
    if amount is None:
        return None
    if amount > 0:
        return "refunded"
    return "open" if refund.get("isPending") is True else "closed"
