"""A brand's Weibo: comments, mentions, and what Weibo pushes of its messages."""

from connectors.base import Stream
from connectors.weibo.client import WeiboClient
from connectors.weibo.config import Config
from connectors.weibo.listed import CommentMentions, Comments, Listed, Mentions
from connectors.weibo.pushed import Messages, WeiboCallbacks

__all__ = ["Config", "callbacks", "streams"]

LISTED: tuple[type[Listed], ...] = (Comments, Mentions, CommentMentions)


def streams(
    source: str, config: Config, client: WeiboClient | None = None
) -> list[Stream]:
    """The configured streams of one account; they share one client."""
    shared = client or WeiboClient(source, config)
    found: list[Stream] = [one(source, config, shared) for one in LISTED]
    found.append(Messages(source, config))
    return [one for one in found if one.name in config.streams]


def callbacks(source: str, config: Config) -> WeiboCallbacks | None:
    """What Weibo pushes to one account; None without `app_secret`."""
    return WeiboCallbacks(source, config) if config.app_secret else None
