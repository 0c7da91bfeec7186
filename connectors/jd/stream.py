"""What JD's lists have in common: two times, pages from 1, all values in texts."""

from abc import abstractmethod
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from connectors.jd.client import JdClient
from connectors.jd.config import Config
from connectors.paging import Listing
from connectors.values import Problems, fen, number, part
from connectors.windowed import WindowedStream


class JdStream(WindowedStream):
    """A list of one shop."""

    wrapper: ClassVar[str]
    """The object in the answer that holds the list; empty: the answer itself."""
    largest_page: ClassVar[int] = 100
    deepest_page: ClassVar[int] = 1_000_000

    def __init__(
        self,
        source: str,
        config: Config,
        client: JdClient,
        *,
        overlap: timedelta | None = None,
        window: timedelta | None = None,
    ) -> None:
        self.config = config
        size = min(config.page_size, self.largest_page)
        deepest = min(config.deepest_record, size * self.deepest_page)
        own: dict[str, Any] = {"page_size": size, "deepest_record": deepest}
        if overlap is not None:
            own["overlap"] = overlap
        self.longest_window = window or config.window
        super().__init__(source, client, config.model_copy(update=own), config.history)
        self._read = client.read

    @property
    @abstractmethod
    def api(self) -> str:
        """The name of the call."""

    @abstractmethod
    def question(self, since: datetime, until: datetime, page: int) -> dict[str, Any]:
        """The parameters that ask for one page of [since, until]."""

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the records changed in [since, until]."""
        answer = self._read(self.api, self.question(since, until, page), page)
        found = part(answer, self.wrapper) if self.wrapper else answer
        return self.listing(found, f"{self.api}, page {page}", page)


def yuan(value: Any, unit: str, field: str, problems: Problems) -> Decimal | None:
    """Yuan of an amount in `unit`, fen or yuan."""
    return (fen if unit == "fen" else number)(value, field, problems)
