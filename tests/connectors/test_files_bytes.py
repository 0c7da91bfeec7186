"""Encodings and damage: the whole of a file is readable, or nothing of it is taken."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.base import SourceRefused
from connectors.files import Feed, FileStream, mapping_file
from tests.connectors.test_files import NOW, SHOP, archive, line, orders, pull, text_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def stream(folder: Path) -> FileStream:
    mapping = mapping_file.parse(SHOP, "shop.yaml")
    return FileStream("shop", "lines", Feed(f"{folder}/*", mapping, settle_seconds=0))


class TestEncodings:
    NAME = "茉莉花茶"

    @pytest.mark.parametrize(
        "encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk", "gb18030"]
    )
    def test_it_is_found_out(
        self, folder: Path, stream: FileStream, encoding: str
    ) -> None:
        text = text_of(1).replace("order", "订单号") + line(2, self.NAME)
        (folder / "a.csv").write_bytes(text.encode(encoding))
        rows, _ = pull(stream)
        assert orders(rows) == ["A1", "A2"]
        assert rows[1]["product_title"] == self.NAME

    def test_it_is_found_out_late_in_a_file(
        self, folder: Path, stream: FileStream
    ) -> None:
        text = text_of(*range(20_000)) + line(1, self.NAME)
        (folder / "a.csv").write_bytes(text.encode("gbk"))
        assert pull(stream)[0][-1]["product_title"] == self.NAME

    @pytest.mark.parametrize("zipped", [False, True])
    def test_a_wrong_one_names_place_and_way_out(
        self, folder: Path, stream: FileStream, zipped: bool
    ) -> None:
        stream.feed = replace(
            stream.feed,
            mapping=stream.feed.mapping.model_copy(update={"encoding": "utf-8"}),
        )
        good = text_of(*range(9_000))
        data = (good + line(1, self.NAME)).encode("gbk")
        (folder / "a.csv").write_bytes(gzip.compress(data) if zipped else data)
        with pytest.raises(SourceRefused) as caught:
            list(stream.pull(None, NOW))
        said = str(caught.value)
        offset = len(good) + len("A1,1,2011-06-01 12:00:00,")
        assert said.startswith("shop/lines: a.csv:9002: is not utf-8: byte 0xdc at")
        assert f"offset {offset:,}" in said
        assert "leave `encoding` out of the mapping" in said
        assert "Nothing of the file was taken" in said

    def test_bytes_that_are_no_text_are_refused(
        self, folder: Path, stream: FileStream
    ) -> None:
        (folder / "a.csv").write_bytes(text_of(1).encode() + b"\xff\xff\n")
        with pytest.raises(SourceRefused, match=r"a\.csv:3: is neither utf-8 nor"):
            list(stream.pull(None, NOW))


class TestDamage:
    @pytest.mark.parametrize("name", ["a.csv.gz", "a.tar.gz"])
    @pytest.mark.parametrize("missing", [1, 9, 400])
    def test_a_gzip_that_is_cut_off_lands_in_no_part(
        self, folder: Path, stream: FileStream, name: str, missing: int
    ) -> None:
        text = text_of(*range(2000))
        if name == "a.csv.gz":
            (folder / name).write_bytes(gzip.compress(text.encode()))
        else:
            archive(folder / name, {"1.csv": text, "2.csv": text_of(1)})
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-missing])
        rows = []
        with pytest.raises(SourceRefused) as caught:
            for page in stream.pull(None, NOW):
                rows += page.records
        assert f"{name} is cut off or damaged" in str(caught.value)
        assert "copy the file again" in str(caught.value)
        assert rows == []

    @pytest.mark.parametrize(
        ("start", "what"),
        [
            (b"PK\x03\x04", "an Excel workbook"),
            (b"<HTML><table>", "a web page named like a spreadsheet"),
        ],
    )
    def test_what_is_no_text_is_named(
        self, folder: Path, stream: FileStream, start: bytes, what: str
    ) -> None:
        (folder / "a.csv").write_bytes(start)
        with pytest.raises(SourceRefused, match=f"is {what}.*: open it and save it as"):
            list(stream.pull(None, NOW))
