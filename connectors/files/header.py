"""Finds the header of a file: its line, its delimiter, and what each column is."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from connectors.base import SourceRefused
from connectors.files.mapping import Column, FileMapping, Names, StreamMapping
from connectors.files.names import closest

# Some exports write a title or a date range above the header.
MOST_LINES_ABOVE = 20
DELIMITERS = (",", "\t", ";", "|")
_ODD = str.maketrans(
    {"（": "(", "）": ")", "\ufeff": "", "\u00a0": " ", "\u3000": " ", "：": ":"}
)


@dataclass(frozen=True)
class Header:
    """The columns of one file, by the names that the file gives them."""

    names: tuple[str, ...]
    delimiter: str
    line: int

    def find(self, aliases: Names) -> int | None:
        """The position of the column that goes by one of `aliases`."""
        places = (self._places.get(_plain(alias)) for alias in aliases)
        return next((place for place in places if place is not None), None)

    @cached_property
    def _places(self) -> dict[str, int]:
        numbered = reversed(list(enumerate(self.names)))
        return {_plain(name): place for place, name in numbered}


@dataclass(frozen=True)
class Wanted:
    """A column that a mapping reads, and the key of the mapping that says so."""

    names: Names
    key: str
    optional: bool = False


def wanted(mapping: FileMapping, stream: str) -> list[Wanted]:
    """Every column of the file that `stream` of the mapping reads."""
    lines: StreamMapping = mapping.streams[stream]
    found = [Wanted(mapping.split.column, "split.column")] if mapping.split else []
    groups: dict[str, Mapping[str, Column]] = {
        "columns": lines.columns,
        "consents": lines.consents,
        "tags": lines.tags,
        "identifiers": lines.identifiers,
    }
    for group, columns in groups.items():
        for name, column in columns.items():
            key = f"streams.{stream}.{group}.{name}"
            found += [Wanted(names, key, column.optional) for names in column.sources]
    if lines.tag_list:
        found.append(Wanted(lines.tag_list.from_, f"streams.{stream}.tag_list"))
    if fill := mapping.fill_down:
        found.append(Wanted(fill.same, "fill_down.same"))
    return found


def find(
    first_lines: Sequence[str], mapping: FileMapping, stream: str, file: str
) -> Header:
    """The header among the first lines of a file.

    Raises:
        SourceRefused: a column that the mapping needs is missing, or stands twice.
    """
    columns = wanted(mapping, stream)
    best = _best(_candidates(first_lines, mapping), columns)
    if lacking := missing(best, columns):
        raise SourceRefused(_complaint(best, lacking, file))
    _refuse_doubles(best, columns, file)
    return Header(_distinct(best.names), best.delimiter, best.line)


def _candidates(lines: Sequence[str], mapping: FileMapping) -> Iterable[Header]:
    delimiters = (mapping.delimiter,) if mapping.delimiter else DELIMITERS
    for number, line in enumerate(lines[:MOST_LINES_ABOVE], 1):
        for delimiter in delimiters:
            cells = next(csv.reader([line], delimiter=delimiter), [])
            names = tuple(cell.translate(_ODD).strip() for cell in cells)
            yield Header(names, delimiter, number)


def _best(candidates: Iterable[Header], columns: Sequence[Wanted]) -> Header:
    """The first that has all, else the first of those that have most."""
    best, most = Header((), ",", 1), -1
    for header in candidates:
        if not missing(header, columns):
            return header
        if len(_found(header, columns)) > most:
            best, most = header, len(_found(header, columns))
    return best


def missing(header: Header, columns: Sequence[Wanted]) -> list[Wanted]:
    """The columns that must be there and are not."""
    found = _found(header, columns)
    return [c for c in columns if c not in found and not c.optional]


def _found(header: Header, columns: Sequence[Wanted]) -> list[Wanted]:
    return [column for column in columns if header.find(column.names) is not None]


def _complaint(header: Header, lacking: Sequence[Wanted], file: str) -> str:
    names = [name for name in header.names if name]
    lines = [_one_missing(column, names) for column in dict.fromkeys(lacking)]
    return (
        f"{file}:{header.line}: the header has no column "
        + "; no column ".join(lines)
        + f". Columns found: {', '.join(names) or 'none'}. Add the file's own name as "
        "one more alias under that key, or `optional: true` if files may lack it"
    )


def _one_missing(column: Wanted, names: Sequence[str]) -> str:
    hint = closest(column.names[0], names).partition("; did you mean ")[2]
    aliases = " or ".join(f"'{name}'" for name in column.names)
    meant = f", closest is {hint.rstrip('?')}" if hint else ""
    return f"{aliases} (mapping key {column.key}{meant})"


def _refuse_doubles(header: Header, columns: Sequence[Wanted], file: str) -> None:
    for column in _found(header, columns):
        name = header.names[header.find(column.names) or 0]
        places = [n for n, other in enumerate(header.names, 1) if other == name]
        if len(places) > 1:
            raise SourceRefused(
                f"{file}:{header.line}: the column '{name}' is there "
                f"{len(places)} times, as columns {', '.join(map(str, places))}, and "
                f"mapping key {column.key} reads it: rename or delete all but one"
            )


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    """Columns that nobody reads may share a name; in raw records they must not."""
    seen: Counter[str] = Counter()
    distinct = []
    for name in names:
        seen[name] += 1
        distinct.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(distinct)


def _plain(name: str) -> str:
    return "".join(name.translate(_ODD).split()).casefold()
