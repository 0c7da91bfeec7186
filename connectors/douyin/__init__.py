"""Douyin shops (op.jinritemai.com): orders and after-sales cases, pulled and pushed.

Douyin gives no list of reviews or customers; its buyers are known by their orders.
What people do on the shop's videos and in its chats is `douyin_account`.
"""

from connectors.base import Stream
from connectors.douyin.client import DouyinClient
from connectors.douyin.config import Config
from connectors.douyin.orders import Orders
from connectors.douyin.pushed import DouyinCallbacks
from connectors.douyin.refunds import Refunds

__all__ = ["Config", "callbacks", "streams"]


def streams(
    source: str, config: Config, client: DouyinClient | None = None
) -> list[Stream]:
    """The configured streams of one shop; they share one client, hence one token."""
    shared = client or DouyinClient(source, config)
    return [
        stream(source, config, shared)
        for stream in (Orders, Refunds)
        if stream.name in config.streams
    ]


def callbacks(source: str, config: Config) -> DouyinCallbacks:
    """The shop's pushed messages, verified with the application's secret."""
    return DouyinCallbacks(source, config)
