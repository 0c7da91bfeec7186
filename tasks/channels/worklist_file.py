"""The files of a worklist: written once, then only people change them."""

import csv
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

# What begins like a formula would be one in a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# A spreadsheet takes the key, and long numbers, for numbers and rounds them.
MARK = "k-"
LONG = 12
HEADS = {
    "en": (
        *("key", "due", "customer", "buyer", "name", "why", "what to say"),
        *("done", "answer", "no more"),
    ),
    "zh": (
        *("编号", "最晚", "客户", "买家", "称呼", "原因", "可以这样说"),
        *("完成", "回复", "勿扰"),
    ),
}
# What spreadsheets of people here save in.
ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class Task:
    """One line for a person: whom, why, what to say, by when."""

    key: str
    due: str
    customer: str
    buyer: str
    name: str
    why: str
    words: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a person wrote behind a task."""

    key: str
    is_done: bool
    answer: str
    wants_no_more: bool

    @property
    def is_open(self) -> bool:
        """Nobody has written anything yet."""
        return not (self.is_done or self.answer or self.wants_no_more)


class Unreadable(Exception):
    """A file that somebody saved in a way that loses its tasks; says what to do."""


def write(folder: Path, stem: str, language: str, tasks: Iterable[Task]) -> Path:
    """A new file `<stem>_<n>.csv`, whole or not at all, whoever else writes.

    Raises:
        OSError: the folder cannot be written; nothing was.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = _text(language, tasks).encode("utf-8-sig")
    target = _reserved(folder, stem)
    draft = target.with_name(f".{target.name}.new")
    try:
        with open(draft, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except OSError:
        draft.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise
    return target


def notes(path: Path) -> Iterator[Note]:
    """What people wrote into a file, task by task.

    Raises:
        Unreadable: it is no table of tasks any more.
    """
    for row in _rows(path):
        key = row[0].strip().removeprefix(MARK)
        if key:
            done, answer, no_more = ([*row, "", "", ""])[7:10]
            yield Note(key, bool(done.strip()), answer.strip(), bool(no_more.strip()))


def files(folder: Path) -> list[Path]:
    """The files of tasks, by name; drafts and locks of spreadsheets are not."""
    return sorted(one for one in folder.glob("*.csv") if one.name[0] not in ".~")


def _reserved(folder: Path, stem: str) -> Path:
    """An empty file of a name that nobody else has."""
    number = 1
    while True:
        path = folder / f"{stem}_{number}.csv"
        try:
            path.open("x").close()
            return path
        except FileExistsError:
            number += 1


def _text(language: str, tasks: Iterable[Task]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(HEADS[language])
    for task in tasks:
        cells = [_cell(getattr(task, field.name)) for field in fields(Task)[1:]]
        writer.writerow([f"{MARK}{task.key}", *cells, "", "", ""])
    return written.getvalue()


def _cell(value: str) -> str:
    if value.isdigit() and len(value) >= LONG:
        return f"ID {value}"
    return f"'{value}" if value.startswith(FORMULA) else value


def _rows(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    if not content:
        # Reserved by a writer that is at work, or was killed.
        return []
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise Unreadable(f"{path}: is no text in UTF-8 or GBK: save it as CSV")
    first_line = text.partition("\n")[0]
    delimiter = next((one for one in (",", ";", "\t") if one in first_line), ",")
    head, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    if tuple(head) not in HEADS.values():
        expected = ", ".join(HEADS["en"])
        raise Unreadable(
            f"{path}: its first line must stay as it was written ({expected}): undo "
            "the change of the columns, the tasks below are still there"
        )
    return [row for row in rows if row]
