"""Files of a feed: which are read, in which encoding, and how far."""

import gzip
import io
import os
import tarfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import files
from connectors.base import SourceError, SourceRefused
from connectors.files import Feed, FileStream, mapping_file
from tests.connectors.contract import Case, StreamContract

NOW = datetime(2011, 12, 10, tzinfo=UTC)
SHOP = """
description: order lines
time_zone: Europe/London
streams:
  lines:
    entity: orders
    columns:
      order_number: {from: [order, 订单号]}
      line_id: line
      ordered_at: at
      updated_at: at
      product_title: what
      quantity: pieces
      unit_price: price
    constants: {status: paid, currency: GBP}
"""
HEADER = "order,line,at,what,pieces,price\n"


def line(number: int, what: str = "tea") -> str:
    return f"A{number},{number},2011-06-01 12:00:00,{what},2,1.50\n"


def text_of(*numbers: int) -> str:
    return HEADER + "".join(line(number) for number in numbers)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "exports"
    place.mkdir()
    return place


@pytest.fixture
def stream(folder: Path) -> FileStream:
    mapping = mapping_file.parse(SHOP, "shop.yaml")
    return FileStream("shop", "lines", Feed(f"{folder}/*", mapping, settle_seconds=0))


def pull(stream: FileStream, cursor: str | None = None) -> tuple[list[Any], str]:
    """All rows by column, and the last cursor."""
    pages = list(stream.pull(cursor, NOW))
    rows = [row for page in pages for row in page.records]
    found = [dict(zip(stream.columns, row, strict=True)) for row in rows]
    assert pages[-1].cursor is not None
    return found, pages[-1].cursor


def orders(rows: list[dict[str, Any]]) -> list[str]:
    return [row["order_number"] for row in rows]


class TestLines(StreamContract):
    @pytest.fixture
    def case(self, folder: Path, stream: FileStream) -> Case:
        for number in range(5):
            path = folder / f"{number}.csv.gz"
            path.write_bytes(gzip.compress(text_of(*range(number, 100, 5)).encode()))
        disk = Disk(folder)
        stream.feed = replace(stream.feed, page=20, clock=disk.looked_at)
        return Case(
            stream, NOW, None, disk.damage, disk.rename_a_column, lambda: ["tea"]
        )


class Disk:
    """Files that get damaged while they are being read, and mended afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.looks = 0
        self.bad = 0
        self.good = b""

    def damage(self, number: int) -> None:
        """Spoil the end of the n-th file from its first look to its second."""
        self.looks, self.bad = 0, number

    def rename_a_column(self) -> None:
        """In every file."""
        for path in self.folder.iterdir():
            text = gzip.decompress(path.read_bytes())
            path.write_bytes(gzip.compress(text.replace(b"price", b"cost")))

    def looked_at(self) -> float:
        """The stream's clock: asked once for each new file."""
        self.looks += 1
        if self.bad and self.looks == self.bad:
            self.good = (self.folder / f"{self.bad - 1}.csv.gz").read_bytes()
            self.write(self.good[:-12] + bytes(12))
        elif self.good:
            self.write(self.good)
            self.good, self.bad = b"", 0
        return 0.0

    def write(self, data: bytes) -> None:
        """Size and time stay as they were."""
        path = self.folder / f"{self.bad - 1}.csv.gz"
        before = path.stat()
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


