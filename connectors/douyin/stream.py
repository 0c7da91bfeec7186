"""What Douyin's two lists have in common: pages from 0, times in seconds, fen."""

from abc import abstractmethod
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.base import Record
from connectors.douyin.client import DouyinClient
from connectors.douyin.config import Config
from connectors.paging import Found, Listing
from connectors.windowed import WindowedStream


class DouyinStream(WindowedStream):
    """A list of one shop by the time of the last change, at most a day at once."""

    api: ClassVar[str]
    # Douyin names no limit within its 90 days; a day keeps a failure cheap.
    longest_window = timedelta(days=1)

    def __init__(self, source: str, config: Config, client: DouyinClient) -> None:
        super().__init__(source, client, config, config.history)
        self._read = client.read

    @abstractmethod
    def window(self, since: int, until: int) -> dict[str, Any]:
        """The parameters that ask for [since, until], both in seconds since 1970."""

    @abstractmethod
    def find(self, number: str) -> list[Record]:
        """The one record of that number, as `rows` takes it; empty if there is none."""

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the records changed in [since, until]."""
        window = self.window(int(since.timestamp()), int(until.timestamp()))
        body = {**window, "page": page - 1, "size": self.page_size}
        place = f"{self.api}, page {page}"
        return self.listing(self._read(self.api, body, page), place, page)

    def found(self, records: list[Any], how: str) -> list[Record]:
        """Records that were asked for one by one."""
        return [Found(one, how) for one in records if isinstance(one, dict)]
