"""Taobao and Tmall shops (open.taobao.com): orders, refunds and ratings.

Buyers are known by `buyer_open_uid`; their names and phones come masked. Taobao lists
no customers. Its order permissions are for some kinds of application only; whoever
gets none exports files.
"""

from connectors.base import Stream
from connectors.taobao.client import TaobaoClient
from connectors.taobao.config import Config
from connectors.taobao.orders import Orders
from connectors.taobao.refunds import Refunds
from connectors.taobao.reviews import Reviews
from connectors.taobao.stream import TaobaoStream

__all__ = ["Config", "streams"]

STREAMS: tuple[type[TaobaoStream], ...] = (Orders, Refunds, Reviews)


def streams(
    source: str, config: Config, client: TaobaoClient | None = None
) -> list[Stream]:
    """The configured streams of one shop; they share one client, hence one token."""
    shared = client or TaobaoClient(source, config)
    return [
        stream(source, config, shared)
        for stream in STREAMS
        if stream.name in config.streams
    ]
