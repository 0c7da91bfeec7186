"""WooCommerce's webhooks: verified by their signature, read as pulled records are."""

import re

from connectors.base import Received, Request
from connectors.paging import Found
from connectors.values import text
from connectors.webhooks import SignedWebhooks
from connectors.woocommerce.config import Config

# A new webhook is tried out with this, unsigned; it must be answered with success.
PING = re.compile(rb"webhook_id=\d+")
# What a topic begins with -> the stream of what it is about.
STREAMS = {"order": "orders", "customer": "customers"}


class WooCallbacks(SignedWebhooks):
    """Takes orders and customers. All else is thanked for and left to the next pull.

    A push may come twice, minutes late or not at all: what it tells is loaded if it is
    newer, and the pull brings whatever did not come.
    """

    header = "X-WC-Webhook-Signature"
    secret_key = "webhook_secret"

    def __init__(self, source: str, config: Config) -> None:
        assert config.webhook_secret is not None
        super().__init__(source, config.webhook_secret.get_secret_value())
        self.config = config

    def receive(self, request: Request) -> Received:
        """The order or customer of one delivery, if it tells a whole one."""
        if PING.fullmatch(request.body):
            return Received({})
        record = self.read(request)
        topic = request.headers.get("x-wc-webhook-topic", "")
        stream = STREAMS.get(topic.partition(".")[0])
        # What is deleted is told by its number alone.
        is_whole = text(record.get("id")) and record.get("date_created_gmt")
        if stream not in self.config.streams or not is_whole:
            return Received({})
        place = f"webhook {topic}, {text(record['id'])}"
        return Received({stream: [Found(record, place)]})
