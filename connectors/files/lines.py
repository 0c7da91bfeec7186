"""Cuts text into lines and cells; a stray quote costs its own line, never the rest."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TextIO

from connectors.files.header import Header

# How much text is read at a time, in characters: what fits a processor's cache is read
# a third faster than a megabyte.
BLOCK = 50_000
# A cell may go over so many lines; a quote that is open longer is a stray one.
MOST_LINES_IN_RECORD = 100


@dataclass(slots=True)
class Block:
    """Some lines of a file: the cells of each, and the line on which each begins."""

    numbers: Sequence[int]
    cells: list[list[str]]
    broken: dict[int, str] = field(default_factory=dict)
    """The line as it stands, by its number, where a quote makes its cells unsure."""
    next_line: int = 0
    """The line on which whatever follows this block begins."""


def blocks(
    text: TextIO, waiting: list[str], first: int, header: Header, quote: str
) -> Iterator[Block]:
    """The lines `waiting`, which begin at number `first`, and the rest of `text`."""
    cutter = _Cutter(header.delimiter, quote, len(header.names))
    while True:
        fresh = text.readlines(BLOCK)
        lines = waiting + fresh
        if not lines:
            return
        block, used = cutter.cut(lines, first, is_last=not fresh)
        yield block
        first, waiting = block.next_line, lines[used:]


class _Cutter:
    def __init__(self, delimiter: str, quote: str, width: int) -> None:
        self.delimiter = delimiter
        self.quote = quote
        self.width = width

    def cut(self, lines: list[str], first: int, *, is_last: bool) -> tuple[Block, int]:
        """The records of `lines`, and how many lines they took."""
        try:
            cells = list(self._reader(iter(lines)))
        except csv.Error:
            cells = []
        # As many records as lines: no cell goes over several lines, all is well.
        if len(cells) == len(lines):
            end = first + len(lines)
            return Block(range(first, end), cells, next_line=end), len(lines)
        return self._cut_carefully(lines, first, is_last=is_last)

    def _cut_carefully(
        self, lines: list[str], first: int, *, is_last: bool
    ) -> tuple[Block, int]:
        numbers: list[int] = []
        block = Block(numbers, [])
        start = 0
        while start < len(lines):
            for taken, cells in self._records(lines, start):
                numbers.append(first + start)
                block.cells.append(cells)
                start += taken
            if start == len(lines):
                break
            if len(lines) - start <= MOST_LINES_IN_RECORD and not is_last:
                break  # The cell may end in the lines that were not read yet.
            numbers.append(first + start)
            block.cells.append(self._without_quotes(lines[start]))
            block.broken[first + start] = lines[start].rstrip("\r\n")
            start += 1
        block.next_line = first + start
        return block, start

    def _records(self, lines: list[str], start: int) -> Iterator[tuple[int, list[str]]]:
        """Lines taken and cells of each record from `start`, up to the first doubt."""
        reader = self._reader(islice(lines, start, None))
        before = 0
        try:
            for cells in reader:
                taken = reader.line_num - before
                before = reader.line_num
                is_runaway = taken > MOST_LINES_IN_RECORD or len(cells) != self.width
                if taken > 1 and is_runaway:
                    return
                yield taken, cells
        except csv.Error:
            return

    def _without_quotes(self, line: str) -> list[str]:
        reader = csv.reader([line], delimiter=self.delimiter, quoting=csv.QUOTE_NONE)
        try:
            return next(reader, [])
        except csv.Error:
            return [line]

    def _reader(self, lines: Iterator[str]) -> "csv._reader":  # type: ignore[name-defined]
        return csv.reader(
            lines, delimiter=self.delimiter, quotechar=self.quote, strict=True
        )
