"""Streams over lists that take a window of time and numbered pages."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.base import Page, Record, SourceRefused, Stream
from connectors.client import Call, Client, Cure, Trouble
from connectors.paging import SECOND, Found, Listing, once, sweep
from connectors.shop_config import ShopConfig
from connectors.values import day_after, part

# The platform's clock is not ours, and the first window takes a while to read.
HISTORY_MARGIN = timedelta(hours=1)


class WindowedStream(Stream):
    """A list by the time of the last change; the platform says how much at once.

    `history` is how far back the platform answers at all, None when there is no limit.
    """

    longest_window: timedelta
    """The longest span between the two times of one question."""
    list_name: ClassVar[str]
    """Where the records are in the answer."""
    total_name: ClassVar[str] = "total"
    export: ClassVar[str | None] = None
    """The mapping for files of these records, where there is one."""

    def __init__(
        self,
        source: str,
        client: Client,
        config: ShopConfig,
        history: timedelta | None = None,
    ) -> None:
        super().__init__(source, config.since)
        self.client = client
        self.overlap = config.overlap
        self.lag = config.lag
        self.page_size = config.page_size
        self.deepest_record = config.deepest_record
        self.history = history
        # A question reaches back by the overlap, and out to whole seconds.
        self.max_window = self.longest_window - self.overlap - 2 * SECOND

    @abstractmethod
    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page, counted from 1, of the records changed in [since, until]."""

    @abstractmethod
    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """The record's key, and the time that the list goes by."""

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """As everywhere, but no further back than the platform answers."""
        self.notes = []
        position = datetime.fromisoformat(cursor) if cursor else self.since
        oldest = self._oldest(until)
        if oldest and position < oldest:
            self.notes.append(
                f"{self._too_old()}: what changed between {position} and {oldest} and "
                f"not since needs {self._file()}"
            )
            cursor = oldest.isoformat()
        yield from super().pull(cursor, until)

    def backfill(self, since: datetime, until: datetime) -> Iterator[Page]:
        """As everywhere; what is too old is refused, since a person asked for it."""
        oldest = self._oldest(self.client.clock())
        if oldest and since < oldest:
            raise SourceRefused(
                f"{self._too_old()}: begin at {day_after(oldest)}, and take what "
                f"is older from {self._file()}"
            )
        return super().backfill(since, until)

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The records changed in [since, until); each version of one is given once."""
        # Both ends are asked for inclusively: seconds are as fine as platforms count.
        start = since.replace(microsecond=0)
        end = (until + SECOND).replace(microsecond=0)
        name = f"{self.source}: {self.name}"
        deepest = self.deepest_record // self.page_size
        found = sweep(name, self.fetch, start, end, self.page_size, deepest)
        for records in once(found, self.version_of, until, self.deepest_record):
            yield Page(records)

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The record as it was landed."""
        return Found(dict(raw))

    def listing(self, answer: Any, place: str, page: int = 1) -> Listing:
        """The records of an answer; a missing list is an error, never an empty one.

        Unless the total says that `page` is empty: then platforms leave the list out.
        """
        data = part({"": answer}, "")
        total, records = str(data.get(self.total_name)), data.get(self.list_name)
        is_counted = total.isdecimal()
        if is_counted and int(total) <= (page - 1) * self.page_size:
            records = records or []
        if not is_counted or not isinstance(records, list):
            said = f"the answer holds no {self.total_name} or no {self.list_name}"
            raise self.client.error(Call(place, ""), Trouble(Cure.WAIT, said))
        return Listing([Found(record, place) for record in records], int(total))

    def _oldest(self, now: datetime) -> datetime | None:
        if self.history is None:
            return None
        return now - self.history + self.overlap + HISTORY_MARGIN

    def _too_old(self) -> str:
        days = self.history.days if self.history else 0
        name = f"{self.source}: {self.name}"
        return f"{name}: nothing older than {days} days can be asked for"

    def _file(self) -> str:
        mapping = f", mapping: {self.export}" if self.export else ""
        return f"a file export: a source of its own, with connector: files{mapping}"
