"""Turns what a mapping says of one column into a reader of its cell or cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from connectors.files import cells
from connectors.files.entities import KINDS
from connectors.files.header import Header
from connectors.files.mapping import (
    Column,
    FileMapping,
    Identifier,
    Names,
    StreamMapping,
    WordIf,
)

# A problem shows so much of a cell.
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Field:
    """A canonical column of one file: where its cells are, and how they are read.

    `read` takes the cell as it stands in the file, or a tuple of cells where there
    are several `places`, and raises Unreadable with a message that names the column.
    """

    places: tuple[int, ...]
    read: Callable[[Any], Any]


class Fields:
    """The fields of one stream, for files with one header."""

    def __init__(
        self, mapping: FileMapping, lines: StreamMapping, header: Header
    ) -> None:
        self.mapping = mapping
        self.lines = lines
        self.header = header
        self._known: dict[tuple[int, cells.Reader, bool], Field] = {}

    def all(self) -> dict[str, Field]:
        """Canonical column to its field; columns the file lacks are left out."""
        found = {
            name: self._field(column, name)
            for name, column in self.lines.columns.items()
        }
        found["consents"] = self._consents()
        found["tags"] = self._tags()
        found["more_identifiers"] = self._identifiers()
        return {name: field for name, field in found.items() if field is not None}

    def text(self, names: Names) -> Field | None:
        """The field of a column that is read as it stands."""
        return self._cell(names, cells.plain, is_text=True)

    def _field(self, column: Column, name: str, kind: str = "") -> Field | None:
        kind = kind or KINDS.get(name, "text")
        if column.product:
            return self._product(column)
        if column.joined:
            return self._joined(column.joined)
        reader = self._reader(column, kind)
        if column.latest:
            return self._latest(column.latest, reader)
        names = column.from_ or ()
        if any(isinstance(word, WordIf) for word in (column.words or {}).values()):
            return self._conditional(column, names)
        return self._cell(names, reader, is_text=kind == "text")

    def _reader(self, column: Column, kind: str) -> cells.Reader:
        dates = column.dates or self.mapping.dates
        style = column.numbers or self.mapping.numbers
        unit = column.money_unit or self.mapping.money_unit
        if column.words:
            return cells.words(dict(column.words))
        readers: dict[str, Callable[[], cells.Reader]] = {
            "id": lambda: cells.identity,
            "text": lambda: cells.plain,
            "flag": lambda: cells.flag,
            "moment": lambda: cells.moment(dates, ZoneInfo(self.mapping.time_zone)),
            "day": lambda: cells.day(dates),
            "small": lambda: cells.whole_number(16),
            "large": lambda: cells.whole_number(64),
            "number": lambda: cells.number(style, negate=column.negate),
            "money": lambda: cells.number(
                style, hundredths=unit == "fen", negate=column.negate
            ),
        }
        return readers[kind]()

    def _cell(
        self, names: Names, convert: cells.Reader, *, is_text: bool
    ) -> Field | None:
        """A field of one cell: cleaned, None if empty, problems named."""
        place = self.header.find(names)
        if place is None:
            return None
        column = self.header.names[place]
        marks = self.mapping.spreadsheet_marks
        has_marks = marks == "all" or (marks == "ids" and not is_text)
        # One date that fills four columns is one field, read once.
        key = (place, convert, has_marks)
        if key in self._known:
            return self._known[key]
        nothing = frozenset(("", *self.mapping.empty))

        def read(cell: str) -> Any:
            try:
                text = cells.cleaned(cell, spreadsheet_marks=has_marks)
                return None if text in nothing else convert(text)
            except cells.Unreadable as reason:
                raise cells.Unreadable(f"{column} '{_shown(cell)}' {reason}") from None

        self._known[key] = Field((place,), read)
        return self._known[key]

    def _several(
        self, parts: Sequence[Field | None], combine: Callable[[list[Any]], Any]
    ) -> Field | None:
        """A field of several cells: each is read, then they are combined."""
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        readers = [part.read for part in known]

        def read(values: Any) -> Any:
            given = values if len(readers) > 1 else (values,)
            return combine([r(cell) for r, cell in zip(readers, given, strict=True)])

        return Field(tuple(part.places[0] for part in known), read)

    def _product(self, column: Column) -> Field | None:
        style = column.numbers or self.mapping.numbers
        is_fen = (column.money_unit or self.mapping.money_unit) == "fen"
        names = column.product or ()
        # Only the last factor is money: three times five yuan.
        readers = [
            cells.number(style, hundredths=is_fen and n == len(names))
            for n in range(1, len(names) + 1)
        ]
        parts = [
            self._cell(name, reader, is_text=False)
            for name, reader in zip(names, readers, strict=True)
        ]
        return self._several(parts, cells.product(negate=column.negate))

    def _latest(self, names: Sequence[Names], reader: cells.Reader) -> Field | None:
        parts = [self._cell(name, reader, is_text=False) for name in names]
        known = [part for part in parts if part is not None]

        def latest(times: list[Any]) -> Any:
            return max((time for time in times if time is not None), default=None)

        return self._several(known, latest) if known else None

    def _joined(self, names: Sequence[Names]) -> Field | None:
        """Empty cells stay empty places, so that no two keys look the same."""
        parts = [self._cell(name, cells.identity, is_text=False) for name in names]
        known = [part for part in parts if part is not None]

        def join(values: list[Any]) -> str | None:
            return "-".join(value or "" for value in values) if any(values) else None

        return self._several(known, join) if known else None

    def _conditional(self, column: Column, names: Names) -> Field | None:
        """Words of which some mean what another cell makes of them."""
        known = dict(column.words or {})
        others = list(column.sources[1:])
        word = self._cell(names, cells.words(known), is_text=False)
        conditions = [self.text(other) for other in others]

        def choose(values: list[Any]) -> Any:
            meant = values[0]
            if not isinstance(meant, WordIf):
                return meant
            is_filled = values[1 + others.index(meant.filled)] is not None
            return meant.then if is_filled else meant.otherwise

        return self._several([word, *conditions], choose)

    def _consents(self) -> Field | None:
        return self._object(
            {
                channel: self._field(
                    column, channel, "text" if column.words else "flag"
                )
                for channel, column in self.lines.consents.items()
            }
        )

    def _tags(self) -> Field | None:
        tags = {
            tag: self._field(column, tag, "text")
            for tag, column in self.lines.tags.items()
        }
        several = self.lines.tag_list
        if several is None:
            return self._object(tags)
        return self._object(tags, self.text(several.from_), several.separator)

    def _object(
        self,
        named: dict[str, Field | None],
        listed: Field | None = None,
        separator: str = ",",
    ) -> Field | None:
        """A JSON object of the cells that are not empty; None if all are."""
        known = {name: field for name, field in named.items() if field is not None}

        def combine(values: list[Any]) -> str | None:
            words = values.pop() if listed is not None else None
            pairs = zip(known, values, strict=True)
            given = {name: value for name, value in pairs if value is not None}
            for word in (words or "").split(separator):
                if word.strip():
                    given[word.strip()] = None
            return orjson.dumps(given).decode() if given else None

        parts = [*known.values(), *([listed] if listed is not None else [])]
        return self._several(parts, combine) if parts else None

    def _identifiers(self) -> Field | None:
        """`[{"kind": …, "scope": …, "value": …}]` of the cells that are not empty."""
        known: list[tuple[str, Identifier, Field]] = []
        for kind, identifier in self.lines.identifiers.items():
            field = self._field(identifier, kind, "id")
            if field is not None:
                known.append((kind, identifier, field))

        def combine(values: list[Any]) -> str | None:
            given = [
                {"kind": kind, "scope": identifier.scope, "value": value}
                for (kind, identifier, _), value in zip(known, values, strict=True)
                if value is not None
            ]
            return orjson.dumps(given).decode() if given else None

        fields = [field for _, _, field in known]
        return self._several(fields, combine) if fields else None


def _shown(cell: str) -> str:
    text = cell.replace("\x00", "\ufffd").strip()
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
