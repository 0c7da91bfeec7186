"""Files of orders, refunds, people, reviews and contacts, read through a mapping."""

from pydantic import Field

from connectors.base import SourceRefused, Stream
from connectors.files import mapping_file
from connectors.files.feed import Feed
from connectors.files.mapping import Strict
from connectors.files.stream import FileStream

__all__ = ["Config", "Feed", "FeedOptions", "FileStream", "Options", "streams"]


class FeedConfig(Strict):
    """Files of one layout, as the sources file describes them."""

    path: str = Field(description="a path or a pattern like exports/*.csv")
    mapping: str = Field(
        description="a name in connectors/mappings, or the path of a .yaml file"
    )
    settle_seconds: float = Field(
        default=60,
        ge=0,
        description="a file written later than so many seconds ago is left for the "
        "next run: it may still be being written",
    )


class Config(Strict):
    """What the sources file says of a source whose connector is `files`."""

    feeds: tuple[FeedConfig, ...] = Field(min_length=1)


def streams(source: str, config: Config) -> list[Stream]:
    """The streams of all feeds of a source.

    Raises:
        SourceRefused: a mapping that cannot be, or two streams that have one name.
    """
    found: dict[str, Stream] = {}
    for feed in config.feeds:
        for stream in _streams(source, feed):
            if stream.name in found:
                raise SourceRefused(
                    f"source '{source}' has two feeds with a stream '{stream.name}': "
                    "make one of them a source of its own, or rename its stream"
                )
            found[stream.name] = stream
    return list(found.values())


def _streams(source: str, config: FeedConfig) -> list[FileStream]:
    mapping = mapping_file.load(config.mapping)
    feed = Feed(config.path, mapping, config.settle_seconds)
    return [FileStream(source, name, feed) for name in mapping.streams]
