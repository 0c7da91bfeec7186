"""Shopify's webhooks: verified by their signature, read as pulled records are."""

from collections.abc import Iterator
from typing import Any

from connectors.base import Received, Record, Request
from connectors.paging import Found
from connectors.shopify.config import Config
from connectors.values import Problems, parts, text
from connectors.webhooks import SignedWebhooks

# What topics begin with, and the streams of what they are about, by the same names.
SUBJECTS = ("orders", "refunds", "customers")


class ShopifyCallbacks(SignedWebhooks):
    """Takes orders with their refunds, refunds and customers.

    All else is thanked for and left to the next pull. A push may come twice, late, out
    of order or not at all: what it tells is loaded if it is newer.
    """

    header = "X-Shopify-Hmac-SHA256"
    secret_key = "client_secret"

    def __init__(self, source: str, config: Config) -> None:
        assert config.client_secret is not None
        super().__init__(source, config.client_secret.get_secret_value())
        self.config = config

    def receive(self, request: Request) -> Received:
        """The records of one webhook."""
        record = self.read(request)
        # One app, hence one secret, may be installed in several shops.
        shop = request.headers.get("x-shopify-shop-domain", "").lower()
        if shop and shop != self.config.shop:
            raise self.refusal("it is about another shop: check base_url and domain")
        topic = request.headers.get("x-shopify-topic", "")
        found = self._records(topic, record)
        return Received(
            {name: some for name, some in found if name in self.config.streams}
        )

    def _records(
        self, topic: str, record: dict[str, Any]
    ) -> Iterator[tuple[str, list[Record]]]:
        """What is deleted is told by its number alone, and left out."""
        subject, number = topic.partition("/")[0], text(record.get("id"))
        is_whole = number is not None and "created_at" in record
        if subject not in SUBJECTS or not is_whole:
            return
        if record.get("test") is True and not self.config.test_orders:
            return
        place = f"webhook {topic}, {number}"
        if subject != "refunds":
            yield subject, [Found(record, place)]
        refunds = [record] if subject == "refunds" else record.get("refunds")
        given = parts({"": refunds}, "", Problems())
        # Without payments they do not say in which currency.
        paid_back = [Found(one, place) for one in given if one.get("transactions")]
        if paid_back:
            yield "refunds", paid_back
