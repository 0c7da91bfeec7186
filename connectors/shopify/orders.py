"""Orders with their lines, by the time of their last change."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.base import Record, Row
from connectors.paging import Found
from connectors.people import full_name
from connectors.shopify.from_rest import order_from_rest
from connectors.shopify.stream import ShopifyStream, number_of, shop_money
from connectors.values import Problems, moment, number, part, parts, text

HEAD = """id name createdAt updatedAt cancelledAt closedAt test currencyCode
displayFinancialStatus displayFulfillmentStatus
totalPriceSet { shopMoney { amount } }
transactions(first: 10) { kind status processedAt }
fulfillments(first: 10) { createdAt }"""
PERSON = """email phone customer { id firstName lastName }
billingAddress { phone countryCodeV2 }"""
LINE = """id title variantTitle quantity product { id }
originalUnitPriceSet { shopMoney { amount } }
discountAllocations { allocatedAmountSet { shopMoney { amount } } }"""
REST_OF = """query Lines($id: ID!, $after: String) {{
  node(id: $id) {{ ... on Order {{ lineItems(first: 100, after: $after) {{
    pageInfo {{ hasNextPage endCursor }} nodes {{ {line} }}
  }} }} }}
}}"""
UNPAID = ("PENDING", "AUTHORIZED", "PARTIALLY_PAID")
PAID = ("PAID", "PARTIALLY_REFUNDED")
CANCELLED = ("VOIDED", "EXPIRED")
FULFILMENT = {
    "FULFILLED": "shipped",
    "PARTIALLY_FULFILLED": "part_shipped",
    "ON_HOLD": "on_hold",
    **dict.fromkeys(("UNFULFILLED", "IN_PROGRESS", "OPEN", "SCHEDULED"), "paid"),
    **dict.fromkeys(("PENDING_FULFILLMENT", "REQUEST_DECLINED", "RESTOCKED"), "paid"),
}
PAYMENTS = ("SALE", "CAPTURE")
# The variant of a product that has none.
NO_VARIANT = "Default Title"


class Orders(ShopifyStream):
    """`orders`; a pushed one is written as Shopify's REST interface writes it."""

    name = "orders"
    entity = "orders"
    key = ("order_number",)
    cursor = "updatedAt"
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
    root = "orders"

    def fields(self, is_bulk: bool) -> str:
        """Head, person and lines."""
        person = PERSON if self.config.personal_data else "customer { id }"
        if is_bulk:
            return f"{HEAD} {person} lineItems {{ edges {{ node {{ {LINE} }} }} }}"
        some = f"lineItems(first: {self.config.lines_at_once})"
        paged = f"pageInfo {{ hasNextPage endCursor }} nodes {{ {LINE} }}"
        return f"{HEAD} {person} {some} {{ {paged} }}"

    def found(self, node: dict[str, Any], place: str) -> Iterable[Found]:
        """The order, with the lines that did not come with it."""
        lines = part(node, "lineItems")
        while part(lines, "pageInfo").get("hasNextPage") is True:
            after = {"id": node.get("id"), "after": lines["pageInfo"].get("endCursor")}
            query = REST_OF.format(line=LINE)
            answer = part(self.client.ask("lineItems", query, after), "node")
            more = part(answer, "lineItems")
            nodes = [*lines.get("nodes", ()), *more.get("nodes", ())]
            lines = {**more, "nodes": nodes}
            node = {**node, "lineItems": lines}
        return [Found(node, place)]

    def rows(self, record: Record) -> Iterator[Row]:
        """One row for each line; an order without lines still gives one."""
        problems = Problems()
        order = order_from_rest(record) if "created_at" in record else record
        head = _head(order, problems)
        given = parts(part(order, "lineItems"), "nodes", problems)
        lines = [_line(line, problems) for line in given]
        if len({line[0] for line in lines}) < len(lines):
            # Better no key than one for two lines.
            lines = [(None, *line[1:]) for line in lines]
        place = getattr(record, "place", None)
        for line in lines or [(None,) * 7]:
            yield (place, problems.text, *head, *line)


def _head(order: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    buyer, billing = part(order, "customer"), part(order, "billingAddress")
    return (
        text(number_of(order.get("id"))),
        _status(order, problems),
        moment(order.get("createdAt"), "createdAt", problems, UTC),
        _paid_at(order, problems),
        _shipped_at(order, problems),
        moment(order.get("closedAt"), "closedAt", problems, UTC),
        moment(order.get("updatedAt"), "updatedAt", problems, UTC),
        text(order.get("currencyCode")),
        number(shop_money(order.get("totalPriceSet")), "totalPriceSet", problems),
        text(number_of(buyer.get("id"))),
        text(order.get("phone")) or text(billing.get("phone")),
        text(order.get("email")),
        full_name(buyer.get("firstName"), buyer.get("lastName")),
        text(billing.get("countryCodeV2")),
    )


def _status(order: dict[str, Any], problems: Problems) -> str | None:
    money = text(order.get("displayFinancialStatus"))
    if money == "REFUNDED":
        return "refunded"
    if order.get("cancelledAt") or money in CANCELLED:
        return "cancelled"
    if money in UNPAID:
        return "unpaid"
    if money not in PAID:
        known = ", ".join((*UNPAID, *PAID, "REFUNDED", *CANCELLED))
        problems.add("displayFinancialStatus", money, f"one of {known}")
        return None
    if order.get("closedAt"):
        return "finished"
    goods = text(order.get("displayFulfillmentStatus"))
    status = FULFILMENT.get(goods or "")
    if status is None:
        known = ", ".join(FULFILMENT)
        problems.add("displayFulfillmentStatus", goods, f"one of {known}")
    return status


def _paid_at(order: dict[str, Any], problems: Problems) -> datetime | None:
    """When the first money came in; what is only authorised is not paid."""
    given = parts(order, "transactions", problems)
    payments = [
        one
        for one in given
        if one.get("kind") in PAYMENTS and one.get("status") == "SUCCESS"
    ]
    return _first(payments, "transactions.processedAt", problems)


def _shipped_at(order: dict[str, Any], problems: Problems) -> datetime | None:
    parcels = parts(order, "fulfillments", problems)
    return _first(parcels, "fulfillments.createdAt", problems)


def _first(
    found: list[dict[str, Any]], name: str, problems: Problems
) -> datetime | None:
    field = name.rpartition(".")[2]
    times = [moment(one.get(field), name, problems, UTC) for one in found]
    return min((one for one in times if one is not None), default=None)


def _line(line: dict[str, Any], problems: Problems) -> tuple[Any, ...]:
    variant = text(line.get("variantTitle"))
    count = number(line.get("quantity"), "lineItems.quantity", problems)
    given = shop_money(line.get("originalUnitPriceSet"))
    price = number(given, "lineItems.originalUnitPriceSet", problems)
    return (
        text(number_of(line.get("id"))),
        text(number_of(part(line, "product").get("id"))),
        text(line.get("title")),
        None if variant == NO_VARIANT else variant,
        count,
        price,
        _amount(line, count, price, problems),
    )


def _amount(
    line: dict[str, Any],
    count: Decimal | None,
    price: Decimal | None,
    problems: Problems,
) -> Decimal | None:
    """Price times count, less the line's share of every discount."""
    if count is None or price is None:
        return None
    bags = [
        one.get("allocatedAmountSet")
        for one in parts(line, "discountAllocations", problems)
    ]
    shares = [number(shop_money(one), "allocatedAmountSet", problems) for one in bags]
    return count * price - sum(share or Decimal(0) for share in shares)
