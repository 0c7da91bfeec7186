"""What Pinduoduo's two lists have in common: half an hour at once, last page first."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.paging import Listing
from connectors.pinduoduo.client import PinduoduoClient
from connectors.pinduoduo.config import Config
from connectors.windowed import WindowedStream


class PinduoduoStream(WindowedStream):
    """An incremental list of one shop, by the time of the last change."""

    api: ClassVar[str]
    question: ClassVar[dict[str, Any]]
    """The parameters that never change: all kinds, all states."""
    total_name = "total_count"
    longest_window = timedelta(minutes=30)

    def __init__(self, source: str, config: Config, client: PinduoduoClient) -> None:
        super().__init__(source, client, config, config.history)
        self._read = client.read
        self.config = config

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the records changed in [since, until]."""
        params = {
            **self.question,
            "start_updated_at": int(since.timestamp()),
            "end_updated_at": int(until.timestamp()),
            "page": page,
            "page_size": self.page_size,
        }
        answer = self._read(self.api, params, page)
        return self.listing(answer, f"{self.api}, page {page}", page)
