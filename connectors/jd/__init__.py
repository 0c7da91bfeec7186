"""JD shops (jos.jd.com, POP): orders, cancelled orders, returns and comments.

Buyers are known by `open_id_buyer`; names, phones and addresses come as cipher texts
that JD opens within its own cloud only. JD lists no customers.
"""

from connectors.base import Stream
from connectors.jd.client import JdClient
from connectors.jd.config import Config
from connectors.jd.orders import Orders
from connectors.jd.refunds import Refunds
from connectors.jd.returns import Returns
from connectors.jd.reviews import Reviews
from connectors.jd.stream import JdStream

__all__ = ["Config", "streams"]

STREAMS: tuple[type[JdStream], ...] = (Orders, Refunds, Returns, Reviews)


def streams(
    source: str, config: Config, client: JdClient | None = None
) -> list[Stream]:
    """The configured streams of one shop; they share one client, hence one token."""
    shared = client or JdClient(source, config)
    return [
        stream(source, config, shared)
        for stream in STREAMS
        if stream.name in config.streams
    ]
