"""WeCom: contacts of staff, group chats, pushes; tags and codes for customers."""

from connectors.base import Stream
from connectors.wecom.client import WeComClient
from connectors.wecom.codes import WeComCodes
from connectors.wecom.config import Config
from connectors.wecom.contacts import Contacts, Follows
from connectors.wecom.joins import Joins
from connectors.wecom.pushed import Events, WeComCallbacks
from connectors.wecom.tags import WeComTags

__all__ = ["Config", "callbacks", "code_maker", "streams", "tag_writer"]


def streams(
    source: str, config: Config, client: WeComClient | None = None
) -> list[Stream]:
    """The configured streams of one corp; they share one client, hence one token."""
    shared = client or WeComClient(source, config)
    found: list[Stream] = [
        one(source, config, shared) for one in (Contacts, Follows, Joins)
    ]
    found.append(Events(source, config))
    return [one for one in found if one.name in config.streams]


def callbacks(source: str, config: Config) -> WeComCallbacks | None:
    """What WeCom pushes to one corp; None without `encoding_aes_key`."""
    return WeComCallbacks(source, config) if config.encoding_aes_key else None


def tag_writer(
    source: str, config: Config, client: WeComClient | None = None
) -> WeComTags:
    """What puts tags on the contacts of one corp."""
    return WeComTags(config, client or WeComClient(source, config))


def code_maker(
    source: str, config: Config, client: WeComClient | None = None
) -> WeComCodes | None:
    """What makes codes that lead to `code_staff`; None without any."""
    if not config.code_staff:
        return None
    return WeComCodes(client or WeComClient(source, config), config.code_staff)
