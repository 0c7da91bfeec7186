"""WooCommerce's webhooks: verified by their signature, read as pulled records are."""

import hmac
import re
from base64 import b64encode
from typing import Any

import orjson

from connectors.base import CallbackRefused, Callbacks, Received, Request
from connectors.paging import Found
from connectors.values import text
from connectors.woocommerce.config import Config

# A new webhook is tried out with this, unsigned; it must be answered with success.
PING = re.compile(rb"webhook_id=\d+")
# What a topic begins with -> the stream of what it is about.
STREAMS = {"order": "orders", "customer": "customers"}


class WooCallbacks(Callbacks):
    """Takes orders and customers. All else is thanked for and left to the next pull.

    A push may come twice, minutes late or not at all: what it tells is loaded if it is
    newer, and the pull brings whatever did not come.
    """

    def __init__(self, source: str, config: Config) -> None:
        assert config.webhook_secret is not None
        self.source = source
        self.config = config
        self._secret = config.webhook_secret.get_secret_value().encode()

    def receive(self, request: Request) -> Received:
        """The order or customer of one delivery, if it tells a whole one."""
        if PING.fullmatch(request.body):
            return Received({})
        self._verify(request)
        record = self._read(request.body)
        topic = request.headers.get("x-wc-webhook-topic", "")
        stream = STREAMS.get(topic.partition(".")[0])
        # What is deleted is told by its number alone.
        is_whole = text(record.get("id")) and record.get("date_created_gmt")
        if stream not in self.config.streams or not is_whole:
            return Received({})
        place = f"webhook {topic}, {text(record['id'])}"
        return Received({stream: [Found(record, place)]})

    def _verify(self, request: Request) -> None:
        wanted = webhook_signature(request.body, self._secret)
        given = request.headers.get("x-wc-webhook-signature", "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self._refusal(
                "X-WC-Webhook-Signature is wrong: check webhook_secret, or it is not "
                "the shop that calls"
            )

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
