"""Makes canonical rows of the lines of one file: the mapping, ready to run."""

from collections.abc import Sequence
from operator import getitem, itemgetter
from typing import Any

import orjson

from connectors.base import Row
from connectors.files.cells import Remembered, Unreadable
from connectors.files.fields import Field, Fields
from connectors.files.header import DELIMITERS, Header
from connectors.files.lines import Block
from connectors.files.mapping import FileMapping, StreamMapping

ALWAYS = ("place", "problem", "raw")
# The key under which the raw record of a broken line keeps that line as it stood.
WHOLE_LINE = "(line)"


def columns(lines: StreamMapping) -> tuple[str, ...]:
    """The columns of `staging` that rows of this stream fill, in their order."""
    return (*ALWAYS, *_read_columns(lines), *lines.constants)


class Mapper:
    """The lines of files that have one header, for one stream.

    Every value is looked up by its cell, in a dictionary that reads what it does not
    know yet: most cells of a file have been there before.
    """

    def __init__(self, mapping: FileMapping, stream: str, header: Header) -> None:
        lines = mapping.streams[stream]
        self.names = header.names
        self.width = len(header.names)
        self.delimiter = header.delimiter
        fields = Fields(mapping, lines, header)
        known = fields.all()
        self._set_readers([known.get(name) for name in _read_columns(lines)])
        self._constants = tuple(lines.constants.values())
        self._divide(mapping, stream, fields)

    def rows(self, file: str, block: Block) -> list[Row]:
        """The rows of those lines of a block that belong to this stream."""
        found = []
        row, ours, split = self.row, self._ours, self._split
        for number, cells in zip(block.numbers, block.cells, strict=True):
            if not any(cells):
                continue  # An empty line is no record.
            if number in block.broken or len(cells) != self.width:
                if self._takes_broken:
                    found.append(self._unsure(f"{file}:{number}", cells, block, number))
            elif split is None or ours[cells[split]]:
                found.append(row(f"{file}:{number}", cells))
        return found

    def row(self, place: str | None, cells: list[Any]) -> Row:
        """The row of one line that has a cell for every column."""
        raw = orjson.dumps(dict(zip(self.names, cells, strict=True))).decode()
        try:
            for join in self._joins:
                cells.append(join(cells))
            values = map(getitem, self._readers, self._pick(cells))
            return (place, None, raw, *values, *self._constants)
        except Unreadable:
            return self._with_problem(place, cells, raw)

    def broken_row(
        self, place: str | None, cells: list[str], reason: str, line: str | None = None
    ) -> Row:
        """The row of a line whose cells are unsure; `line` is kept as it stood."""
        raw = dict(zip(self.names, cells, strict=False))
        extra = enumerate(cells[self.width :], self.width + 1)
        raw |= {f"(cell {number})": cell for number, cell in extra}
        if line is not None:
            raw[WHOLE_LINE] = line
        text = orjson.dumps(raw).decode()
        values = [None] * len(self._readers)
        return (place, f"the line {reason}", text, *values, *self._constants)

    def _unsure(self, place: str, cells: list[str], block: Block, number: int) -> Row:
        if number not in block.broken:
            return self.broken_row(place, cells, self._misfit(cells))
        reason = "has a quote that is never closed, or that stands inside a cell"
        return self.broken_row(place, cells, reason, block.broken[number])

    def _misfit(self, cells: list[str]) -> str:
        count = f"{len(cells)} cell{'s' if len(cells) > 1 else ''}"
        message = f"has {count} where the header has {self.width}"
        for other in DELIMITERS:
            if len(cells) == 1 and cells[0].count(other) == self.width - 1:
                shown = "tab" if other == "\t" else f"'{other}'"
                message += f"; they seem to be divided by {shown}"
        return message

    def _with_problem(self, place: str | None, cells: list[Any], raw: str) -> Row:
        values: list[Any] = []
        problems = []
        for reader, cell in zip(self._readers, self._pick(cells), strict=True):
            try:
                values.append(reader[cell])
            except Unreadable as problem:
                values.append(None)
                problems.append(str(problem))
        # One cell may fill several columns.
        problem_text = "; ".join(dict.fromkeys(problems))
        return (place, problem_text, raw, *values, *self._constants)

    def _set_readers(self, fields: Sequence[Field | None]) -> None:
        """Where the cells of each column are, and what reads them.

        A column of several cells finds them joined into one behind the line's own.
        """
        shared: dict[int, Remembered[Any]] = {}
        places: list[int] = []
        self._readers: list[Remembered[Any]] = []
        self._joins: list[itemgetter[Any]] = []
        for field in (field or _NOTHING for field in fields):
            if len(field.places) > 1:
                places.append(self.width + len(self._joins))
                self._joins.append(itemgetter(*field.places))
            else:
                places.append(field.places[0])
            remembered = shared.setdefault(id(field.read), Remembered(field.read))
            self._readers.append(remembered)
        # With one place alone itemgetter would give the cell, not a tuple of it.
        self._pick = itemgetter(slice(0, 0)) if not places else itemgetter(*places)
        if len(places) == 1:
            self._pick = itemgetter(slice(places[0], places[0] + 1))

    def _divide(self, mapping: FileMapping, stream: str, fields: Fields) -> None:
        split = mapping.split
        self._split = fields.header.find(split.column) if split else None
        self._takes_broken = split is None or split.otherwise == stream

        def is_ours(cell: str) -> bool:
            assert split is not None
            text = cell.strip("\ufeff\u00a0\u3000\t '=\"")
            for start, chosen in split.starts_with.items():
                if text.startswith(start):
                    return chosen == stream
            return split.otherwise == stream

        self._ours = Remembered(is_ours)


def _read_columns(lines: StreamMapping) -> tuple[str, ...]:
    """The columns that are read from cells, in the order of the rows."""
    json = {
        "consents": lines.consents,
        "tags": lines.tags or lines.tag_list,
        "more_identifiers": lines.identifiers,
    }
    return (*lines.columns, *(name for name, given in json.items() if given))


_NOTHING = Field((0,), lambda cell: None)
