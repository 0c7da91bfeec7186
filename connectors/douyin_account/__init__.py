"""A Douyin account (open.douyin.com): what people do with it, pushed and listed.

Douyin pushes messages, follows, likes and group joins to an application that may
have them. Comments can be listed only by the few that Douyin lets.
"""

from connectors.base import Stream
from connectors.douyin_account.client import AccountClient
from connectors.douyin_account.comments import Comments
from connectors.douyin_account.config import Config
from connectors.douyin_account.pushed import AccountCallbacks, Messages

__all__ = ["Config", "callbacks", "streams"]


def streams(
    source: str, config: Config, client: AccountClient | None = None
) -> list[Stream]:
    """The configured streams of one account."""
    found: list[Stream] = []
    if "messages" in config.streams:
        found.append(Messages(source, config))
    if "comments" in config.streams:
        found.append(Comments(source, config, client or AccountClient(source, config)))
    return found


def callbacks(source: str, config: Config) -> AccountCallbacks:
    """What Douyin pushes about the account, verified with the application's secret."""
    return AccountCallbacks(source, config)
