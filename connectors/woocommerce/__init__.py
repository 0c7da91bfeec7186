"""WooCommerce shops (REST API v3): orders, refunds, reviews, customers, webhooks."""

from connectors.base import Stream
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.config import Config
from connectors.woocommerce.customers import Customers
from connectors.woocommerce.orders import Orders
from connectors.woocommerce.pushed import WooCallbacks
from connectors.woocommerce.refunds import Refunds
from connectors.woocommerce.reviews import Reviews
from connectors.woocommerce.stream import WooStream

__all__ = ["Config", "callbacks", "streams"]

STREAMS: tuple[type[WooStream], ...] = (Customers, Orders, Refunds, Reviews)


def streams(
    source: str, config: Config, client: WooClient | None = None
) -> list[Stream]:
    """The configured streams of one shop; they share one client."""
    shared = client or WooClient(source, config)
    return [
        stream(source, config, shared)
        for stream in STREAMS
        if stream.name in config.streams
    ]


def callbacks(source: str, config: Config) -> WooCallbacks | None:
    """The shop's webhooks; None without the secret that verifies them."""
    return WooCallbacks(source, config) if config.webhook_secret else None
