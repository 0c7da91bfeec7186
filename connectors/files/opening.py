"""Opens what is on disk: plain files, gzip and tar, in whichever encoding."""

import codecs
import gzip
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from connectors.base import SourceRefused, SourceUnavailable

CHUNK = 1 << 18
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What people call an encoding, and the superset of it that reads all it can mean.
WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030"}
NO_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"<html": "a web page named like a spreadsheet",
    b"<tabl": "a web page named like a spreadsheet",
    b"%PDF-": "a PDF",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One text in a file: the file itself, or one member of an archive."""

    name: str
    digest: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A file that was read to its end once: all of it can be read."""

    digest: str
    parts: dict[str, Part]


@lru_cache(maxsize=512)
def inspect(
    path: Path, name: str, encoding: str | None, stamp: tuple[int, int]
) -> Whole:
    """Read the file to its end: digest and encoding of each part.

    `stamp` (size and time of the last change) only tells versions apart, so that the
    streams of one source do not each read a file just to know it.

    Raises:
        SourceRefused: it is cut off or damaged, no text, or in another encoding.
        SourceUnavailable: it cannot be opened now.
    """
    with open_parts(path, name) as parts:
        found = {part: _inspect(part, data, encoding) for part, data in parts}
    digests = [part.digest for part in found.values()]
    if name in found:
        return Whole(digests[0], found)
    return Whole(_short(hashlib.sha256("".join(digests).encode())), found)


@contextmanager
def open_parts(path: Path, name: str) -> Iterator[Iterator[tuple[str, BinaryIO]]]:
    """The texts in a file, one after the other, by name."""
    try:
        with path.open("rb") as file:
            yield _parts(file, path, name)
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise SourceRefused(
            f"{name} is cut off or damaged ({error}): nothing of it was taken; copy "
            "the file again and compare its size with the original"
        ) from None
    except UnicodeDecodeError:
        raise SourceUnavailable(f"{name} changed while it was being read") from None
    except OSError as error:
        raise SourceUnavailable(f"{name} cannot be read: {error.strerror}") from None


def as_text(data: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """The text of `data`, its line ends as they are."""
    # The csv module wants to see the line ends that stand inside of cells.
    return io.TextIOWrapper(data, encoding=encoding, errors="strict", newline="")


def _parts(file: BinaryIO, path: Path, name: str) -> Iterator[tuple[str, BinaryIO]]:
    start = file.read(5)
    file.seek(0)
    for magic, what in NO_TEXT.items():
        if start.lower().startswith(magic.lower()):
            raise SourceRefused(f"{name} is {what}: open it and save it as CSV UTF-8")
    is_gzip = start.startswith(b"\x1f\x8b")
    # Not tarfile's own gzip: that takes a file that is cut off for a whole one.
    unpacked = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if is_gzip else file
    if not path.name.lower().endswith((".tar", ".tar.gz", ".tgz")):
        yield name, unpacked
        return
    # Straight through, never back: going back in gzip means starting again.
    with tarfile.open(fileobj=unpacked, mode="r:") as archive:
        for member in archive:
            data = archive.extractfile(member) if _is_wanted(member) else None
            if data is not None:
                yield f"{name}/{member.name}", cast(BinaryIO, data)
    # Gzip compares its checksum at the very end, which is behind the last member.
    while unpacked.read(CHUNK):
        pass


def _is_wanted(member: tarfile.TarInfo) -> bool:
    # macOS puts a hidden file beside every file of an archive.
    return member.isfile() and not Path(member.name).name.startswith(".")


def _inspect(name: str, data: BinaryIO, encoding: str | None) -> Part:
    start = data.read(CHUNK)
    marked = next(
        (e for mark, e in BYTE_ORDER_MARKS.items() if start.startswith(mark)), None
    )
    given = WIDER.get(encoding.lower(), encoding) if encoding else None
    tried = [marked or given] if marked or given else ["utf-8", "gb18030"]
    readings = [_Reading(candidate) for candidate in tried if candidate]
    digest = hashlib.sha256()
    while True:
        digest.update(start)
        for reading in readings:
            reading.take(start)
        if not start:
            break
        start = data.read(CHUNK)
    good = next((r for r in readings if r.failure is None), None)
    if good is None:
        raise SourceRefused(_wrong_encoding(name, readings, encoding))
    return Part(name, _short(digest), good.encoding)


class _Reading:
    """One attempt to read bytes in an encoding: where it first fails, if it does."""

    def __init__(self, encoding: str) -> None:
        try:
            self.decoder = codecs.getincrementaldecoder(encoding)()
        except LookupError:
            raise SourceRefused(
                f"encoding '{encoding}' is unknown: use utf-8, gb18030 or utf-16, or "
                "leave the key out of the mapping"
            ) from None
        self.encoding = encoding
        self.is_wider_ascii = encoding in ("utf-8", "gb18030")
        self.taken = 0
        self.lines = 0
        self.failure: tuple[int, int, int] | None = None
        """Byte offset, line, and the byte."""

    def take(self, chunk: bytes) -> None:
        if self.failure is not None:
            return
        pending = self.decoder.getstate()[0]
        if self.is_wider_ascii and not pending and chunk.isascii():
            self.taken += len(chunk)
            self.lines += chunk.count(b"\n")
            return
        try:
            text = self.decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            newlines = good.count(b"\n")
            offset = self.taken - len(pending) + error.start
            byte = error.object[error.start]
            self.failure = (offset, self.lines + newlines + 1, byte)
        else:
            self.taken += len(chunk)
            self.lines += text.count("\n")


def _wrong_encoding(name: str, readings: list[_Reading], given: str | None) -> str:
    furthest = max(readings, key=lambda reading: (reading.failure or (0, 0, 0))[0])
    offset, line, byte = furthest.failure or (0, 0, 0)
    tried = " nor ".join(reading.encoding for reading in readings)
    way_out = (
        "leave `encoding` out of the mapping so that it is found out, or name the "
        "right one"
        if given
        else "name its `encoding` in the mapping, or save it as UTF-8"
    )
    return (
        f"{name}:{line}: is not {'neither ' if len(readings) > 1 else ''}{tried}: byte "
        f"0x{byte:02x} at offset {offset:,} is no text in it. Nothing of the file was "
        f"taken; {way_out} (gb18030 for exports of Chinese platforms)"
    ).replace("is not neither", "is neither")


def _short(digest: "hashlib._Hash") -> str:
    return digest.hexdigest()[:20]
