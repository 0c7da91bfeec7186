"""Customers with their tags and consents, by the time of their last change."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import orjson

from connectors.base import Record, Row
from connectors.people import full_name
from connectors.shopify.from_rest import customer_from_rest
from connectors.shopify.stream import ShopifyStream, number_of
from connectors.values import Problems, moment, part, text

HEAD = "id createdAt updatedAt tags locale"
PERSON = """firstName lastName
defaultEmailAddress { emailAddress marketingState }
defaultPhoneNumber { phoneNumber marketingState }
defaultAddress { city countryCodeV2 phone }"""
# What is neither has never been asked, or not answered.
CONSENT = {"SUBSCRIBED": True, "UNSUBSCRIBED": False}


class Customers(ShopifyStream):
    """`customers`."""

    name = "customers"
    entity = "customers"
    key = ("buyer_id",)
    cursor = "updatedAt"
    columns = (
        "place",
        "problem",
        "buyer_id",
        "phone",
        "email",
        "name",
        "language",
        "country",
        "city",
        "tags",
        "consents",
        "registered_at",
        "updated_at",
    )
    root = "customers"
    cheapness = 5

    def fields(self, is_bulk: bool) -> str:
        """Tags, and who it is."""
        return f"{HEAD} {PERSON}" if self.config.personal_data else HEAD

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; tags that were not given are unknown rather than none."""
        problems = Problems()
        person = customer_from_rest(record) if "created_at" in record else record
        mail = part(person, "defaultEmailAddress")
        phone = part(person, "defaultPhoneNumber")
        address = part(person, "defaultAddress")
        values = (
            text(number_of(person.get("id"))),
            text(phone.get("phoneNumber")) or text(address.get("phone")),
            text(mail.get("emailAddress")),
            full_name(person.get("firstName"), person.get("lastName")),
            text(person.get("locale")),
            text(address.get("countryCodeV2")),
            text(address.get("city")),
            _tags(person.get("tags"), problems),
            _consents(mail, phone),
            moment(person.get("createdAt"), "createdAt", problems, UTC),
            moment(person.get("updatedAt"), "updatedAt", problems, UTC),
        )
        yield (getattr(record, "place", None), problems.text, *values)


def _tags(given: Any, problems: Problems) -> str | None:
    if given is None:
        return None
    if not isinstance(given, list):
        problems.add("tags", given, "a list of texts")
        return None
    return _json({tag: None for one in given if (tag := text(one))})


def _consents(mail: dict[str, Any], phone: dict[str, Any]) -> str | None:
    states = {"email": mail.get("marketingState"), "sms": phone.get("marketingState")}
    said = {
        channel: CONSENT[state]
        for channel, state in states.items()
        if isinstance(state, str) and state in CONSENT
    }
    return _json(said) if said else None


def _json(content: dict[str, Any]) -> str:
    return orjson.dumps(content).decode()
