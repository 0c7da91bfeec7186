"""What a cell says: text from a file into a canonical value, or why it is none."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

Key = TypeVar("Key")
# A cleaned cell, never empty, to what Postgres understands.
Reader = Callable[[str], Any]

EXAMPLE = datetime(2010, 12, 1, 8, 26)
# How people show what their numbers look like: thousands mark, decimal mark.
NUMBER_STYLES = {
    "1234.50": ("", "."),
    "1,234.50": (",", "."),
    "1234,50": ("", ","),
    "1.234,50": (".", ","),
    "1 234,50": (" ", ","),
    "1'234.50": ("'", "."),
}
# Longer numbers are no quantities and no money; they are ids in the wrong column.
MOST_DIGITS = 24
# A cache of conversions is emptied at this many entries; longer cells are not kept.
MOST_REMEMBERED = 20_000
LONGEST_REMEMBERED = 64

_SPREADSHEET_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
_LOST_DIGITS = re.compile(r"\d(\.\d+)?E\+\d+", re.IGNORECASE)
_WHOLE_NUMBER_AS_DECIMAL = re.compile(r"(\d+)\.0+")
_INVISIBLE = str.maketrans({"\ufeff": "", "\u200b": "", "\u00a0": " ", "\u3000": " "})
_CURRENCY_MARKS = str.maketrans("", "", "¥￥元")
_YES = {"1", "y", "yes", "true", "t", "是", "已同意"}
_NO = {"0", "n", "no", "false", "f", "否", "未同意"}


class Unreadable(ValueError):
    """A cell that cannot be read; says why, in the words that follow the cell."""


class Remembered(dict[Key, Any], Generic[Key]):
    """Conversions, done once per distinct cell as long as there are not too many."""

    def __init__(self, convert: Callable[[Key], Any]) -> None:
        super().__init__()
        self.convert = convert

    def __missing__(self, cell: Key) -> Any:
        value = self.convert(cell)
        if isinstance(cell, str) and len(cell) > LONGEST_REMEMBERED:
            return value
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[cell] = value
        return value


def cleaned(cell: str, *, spreadsheet_marks: bool) -> str:
    """The cell without what is invisible, and without what spreadsheets add.

    Those write `="0012"`, `'0012` or a tab before or after to keep an id a text.
    """
    text = cell.translate(_INVISIBLE).strip()
    if "\x00" in text:
        raise Unreadable("holds a NUL character, which is no text")
    if spreadsheet_marks and text:
        formula = _SPREADSHEET_FORMULA.fullmatch(text)
        text = (formula[1] if formula else text.removeprefix("'")).strip()
    return text


def identity(text: str) -> str:
    """An id; refuses one whose digits a spreadsheet has thrown away."""
    if _LOST_DIGITS.fullmatch(text):
        raise Unreadable(
            "has lost its last digits in a spreadsheet: export the file again and "
            "do not open it in a spreadsheet before"
        )
    as_decimal = _WHOLE_NUMBER_AS_DECIMAL.fullmatch(text)
    return as_decimal[1] if as_decimal else text


def plain(text: str) -> str:
    """A text as it stands."""
    return text


@cache
def number(style: str, *, hundredths: bool = False, negate: bool = False) -> Reader:
    """Reader of numbers and money written like `style`, a key of NUMBER_STYLES.

    `hundredths`: the file counts in fen or cents; `negate`: it writes a minus where
    we count what was given back. Gives text of digits, exact.
    """
    thousands, point = NUMBER_STYLES[style]
    grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|" if thousands else ""
    shape = re.compile(rf"[+-]?(?:{grouped}\d+)(?:{re.escape(point)}\d*)?", re.ASCII)

    def read(text: str) -> str:
        bare = text.translate(_CURRENCY_MARKS).strip()
        if not shape.fullmatch(bare) or len(bare) > MOST_DIGITS:
            raise Unreadable(f"is not a number like {style}")
        exact = Decimal(bare.replace(thousands, "").replace(point, "."))
        exact = exact.scaleb(-2) if hundredths else exact
        return format(-exact if negate and exact else exact, "f")

    return read


def product(*, negate: bool = False) -> Callable[[list[str | None]], str | None]:
    """Multiplies numbers in text; None if one of them is missing."""

    def multiply(factors: list[str | None]) -> str | None:
        result = Decimal(-1 if negate else 1)
        for factor in factors:
            if factor is None:
                return None
            result *= Decimal(factor)
        return format(result if result else abs(result), "f")

    return multiply


@cache
def whole_number(bits: int) -> Reader:
    """Reader of whole numbers that fit a Postgres integer of so many bits."""

    def read(text: str) -> int:
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or value % 1 or abs(value) >= 2 ** (bits - 1):
            raise Unreadable("is not a whole number like 5")
        return int(value)

    return read


@cache
def moment(formats: tuple[str, ...], zone: ZoneInfo) -> Reader:
    """Reader of points in time: ISO text in UTC; `zone` where the cell has none.

    A format is one of strptime's, or `excel` (days since 1899-12-30), `unix` or
    `unix_ms`.
    """

    def read(text: str) -> str:
        found = _date_time(text, formats)
        aware = found if found.tzinfo else found.replace(tzinfo=zone)
        return aware.astimezone(UTC).isoformat()

    return read


@cache
def day(formats: tuple[str, ...]) -> Reader:
    """Reader of calendar days: ISO text."""
    return lambda text: _date_time(text, formats).date().isoformat()


def flag(text: str) -> bool:
    """Yes or no, in English or Chinese or as 1 and 0."""
    word = text.casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Unreadable("is neither yes nor no")


def words(known: dict[str, Any]) -> Reader:
    """Reader of the words of a platform: each stands for a canonical value."""

    def read(text: str) -> Any:
        try:
            return known[text]
        except KeyError:
            allowed = ", ".join(f"'{word}'" for word in known)
            raise Unreadable(f"is not one of the known words {allowed}") from None

    return read


def _date_time(text: str, formats: tuple[str, ...]) -> datetime:
    for form in formats:
        try:
            return _SPECIAL[form](text) if form in _SPECIAL else _parse(text, form)
        except (ValueError, OverflowError):
            continue
    examples = " or ".join(_example(form) for form in formats)
    raise Unreadable(f"is not a date like {examples}")


def _parse(text: str, form: str) -> datetime:
    found = datetime.strptime(text, form)
    # Years 1 and 9999 are how systems write "never"; they also overflow time zones.
    if not 1800 < found.year < 2200:
        raise ValueError(found.year)
    return found


def _from_excel(text: str) -> datetime:
    return _sensible(datetime(1899, 12, 30) + timedelta(days=float(text)))


def _from_unix(text: str) -> datetime:
    return _sensible(datetime.fromtimestamp(float(text), UTC))


def _from_unix_ms(text: str) -> datetime:
    return _sensible(datetime.fromtimestamp(float(text) / 1000, UTC))


def _sensible(found: datetime) -> datetime:
    if not 1900 < found.year < 2200:
        raise ValueError(found.year)
    return found.replace(microsecond=0)


def _example(form: str) -> str:
    return {"excel": "40513.35", "unix": "1291191960", "unix_ms": "1291191960000"}.get(
        form, EXAMPLE.replace(tzinfo=UTC).strftime(form)
    )


_SPECIAL: dict[str, Callable[[str], datetime]] = {
    "excel": _from_excel,
    "unix": _from_unix,
    "unix_ms": _from_unix_ms,
}
