"""Shopify shops (Admin API): orders, refunds, customers; bulk history; webhooks.

Shopify has no reviews of its own.
"""

from connectors.base import Stream
from connectors.shopify.client import ShopifyClient
from connectors.shopify.config import Config
from connectors.shopify.customers import Customers
from connectors.shopify.orders import Orders
from connectors.shopify.pushed import ShopifyCallbacks
from connectors.shopify.refunds import Refunds
from connectors.shopify.stream import ShopifyStream

__all__ = ["Config", "callbacks", "streams"]

STREAMS: tuple[type[ShopifyStream], ...] = (Customers, Orders, Refunds)


def streams(
    source: str, config: Config, client: ShopifyClient | None = None
) -> list[Stream]:
    """The configured streams of one shop; they share one client, hence one bucket."""
    shared = client or ShopifyClient(source, config)
    return [
        stream(source, config, shared)
        for stream in STREAMS
        if stream.name in config.streams
    ]


def callbacks(source: str, config: Config) -> ShopifyCallbacks | None:
    """The shop's webhooks; None without the secret that verifies them."""
    return ShopifyCallbacks(source, config) if config.client_secret else None
