"""Youzan shops (open.youzanyun.com): orders, refunds, reviews and customers."""

from connectors.base import Stream
from connectors.youzan.client import YouzanClient
from connectors.youzan.config import Config
from connectors.youzan.customers import Customers
from connectors.youzan.orders import Orders
from connectors.youzan.pushed import YouzanCallbacks
from connectors.youzan.refunds import Refunds
from connectors.youzan.reviews import Reviews
from connectors.youzan.stream import YouzanStream
from connectors.youzan.tags import YouzanTags

__all__ = ["Config", "callbacks", "streams", "tag_writer"]

STREAMS: tuple[type[YouzanStream], ...] = (Customers, Orders, Refunds, Reviews)


def streams(
    source: str, config: Config, client: YouzanClient | None = None
) -> list[Stream]:
    """The configured streams of one shop; they share one client, hence one token."""
    shared = client or YouzanClient(source, config)
    return [
        stream(source, config, shared)
        for stream in STREAMS
        if stream.name in config.streams
    ]


def callbacks(source: str, config: Config) -> YouzanCallbacks:
    """What Youzan pushes of one shop; verified with the keys that calls need too."""
    return YouzanCallbacks(source, config)


def tag_writer(
    source: str, config: Config, client: YouzanClient | None = None
) -> YouzanTags:
    """What puts tags on the customers of one shop."""
    return YouzanTags(source, client or YouzanClient(source, config))
