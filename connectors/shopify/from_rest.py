"""Webhooks speak Shopify's older REST language: the same things by other names."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.values import Problems, number, part, parts

FULFILMENT = {
    "": "UNFULFILLED",
    "partial": "PARTIALLY_FULFILLED",
    "fulfilled": "FULFILLED",
    "restocked": "RESTOCKED",
}
PAID = ("PAID", "PARTIALLY_REFUNDED", "REFUNDED")


def order_from_rest(given: Mapping[str, Any]) -> dict[str, Any]:
    """An order as GraphQL would give it.

    Payments are not in it: the time the order was processed stands for theirs.
    """
    record = dict(given)
    status = _upper(given.get("financial_status"))
    goods = given.get("fulfillment_status") or ""
    payment = {
        "kind": "SALE",
        "status": "SUCCESS",
        "processedAt": given.get("processed_at"),
    }
    return {
        "id": given.get("id"),
        "createdAt": given.get("created_at"),
        "updatedAt": given.get("updated_at"),
        "cancelledAt": given.get("cancelled_at"),
        "closedAt": given.get("closed_at"),
        "currencyCode": given.get("currency"),
        "displayFinancialStatus": status,
        "displayFulfillmentStatus": FULFILMENT.get(str(goods), goods),
        "totalPriceSet": _money(given.get("total_price")),
        "transactions": [payment] if status in PAID else [],
        "fulfillments": _renamed(given.get("fulfillments"), createdAt="created_at"),
        "email": given.get("email"),
        "phone": given.get("phone"),
        "customer": _person(part(record, "customer")),
        "billingAddress": _address(part(record, "billing_address")),
        "lineItems": {"nodes": _lines(given.get("line_items"))},
    }


def refund_from_rest(given: Mapping[str, Any]) -> dict[str, Any]:
    """A refund as GraphQL would give it: the sum of the payments that came through.

    It is in the currency of the payment; the next pull tells that of the shop.
    """
    payments = parts(dict(given), "transactions", Problems())
    moved = [one for one in payments if one.get("kind") == "refund"]
    done = [one for one in moved if one.get("status") == "success"]
    currency = next((one.get("currency") for one in moved), None)
    return {
        "id": given.get("id"),
        "createdAt": given.get("created_at"),
        "updatedAt": given.get("processed_at"),
        "note": given.get("note"),
        "order": {"id": given.get("order_id")},
        "totalRefundedSet": {
            "shopMoney": {"amount": _sum(done), "currencyCode": currency}
        },
        "isPending": any(one.get("status") == "pending" for one in moved),
    }


def customer_from_rest(given: Mapping[str, Any]) -> dict[str, Any]:
    """A customer as GraphQL would give it."""
    record = dict(given)
    tags = given.get("tags")
    mail = part(record, "email_marketing_consent").get("state")
    if mail is None and given.get("accepts_marketing") is True:
        mail = "subscribed"
    sms = part(record, "sms_marketing_consent").get("state")
    return {
        **_person(record),
        "createdAt": given.get("created_at"),
        "updatedAt": given.get("updated_at"),
        "tags": tags.split(",") if isinstance(tags, str) else tags,
        "locale": given.get("locale"),
        "defaultEmailAddress": {
            "emailAddress": given.get("email"),
            "marketingState": _upper(mail),
        },
        "defaultPhoneNumber": {
            "phoneNumber": given.get("phone"),
            "marketingState": _upper(sms),
        },
        "defaultAddress": _address(part(record, "default_address")),
    }


def _sum(payments: list[dict[str, Any]]) -> Any:
    """Of all amounts; the first that is none stays, to be named as a problem."""
    total = Decimal(0)
    for one in payments:
        amount = number(one.get("amount"), "", Problems())
        if amount is None:
            return one.get("amount")
        total += amount
    return str(total)


def _person(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": given.get("id"),
        "firstName": given.get("first_name"),
        "lastName": given.get("last_name"),
    }


def _address(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "city": given.get("city"),
        "phone": given.get("phone"),
        "countryCodeV2": given.get("country_code"),
    }


def _lines(given: Any) -> Any:
    """Lines under GraphQL's names; what is no list stays, to be named as a problem."""
    if not isinstance(given, list):
        return given
    return [_line(one) if isinstance(one, dict) else one for one in given]


def _line(given: dict[str, Any]) -> dict[str, Any]:
    shares = given.get("discount_allocations")
    if isinstance(shares, list):
        shares = [
            {"allocatedAmountSet": _money(one.get("amount"))}
            if isinstance(one, dict)
            else one
            for one in shares
        ]
    return {
        "id": given.get("id"),
        "title": given.get("title"),
        "variantTitle": given.get("variant_title"),
        "quantity": given.get("quantity"),
        "product": {"id": given.get("product_id")},
        "originalUnitPriceSet": _money(given.get("price")),
        "discountAllocations": shares,
    }


def _renamed(given: Any, **names: str) -> Any:
    if not isinstance(given, list):
        return given
    return [
        {new: one.get(old) for new, old in names.items()}
        if isinstance(one, dict)
        else one
        for one in given
    ]


def _money(amount: Any) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def _upper(word: Any) -> Any:
    return word.upper() if isinstance(word, str) else word
