"""A WeChat official account: its followers, what they do, tags and codes for them."""

from connectors.base import Stream
from connectors.wechat.client import WeChatClient
from connectors.wechat.codes import WeChatCodes
from connectors.wechat.config import Config
from connectors.wechat.pushed import Events, WeChatCallbacks
from connectors.wechat.tags import WeChatTags
from connectors.wechat.users import Follows, Users

__all__ = ["Config", "callbacks", "code_maker", "streams", "tag_writer"]


def streams(
    source: str, config: Config, client: WeChatClient | None = None
) -> list[Stream]:
    """The configured streams of one account; they share one client, hence one token."""
    shared = client or WeChatClient(source, config)
    found: list[Stream] = [one(source, config, shared) for one in (Users, Follows)]
    found.append(Events(source, config))
    return [one for one in found if one.name in config.streams]


def callbacks(source: str, config: Config) -> WeChatCallbacks | None:
    """What WeChat pushes to one account; None without `callback_token`."""
    return WeChatCallbacks(source, config) if config.callback_token else None


def tag_writer(
    source: str, config: Config, client: WeChatClient | None = None
) -> WeChatTags:
    """What puts tags on the followers of one account."""
    return WeChatTags(config, client or WeChatClient(source, config))


def code_maker(
    source: str, config: Config, client: WeChatClient | None = None
) -> WeChatCodes:
    """What makes codes that lead to one account."""
    return WeChatCodes(client or WeChatClient(source, config))
