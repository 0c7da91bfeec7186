"""One pass over the files of a feed: what is new, and how far it was read."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO, TextIO

from connectors.base import Page, Row
from connectors.files.feed import Feed
from connectors.files.filling import FillDown
from connectors.files.finding import Found, find, stamp
from connectors.files.header import MOST_LINES_ABOVE, Header
from connectors.files.lines import Block, blocks
from connectors.files.mapper import Mapper
from connectors.files.opening import Part, Whole, as_text, inspect, open_parts
from connectors.files.position import Mark, Position


class Reading:
    """Rows of new files, in pages; `position` is always behind the rows given out."""

    def __init__(
        self,
        feed: Feed,
        position: Position,
        header_of: Callable[[list[str], str], Header],
        mapper_of: Callable[[Header], Mapper],
    ) -> None:
        self.feed = feed
        self.position = position
        self.header_of = header_of
        self.mapper_of = mapper_of
        self.notes: list[str] = []

    def pages(self) -> Iterator[Page]:
        """Pages of rows; the last one may be empty and moves the cursor to the end."""
        rows: list[Row] = []
        for fresh in self._rows():
            rows += fresh
            if len(rows) >= self.feed.page:
                yield Page(rows, self.position.dump())
                rows = []
        yield Page(rows, self.position.dump())

    def _rows(self) -> Iterator[list[Row]]:
        files = list(find(self.feed.path))
        if not files:
            self.notes.append(f"no file matches '{self.feed.path}'")
            return
        if self.position.at is not None:
            begun = self._begun(files)
            if begun is None:
                return
            yield from self._file(*begun)
        for found in files:
            whole = self._new(found)
            if whole is not None:
                yield from self._file(found, whole)
        self.position.forget_gone({found.name for found in files})

    def _begun(self, files: list[Found]) -> tuple[Found, Whole] | None:
        """The file that the last pull left in its middle, if it still is the same.

        Otherwise the pull ends: a batch must not hold the lines of two versions.
        """
        name, digest, line = self.position.at or ("", "", 0)
        for found in files:
            if name == found.name or name.startswith(f"{found.name}/"):
                whole = self._new(found)
                if whole and name in whole.parts and whole.parts[name].digest == digest:
                    return found, whole
        self.notes.append(
            f"{name} changed or went away when it had been read up to line {line - 1}: "
            "this batch ends there, the next one reads the file from its beginning"
        )
        self.position.at = None
        return None

    def _new(self, found: Found) -> Whole | None:
        """The file, read once to its end, unless it is known or still being written."""
        mark = self.position.done.get(found.name)
        if mark and mark.stamp == found.stamp:
            return None
        age = self.feed.clock() - found.changed_at
        # A time in the future is a clock that is wrong, not a file being written.
        if abs(age) < self.feed.settle_seconds:
            self._leave(found, f"was written {max(age, 0):.0f} seconds ago")
            return None
        whole = inspect(found.path, found.name, self.feed.mapping.encoding, found.stamp)
        if not _is_still(found):
            self._leave(found, "changed while it was looked at")
            return None
        if known := self._name_of(whole.digest):
            if known != found.name:
                self.notes.append(
                    f"{found.name} holds the same as {known}, which was read: skipped"
                )
            self.position.done[found.name] = Mark(whole.digest, found.stamp)
            return None
        return whole

    def _leave(self, found: Found, why: str) -> None:
        self.notes.append(
            f"{found.name} {why}: it may still be being written and is left for the "
            f"next run, once nobody wrote to it for {self.feed.settle_seconds:g} s"
        )

    def _name_of(self, digest: str) -> str | None:
        marks = self.position.done.items()
        return next((name for name, mark in marks if mark.digest == digest), None)

    def _file(self, found: Found, whole: Whole) -> Iterator[list[Row]]:
        with open_parts(found.path, found.name) as parts:
            for name, data in parts:
                part = whole.parts[name]
                if self._name_of(part.digest) is None:
                    yield from self._part(part, data)
                self.position.at = None
                self.position.done[name] = Mark(part.digest, found.stamp)
        self.position.done[found.name] = Mark(whole.digest, found.stamp)

    def _part(self, part: Part, data: BinaryIO) -> Iterator[list[Row]]:
        text = as_text(data, part.encoding)
        above = list(islice(text, MOST_LINES_ABOVE))
        if not any(line.strip("\ufeff \t\r\n") for line in above):
            self.notes.append(f"{part.name} is empty")
            return
        header = self.header_of(above, part.name)
        mapper = self.mapper_of(header)
        for block in self._blocks(text, above[header.line :], header, part):
            rows = mapper.rows(part.name, block)
            self.position.at = (part.name, part.digest, block.next_line)
            yield rows

    def _blocks(
        self, text: TextIO, waiting: list[str], header: Header, part: Part
    ) -> Iterator[Block]:
        """The lines below the header, from where the last pull stopped."""
        first = header.line + 1
        at = self.position.at
        start = at[2] if at and at[0] == part.name else first
        fill = FillDown.of(self.feed.mapping, header)
        if fill is None:
            behind = max(0, start - first - len(waiting))
            waiting = waiting[start - first :]
            first = start
            for _ in islice(text, behind):
                pass
        cut = blocks(text, waiting, first, header, self.feed.mapping.quote)
        for block in cut:
            if fill is not None:
                fill.apply(block)
            if block.next_line > start:
                yield block


def _is_still(found: Found) -> bool:
    with suppress(OSError):
        return stamp(found.path) == found.stamp
    return False
