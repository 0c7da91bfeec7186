"""Shopify's webhooks: verified by their signature, read as pulled records are."""

import hmac
from base64 import b64encode
from typing import Any

import orjson

from connectors.base import CallbackRefused, Callbacks, Received, Record, Request
from connectors.paging import Found
from connectors.shopify.config import Config
from connectors.values import Problems, parts, text

# What a topic begins with -> the stream of what it is about.
STREAMS = {"orders": "orders", "refunds": "refunds", "customers": "customers"}


class ShopifyCallbacks(Callbacks):
    """Takes orders with their refunds, refunds and customers.

    All else is thanked for and left to the next pull. A push may come twice, late, out
    of order or not at all: what it tells is loaded if it is newer.
    """

    def __init__(self, source: str, config: Config) -> None:
        assert config.client_secret is not None
        self.source = source
        self.config = config
        self._secret = config.client_secret.get_secret_value().encode()

    def receive(self, request: Request) -> Received:
        """The records of one webhook."""
        self._verify(request)
        record = self._read(request.body)
        topic = request.headers.get("x-shopify-topic", "")
        stream = STREAMS.get(topic.partition("/")[0])
        # What is deleted is told by its number alone.
        if stream is None or not text(record.get("id")) or "created_at" not in record:
            return Received({})
        found = dict(self._records(stream, record, f"webhook {topic}"))
        return Received(
            {name: found[name] for name in found if name in self.config.streams}
        )

    def _records(
        self, stream: str, record: dict[str, Any], place: str
    ) -> list[tuple[str, list[Record]]]:
        if record.get("test") is True and not self.config.test_orders:
            return []
        number = text(record["id"])
        found: list[tuple[str, list[Record]]] = [
            (stream, [Found(record, f"{place}, {number}")])
        ]
        refunds = parts(record, "refunds", Problems()) if stream == "orders" else []
        if refunds:
            of = {"order_id": record["id"]}
            within: list[Record] = [
                Found({**of, **one}, f"{place}, {number}") for one in refunds
            ]
            found.append(("refunds", within))
        return found

    def _verify(self, request: Request) -> None:
        wanted = webhook_signature(request.body, self._secret)
        given = request.headers.get("x-shopify-hmac-sha256", "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self._refusal(
                "X-Shopify-Hmac-SHA256 is wrong: check client_secret, or it is not "
                "Shopify"
            )
        # One app, hence one secret, may be installed in several shops.
        shop = request.headers.get("x-shopify-shop-domain", "").lower()
        if shop and shop != self.config.shop:
            raise self._refusal("it is about another shop: check base_url and domain")

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            read = orjson.loads(body)
        except orjson.JSONDecodeError:
            read = None
        if not isinstance(read, dict):
            raise self._refusal("the body is no JSON object")
        return read

    def _refusal(self, reason: str) -> CallbackRefused:
        return CallbackRefused(f"{self.source}: {reason}")


def webhook_signature(body: bytes, secret: bytes) -> str:
    """Base64 of HMAC-SHA256 over the body as it came."""
    return b64encode(hmac.digest(secret, body, "sha256")).decode()
