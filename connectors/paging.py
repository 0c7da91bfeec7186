"""Reading numbered pages of a list that changes while it is read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Record, SourceRefused, SourceUnavailable

SECOND = timedelta(seconds=1)
WALKS = 5


class Found(dict[str, Any]):
    """One JSON record that remembers the call and page it was found on."""

    __slots__ = ("place",)
    place: str | None

    def __init__(self, record: object, place: str | None = None) -> None:
        super().__init__(record if isinstance(record, dict) else {"found": record})
        self.place = place


@dataclass(frozen=True, slots=True)
class Listing:
    """One page, and how many records all pages of the window hold together."""

    records: Sequence[Record]
    total: int


class Lately:
    """Remembers what was seen among at least the last `span` records, no longer."""

    def __init__(self, span: int) -> None:
        self.span = span
        self._now: set[Any] = set()
        self._before: set[Any] = set()

    def is_new(self, version: tuple[Any, Any]) -> bool:
        """Whether this (key, time) was not asked about lately; no key is always new."""
        if version[0] is None:
            return True
        if version in self._now or version in self._before:
            return False
        if len(self._now) >= self.span:
            self._before, self._now = self._now, set()
        self._now.add(version)
        return True


# The page of the records changed in [since, until]; pages count from 1.
Fetch = Callable[[datetime, datetime, int], Listing]


def sweep(
    name: str, fetch: Fetch, since: datetime, until: datetime, size: int, deepest: int
) -> Iterator[Sequence[Record]]:
    """Every record of a window at least once, though records move between pages.

    A record that changes leaves the window and pulls those behind it one place
    forward, so pages are read from the last to the first: what moves is then seen
    twice, never skipped. When the total grows in between (a late index), records
    moved the other way and the window is walked again. A window that holds more
    than `deepest` pages of `size` records is halved. `name` is what errors call it.

    Raises:
        SourceRefused: one second holds more than the platform lets anybody page.
        SourceUnavailable: the list kept growing.
    """
    for _ in range(WALKS):
        first = fetch(since, until, 1)
        last = -(-first.total // size)
        if last > deepest:
            for half in _halves(name, since, until, first.total):
                yield from sweep(name, fetch, *half, size, deepest)
            return
        if last <= 1:
            yield first.records
            return
        total = first.total
        is_grown = False
        for page in range(last, 0, -1):
            listing = fetch(since, until, page)
            is_grown |= listing.total > total
            total = listing.total
            yield listing.records
        if not is_grown:
            return
    raise SourceUnavailable(
        f"{name}: the list from {since} to {until} grew in each of {WALKS} readings: "
        "the platform's index is later than `lag` allows for; raise it"
    )


def once(
    pages: Iterable[Sequence[Record]],
    version_of: Callable[[Record], tuple[Any, datetime | None]],
    until: datetime,
    span: int,
) -> Iterator[list[Record]]:
    """Of each page the records changed before `until`, each version of one once.

    `version_of` tells a record's key and the time that the list goes by; `span` is how
    many records back a repetition is known. Pages of which nothing is left are skipped.
    """
    lately = Lately(span)
    # As the times of records: within one zone comparing costs a tenth.
    until = until.astimezone(UTC)
    for listed in pages:
        records = []
        for record in listed:
            key, changed_at = version_of(record)
            is_later = changed_at is not None and changed_at >= until
            if not is_later and lately.is_new((key, changed_at)):
                records.append(record)
        if records:
            yield records


def _halves(
    name: str, since: datetime, until: datetime, total: int
) -> tuple[tuple[datetime, datetime], tuple[datetime, datetime]]:
    middle = (since + (until - since) / 2).replace(microsecond=0)
    if not since < middle < until:
        raise SourceRefused(
            f"{name}: {total:,} records changed between {since} and {until}, more than "
            "the platform lets anybody page through: raise page_size"
        )
    return (since, middle), (middle, until)
