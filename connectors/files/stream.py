"""A stream of files: the lines that are new, as canonical rows in pages."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from connectors.base import (
    Page,
    Record,
    Row,
    SourceError,
    SourceRefused,
    Stream,
)
from connectors.files import header as headers
from connectors.files.entities import key_of
from connectors.files.feed import Feed
from connectors.files.finding import Found, find
from connectors.files.header import MOST_LINES_ABOVE, Header
from connectors.files.mapper import WHOLE_LINE, Mapper, columns
from connectors.files.opening import as_text, inspect, open_parts
from connectors.files.position import Position
from connectors.files.reading import Reading


class FileStream(Stream):
    """The lines of the files of one feed that belong to one stream of its mapping.

    A record is already the canonical row of its line. A file is taken once it has been
    left alone for a while, and only after it was read to its end without trouble.
    """

    cursor = "file and line"

    def __init__(self, source: str, name: str, feed: Feed) -> None:
        super().__init__(source, datetime.min.replace(tzinfo=UTC))
        self.name = name
        self.feed = feed
        lines = feed.mapping.streams[name]
        self.entity = lines.entity
        self.columns = columns(lines)
        self.key = key_of(lines.entity, self.columns)
        self.holds_whole_orders = lines.holds_whole_orders
        self.repeated_lines = lines.repeated_lines
        self._mappers: dict[tuple[str, ...], Mapper] = {}

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """All lines of all files: what a file says has no window of time."""
        return self.pull(None, until)

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """What is new in the files; the cursor says which were read, and how far."""
        position = Position.of(cursor)
        reading = Reading(self.feed, position, self._header, self._mapper)
        self.notes = reading.notes
        with self._named():
            yield from reading.pages()

    def backfill(self, since: datetime, until: datetime) -> Iterator[Page]:
        """None: history is more files."""
        raise SourceRefused(
            f"{self.source}/{self.name}: files are read whole and know no history: put "
            f"older files where the feed looks ({self.feed.path}) and ingest"
        )

    def rows(self, record: Record) -> Iterable[Row]:
        """The one row of a line."""
        return (record,)

    def raw(self, record: Record) -> bytes:
        """The cells of the line by the names of the header, as JSON."""
        text: str = record[2]
        return text.encode()

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The row of a line that was kept, and perhaps corrected, as raw JSON."""
        given = {name: cell for name, cell in raw.items() if name != WHOLE_LINE}
        cells = ["" if cell is None else str(cell) for cell in given.values()]
        header = Header(tuple(given), ",", 0)
        missing = headers.missing(header, headers.wanted(self.feed.mapping, self.name))
        mapper = self._mapper(header)
        if missing:
            names = dict.fromkeys(column.names[0] for column in missing)
            lacking = ", ".join(f"'{name}'" for name in names)
            return mapper.broken_row(None, cells, f"has no cell for {lacking}")
        return mapper.row(None, cells)

    def check(self) -> None:
        """Find the files, read each to its end and understand its header."""
        with self._named():
            for found in find(self.feed.path):
                self._check(found)

    def _check(self, found: Found) -> None:
        encoding = self.feed.mapping.encoding
        whole = inspect(found.path, found.name, encoding, found.stamp)
        with open_parts(found.path, found.name) as parts:
            for name, data in parts:
                text = as_text(data, whole.parts[name].encoding)
                if above := list(islice(text, MOST_LINES_ABOVE)):
                    self._header(above, name)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Errors say which stream of which source it is."""
        try:
            yield
        except SourceError as error:
            raise type(error)(f"{self.source}/{self.name}: {error}") from None

    def _header(self, first_lines: list[str], file: str) -> Header:
        return headers.find(first_lines, self.feed.mapping, self.name, file)

    def _mapper(self, header: Header) -> Mapper:
        if header.names not in self._mappers:
            mapper = Mapper(self.feed.mapping, self.name, header)
            self._mappers[header.names] = mapper
        return self._mappers[header.names]