class TestWhatIsRead:
    def test_a_pattern_reads_all_its_files_by_name(
        self, folder: Path, stream: FileStream
    ) -> None:
        (folder / "b.csv").write_text(text_of(3))
        (folder / "a.csv").write_text(text_of(1, 2))
        rows, _ = pull(stream)
        assert orders(rows) == ["A1", "A2", "A3"]
        assert [row["place"] for row in rows] == ["a.csv:2", "a.csv:3", "b.csv:2"]

    def test_an_archive_is_many_files(self, folder: Path, stream: FileStream) -> None:
        members = {"day/1.csv": text_of(1), "day/._1.csv": "x", "day/2.csv": text_of(2)}
        archive(folder / "days.tar.gz", members)
        rows, cursor = pull(stream)
        assert [row["place"] for row in rows] == [
            "days.tar.gz/day/1.csv:2",
            "days.tar.gz/day/2.csv:2",
        ]
        archive(folder / "days.tar.gz", members | {"day/3.csv": text_of(3)})
        rows, _ = pull(stream, cursor)
        assert orders(rows) == ["A3"], "members that were read are read again"

    def test_what_was_read_is_skipped_and_what_changed_is_read(
        self, folder: Path, stream: FileStream
    ) -> None:
        (folder / "a.csv").write_text(text_of(1))
        (folder / "b.csv").write_text(text_of(2))
        _, cursor = pull(stream)
        (folder / "b.csv").write_text(text_of(2, 3))
        os.utime(folder / "a.csv", (1, 1))
        rows, cursor = pull(stream, cursor)
        assert orders(rows) == ["A2", "A3"]
        assert pull(stream, cursor)[0] == []

    def test_a_copy_of_a_file_is_skipped_and_said_so(
        self, folder: Path, stream: FileStream
    ) -> None:
        (folder / "a.csv").write_text(text_of(1))
        (folder / "copy of a.csv").write_text(text_of(1))
        rows, _ = pull(stream)
        assert orders(rows) == ["A1"]
        assert stream.notes == [
            "copy of a.csv holds the same as a.csv, which was read: skipped"
        ]

    def test_an_empty_file_is_said_so(self, folder: Path, stream: FileStream) -> None:
        (folder / "a.csv").write_text("")
        (folder / "b.csv").write_text("\n\n")
        assert pull(stream)[0] == []
        assert stream.notes == ["a.csv is empty", "b.csv is empty"]

    def test_a_header_alone_is_no_record(
        self, folder: Path, stream: FileStream
    ) -> None:
        (folder / "a.csv").write_text(HEADER + "\n,,,,,\n")
        assert pull(stream)[0] == []

    def test_no_file_yet_is_said_so(self, stream: FileStream) -> None:
        assert pull(stream)[0] == []
        assert stream.notes[0].startswith("no file matches '")

    def test_a_missing_folder_is_refused(self, tmp_path: Path) -> None:
        mapping = mapping_file.parse(SHOP, "shop.yaml")
        gone = tmp_path / "gone"
        stream = FileStream("shop", "lines", Feed(f"{gone}/*.csv", mapping))
        with pytest.raises(SourceRefused, match=r"there is no '.*gone': create it, or"):
            list(stream.pull(None, NOW))

    def test_a_file_still_being_written_waits(
        self, folder: Path, stream: FileStream
    ) -> None:
        (folder / "a.csv").write_text(text_of(1))
        (folder / "b.csv").write_text(text_of(2))
        os.utime(folder / "a.csv", (1000, 1000))
        os.utime(folder / "b.csv", (5000, 5000))
        stream.feed = replace(stream.feed, settle_seconds=60, clock=lambda: 5012.0)
        rows, cursor = pull(stream)
        assert orders(rows) == ["A1"]
        assert stream.notes == [
            "b.csv was written 12 seconds ago: it may still be being written and is "
            "left for the next run, once nobody wrote to it for 60 s"
        ]
        stream.feed = replace(stream.feed, clock=lambda: 5061.0)
        assert orders(pull(stream, cursor)[0]) == ["A2"]

    def test_a_file_that_grows_between_two_looks_waits(
        self, folder: Path, stream: FileStream
    ) -> None:
        path = folder / "a.csv"
        path.write_text(text_of(1))

        def grow() -> float:
            with path.open("a") as file:
                file.write(line(2))
            return 0.0

        stream.feed = replace(stream.feed, clock=grow)
        rows, cursor = pull(stream)
        assert rows == []
        assert "changed while it was looked at" in stream.notes[0]
        stream.feed = replace(stream.feed, clock=lambda: 0.0)
        assert orders(pull(stream, cursor)[0]) == ["A1", "A2"]


class TestGoingOn:
    @pytest.fixture
    def long_file(self, folder: Path, stream: FileStream) -> Path:
        stream.feed = replace(stream.feed, page=1000)
        path = folder / "long.csv"
        body = "".join(line(n, f'"a tea\nof {n}"') for n in range(5000))
        path.write_text(HEADER + body)
        return path

    def test_it_goes_on_in_the_middle_of_a_file(
        self, long_file: Path, stream: FileStream
    ) -> None:
        wanted, _ = pull(stream)
        pages = stream.pull(None, NOW)
        first, second = next(pages), next(pages)
        rest, _ = pull(stream, second.cursor)
        assert len(wanted) == 5000
        assert [tuple(row.values()) for row in wanted] == [
            *first.records,
            *second.records,
            *(tuple(row.values()) for row in rest),
        ]

    def test_a_batch_never_holds_two_versions_of_a_file(
        self, long_file: Path, folder: Path, stream: FileStream
    ) -> None:
        cursor = next(stream.pull(None, NOW)).cursor
        long_file.write_text(text_of(7, 8))
        (folder / "other.csv").write_text(text_of(9))
        rows, cursor = pull(stream, cursor)
        assert rows == []
        assert "long.csv changed or went away" in stream.notes[0]
        assert orders(pull(stream, cursor)[0]) == ["A7", "A8", "A9"]


class TestConfiguration:
    def test_two_feeds_may_not_share_a_stream(self) -> None:
        feed = {"path": "a/*.csv", "mapping": "contacts"}
        config = files.Config.model_validate({"feeds": [feed, feed]})
        with pytest.raises(SourceRefused, match="two feeds with a stream 'customers'"):
            files.streams("shop", config)

    def test_an_unknown_mapping_names_the_closest(self) -> None:
        feed = {"path": "a/*.csv", "mapping": "contact"}
        config = files.Config.model_validate({"feeds": [feed]})
        with pytest.raises(SourceRefused, match="did you mean 'contacts'"):
            files.streams("shop", config)

    def test_check_reads_without_landing(
        self, folder: Path, stream: FileStream
    ) -> None:
        (folder / "a.csv").write_text("nothing,of,use\n")
        with pytest.raises(SourceError, match=r"^shop/lines: a\.csv:1: the header"):
            stream.check()


def archive(path: Path, members: dict[str, str]) -> None:
    """A tar.gz with these files in it."""
    with tarfile.open(path, "w:gz") as file:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            file.addfile(entry, io.BytesIO(text.encode()))
