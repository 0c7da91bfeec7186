"""Pinduoduo shops (open.pinduoduo.com): orders and refunds. There are no reviews.

Pinduoduo names no buyer, and opens its cipher texts only within its own cloud, for
shipping: its orders are counted, its buyers stay unknown until a code in the parcel
is scanned.
"""

from connectors.base import Stream
from connectors.pinduoduo.client import PinduoduoClient
from connectors.pinduoduo.config import Config
from connectors.pinduoduo.orders import Orders
from connectors.pinduoduo.refunds import Refunds

__all__ = ["Config", "streams"]


def streams(
    source: str, config: Config, client: PinduoduoClient | None = None
) -> list[Stream]:
    """The configured streams of one shop; they share one client, hence one token."""
    shared = client or PinduoduoClient(source, config)
    return [
        stream(source, config, shared)
        for stream in (Orders, Refunds)
        if stream.name in config.streams
    ]
