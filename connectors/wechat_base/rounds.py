"""Streams over lists that know no times: everybody is read again, round by round."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Page, Record, Stream
from connectors.paging import Found


class RoundStream(Stream):
    """A list that is walked from one position to the next.

    The cursor says when the present round began and how far it has come. A pull goes
    on from there, which also brings what was added behind the end since; once the
    round is older than `reread`, the next one begins.
    """

    cursor = "position"
    # There is no window to ask for: a long one costs no more than a short one.
    max_window = timedelta(days=36_500)

    def __init__(self, source: str, since: datetime, reread: timedelta) -> None:
        super().__init__(source, since)
        self.reread = reread

    @abstractmethod
    def walk(self, after: str) -> Iterator[tuple[Sequence[Record], str | None]]:
        """The records behind `after` ('': all of them), piece by piece.

        Each with the position behind it, None where there is none to go on from.
        """

    def is_wanted(
        self, record: Record, since: datetime, until: datetime | None
    ) -> bool:
        """Whether a record is of the time asked for; who has no time always is."""
        return True

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """The rest of the round, and the next round when it is time."""
        self.notes = []
        written, _, after = (cursor or "").partition(" ")
        began = datetime.fromisoformat(written) if written else None
        if began is not None:
            yield from self._round(began, after)
        if began is None or until - began >= self.reread:
            yield from self._round(until, "")

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """All of them, or those of the time asked for where they have one."""
        for records, _ in self.walk(""):
            wanted = [one for one in records if self.is_wanted(one, since, until)]
            if wanted:
                yield Page(wanted)

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The record as it was landed."""
        return Found(dict(raw))

    def _round(self, began: datetime, after: str) -> Iterator[Page]:
        for records, position in self.walk(after):
            wanted = [one for one in records if self.is_wanted(one, self.since, None)]
            cursor = f"{began.isoformat()} {position}" if position else None
            if wanted or cursor:
                yield Page(wanted, cursor)
