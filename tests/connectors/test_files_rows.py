"""What becomes of the lines of a file: good ones, broken ones, odd cells, headers."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.base import SourceRefused
from connectors.files import Feed, FileStream, mapping_file

NOW = datetime(2026, 2, 1, tzinfo=UTC)
MAPPING = """
description: invoice lines
time_zone: Asia/Shanghai
dates: ["%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M"]
numbers: "1,234.50"
empty: ["-"]
split: {column: nr, starts_with: {C: refunds}, otherwise: orders}
streams:
  orders:
    entity: orders
    columns:
      order_number: nr
      ordered_at: at
      updated_at: {latest: [at, paid]}
      paid_at: {from: paid, optional: true}
      buyer_id: buyer
      phone: {from: [mobile, 手机], optional: true}
      product_title: what
      quantity: pieces
      unit_price: price
      line_amount: {product: [pieces, price]}
      status:
        from: state
        words:
          paid: paid
          closed: {filled: paid, then: refunded, otherwise: cancelled}
    identifiers:
      openid: {from: openid, scope: wx1, optional: true}
    constants: {currency: CNY}
  refunds:
    entity: refunds
    columns:
      refund_number: nr
      requested_at: at
      updated_at: at
      quantity: {from: pieces, negate: true}
      amount: {product: [pieces, price], negate: true}
    constants: {status: refunded, currency: CNY}
"""
NAMES = ["nr", "at", "paid", "buyer", "what", "pieces", "price", "state"]
GOOD = {
    "nr": "1001",
    "at": "2026-01-01 08:00:00",
    "paid": "2026-01-01 08:05:00",
    "buyer": "77",
    "what": "茶",
    "pieces": "2",
    "price": "9.90",
    "state": "paid",
}


class Shop:
    """A file, and its rows by column."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lines.csv"
        self.mapping = mapping_file.parse(MAPPING, "invoices.yaml")

    def stream(self, name: str = "orders") -> FileStream:
        return FileStream("shop", name, Feed(str(self.path), self.mapping, 0))

    def rows(self, text: str, stream: str = "orders") -> list[dict[str, Any]]:
        self.path.write_text(text, encoding="utf-8", newline="")
        chosen = self.stream(stream)
        pages = list(chosen.pull(None, NOW))
        rows = [row for page in pages for row in page.records]
        return [dict(zip(chosen.columns, row, strict=True)) for row in rows]

    def row(self, **cells: str) -> dict[str, Any]:
        """The one row of a file with a good line, but for these cells."""
        given = GOOD | cells
        names, values = zip(*given.items(), strict=True)
        return self.rows("\t".join(names) + "\n" + "\t".join(values) + "\n")[0]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def csv_line(**cells: str) -> str:
    return ",".join((GOOD | cells).values()) + "\n"


HEADER = ",".join(NAMES) + "\n"


class TestGoodLines:
    def test_a_line_becomes_a_row(self, shop: Shop) -> None:
        row = shop.row()
        raw = json.loads(row.pop("raw"))
        assert raw == GOOD
        assert row == {
            "place": "lines.csv:2",
            "problem": None,
            "order_number": "1001",
            "ordered_at": "2026-01-01T00:00:00+00:00",
            "updated_at": "2026-01-01T00:05:00+00:00",
            "paid_at": "2026-01-01T00:05:00+00:00",
            "buyer_id": "77",
            "phone": None,
            "product_title": "茶",
            "quantity": "2",
            "unit_price": "9.90",
            "line_amount": "19.80",
            "status": "paid",
            "more_identifiers": None,
            "currency": "CNY",
        }

    def test_every_line_is_in_exactly_one_stream(self, shop: Shop) -> None:
        text = HEADER + csv_line() + csv_line(nr="C1002", pieces="-2") + csv_line(nr="")
        text += "1003,cut off\n"
        orders, refunds = shop.rows(text), shop.rows(text, "refunds")
        assert [row["place"][-1] for row in orders] == ["2", "4", "5"]
        assert [row["place"][-1] for row in refunds] == ["3"]
        assert (refunds[0]["quantity"], refunds[0]["amount"]) == ("2", "19.80")

    def test_words_may_hang_on_another_cell(self, shop: Shop) -> None:
        assert shop.row(state="closed")["status"] == "refunded"
        assert shop.row(state="closed", paid="-")["status"] == "cancelled"

    def test_further_identifiers_are_listed(self, shop: Shop) -> None:
        given = json.loads(shop.row(openid="o-123")["more_identifiers"])
        assert given == [{"kind": "openid", "scope": "wx1", "value": "o-123"}]

    def test_cells_that_spreadsheets_wrap_are_unwrapped(self, shop: Shop) -> None:
        row = shop.row(
            nr='="0012"', buyer="'0077", mobile=" \u00a0138\ufeff ", what="'n'"
        )
        assert (row["order_number"], row["buyer_id"]) == ("0012", "0077")
        assert row["phone"] == "138"
        assert row["product_title"] == "'n'", "a text keeps its apostrophe"

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_the_delimiter_is_found_out(self, shop: Shop, delimiter: str) -> None:
        lines = [delimiter.join(NAMES), delimiter.join(GOOD.values()), ""]
        assert shop.rows("\r\n".join(lines))[0]["unit_price"] == "9.90"

    def test_a_header_may_stand_below_a_title(self, shop: Shop) -> None:
        rows = shop.rows("Orders of January\n\n" + HEADER + csv_line())
        assert rows[0]["place"] == "lines.csv:4"
        assert rows[0]["order_number"] == "1001"

    def test_cells_may_go_over_lines(self, shop: Shop) -> None:
        rows = shop.rows(HEADER + csv_line(what='"a\r\n""b"""') + csv_line(nr="1002"))
        assert rows[0]["product_title"] == 'a\r\n"b"'
        assert rows[1]["place"] == "lines.csv:4"


class TestBadCells:
    @pytest.mark.parametrize(
        ("cell", "column", "value", "problem"),
        [
            (
                "at",
                "ordered_at",
                "13/45/2011",
                "at '13/45/2011' is not a date like "
                "2010-12-01 08:26:00 or 2010/12/01 08:26",
            ),
            ("pieces", "quantity", "two", "pieces 'two' is not a number like 1,234.50"),
            (
                "price",
                "unit_price",
                "1,23",
                "price '1,23' is not a number like",
            ),
            ("price", "unit_price", "9" * 40, f"price '{'9' * 40}' is not a number"),
            ("price", "line_amount", "x", "price 'x' is not a number like 1,234.50"),
            ("nr", "order_number", "3.6E+18", "nr '3.6E+18' has lost its last digits"),
            ("nr", "order_number", "a\x00b", "nr 'a\ufffdb' holds a NUL character"),
            (
                "state",
                "status",
                "gone",
                "state 'gone' is not one of the known words 'paid', 'closed'",
            ),
        ],
    )
    def test_what_cannot_be_read_is_none_and_a_problem(
        self, shop: Shop, cell: str, column: str, value: str, problem: str
    ) -> None:
        row = shop.row(**{cell: value})
        assert row[column] is None
        assert problem in row["problem"]
        assert row["product_title"] == "茶", "the other cells are read"
        assert json.loads(row["raw"])[cell] == value

    def test_every_problem_is_told_once(self, shop: Shop) -> None:
        row = shop.row(at="soon", price="much")
        assert row["problem"].count("'soon'") == 1
        assert "'much'" in row["problem"]

    @pytest.mark.parametrize(
        ("cell", "column", "value", "read"),
        [
            ("price", "unit_price", "1,234.50", "1234.50"),
            ("price", "unit_price", "￥12.00元", "12.00"),
            ("buyer", "buyer_id", "17850.0", "17850"),
            ("nr", "order_number", "260101-000000000000001", "260101-000000000000001"),
            ("paid", "paid_at", "2026/1/2 8:05", "2026-01-02T00:05:00+00:00"),
            ("paid", "paid_at", "-", None),
            ("buyer", "buyer_id", "", None),
        ],
    )
    def test_what_is_written_otherwise_is_read(
        self, shop: Shop, cell: str, column: str, value: str, read: str | None
    ) -> None:
        row = shop.row(**{cell: value})
        assert (row[column], row["problem"]) == (read, None)


class TestBrokenLines:
    def test_a_line_with_too_few_cells_is_one_problem(self, shop: Shop) -> None:
        text = HEADER + csv_line() + "1002,2026-01-01\n" + csv_line(nr="1003")
        rows = shop.rows(text)
        assert [row["order_number"] for row in rows] == ["1001", None, "1003"]
        assert rows[1]["problem"] == "the line has 2 cells where the header has 8"
        assert rows[1]["place"] == "lines.csv:3"
        assert json.loads(rows[1]["raw"]) == {"nr": "1002", "at": "2026-01-01"}

    def test_cells_too_many_are_kept(self, shop: Shop) -> None:
        row = shop.rows(HEADER + csv_line(what="tea, green"))[0]
        assert row["problem"] == "the line has 9 cells where the header has 8"
        assert json.loads(row["raw"])["(cell 9)"] == "paid"

    def test_another_delimiter_in_the_middle_is_named(self, shop: Shop) -> None:
        text = HEADER + csv_line() + csv_line(nr="1002").replace(",", ";")
        problem = shop.rows(text)[1]["problem"]
        assert problem.endswith("1 cell where the header has 8; they seem to be "
                                "divided by ';'")  # fmt: skip

    @pytest.mark.parametrize("stray", ['"tea', 'tea"', '"tea" green', '"', 'te"a"'])
    @pytest.mark.parametrize("before", [0, 3000])
    def test_a_stray_quote_costs_its_own_line_only(
        self, shop: Shop, stray: str, before: int
    ) -> None:
        good = [csv_line(nr=str(number)) for number in range(before)]
        after = [csv_line(nr=f"9{number}", what='"x, y"') for number in range(3000)]
        bad = csv_line(nr="666", what=stray)
        rows = shop.rows(HEADER + "".join([*good, bad, *after]))
        assert len(rows) == len(good) + 1 + len(after)
        found = [row["order_number"] for row in rows if row["problem"] is None]
        wanted = [row.partition(",")[0] for row in [*good, *after]]
        if stray in ('tea"', 'te"a"'):  # A quote inside of a bare cell is a quote.
            wanted.insert(before, "666")
            assert rows[before]["product_title"] == stray
        else:
            assert "a quote that is never closed" in rows[before]["problem"]
            assert json.loads(rows[before]["raw"])["(line)"] == bad.rstrip()
        assert found == wanted

    def test_two_stray_quotes_are_no_cell(self, shop: Shop) -> None:
        text = HEADER + csv_line(what='"tea') + csv_line(nr="1002", state='paid"')
        first, second = shop.rows(text)
        assert "a quote that is never closed" in first["problem"]
        assert (second["order_number"], second["product_title"]) == ("1002", "茶")

    def test_a_quote_that_is_open_for_long_is_a_stray_one(self, shop: Shop) -> None:
        lines = [csv_line(nr=str(number)) for number in range(150)]
        text = HEADER + csv_line(what='"tea') + "".join(lines) + csv_line(what='tea"')
        rows = shop.rows(text)
        assert len(rows) == 152
        assert [row["place"] for row in rows if row["problem"]] == ["lines.csv:2"]

    def test_a_stray_quote_does_not_wait_for_the_end_of_the_file(
        self, shop: Shop
    ) -> None:
        lines = [csv_line(nr=str(number)) for number in range(20_000)]
        shop.path.write_text(HEADER + csv_line(what='"tea') + "".join(lines))
        stream = shop.stream()
        stream.feed = replace(stream.feed, page=1)
        first = next(stream.pull(None, NOW))
        assert 100 < len(first.records) < 5_000

    def test_a_stray_quote_in_the_last_line_ends_nothing(self, shop: Shop) -> None:
        rows = shop.rows(HEADER + csv_line() + csv_line(what='"tea'))
        assert rows[0]["problem"] is None
        assert "a quote that is never closed" in rows[1]["problem"]

    def test_many_stray_quotes_stay_cheap(self, shop: Shop) -> None:
        bad = [csv_line(nr=str(number), what='"tea') for number in range(3000)]
        rows = shop.rows(HEADER + "".join(bad))
        assert len(rows) == 3000
        assert all(row["problem"] for row in rows)

    def test_a_record_can_be_corrected_and_read_again(self, shop: Shop) -> None:
        bad = shop.rows(HEADER + csv_line(nr="1", what='"tea', price="9,90"))[0]
        stream = shop.stream()
        still_bad = stream.record_of(json.loads(bad["raw"]) | {"price": "much"})
        assert "price 'much' is not" in still_bad[stream.columns.index("problem")]
        corrected = json.loads(bad["raw"]) | GOOD
        corrected.pop("(cell 9)")
        mended = stream.record_of(corrected)
        assert mended[stream.columns.index("problem")] is None
        assert mended[stream.columns.index("order_number")] == "1001"
        corrected.pop("at")
        lacking = stream.record_of(corrected)
        assert lacking[1] == "the line has no cell for 'at'"


class TestHeaders:
    def refusal(self, shop: Shop, header: str) -> str:
        with pytest.raises(SourceRefused) as caught:
            shop.rows(header + "\n1,2,3\n")
        return str(caught.value)

    def test_missing_columns_are_all_named_with_what_comes_closest(
        self, shop: Shop
    ) -> None:
        said = self.refusal(shop, "nr,at,buyers,what,price,state")
        assert said == (
            "shop/orders: lines.csv:1: the header has no column 'paid' (mapping key "
            "streams.orders.columns.updated_at); no column 'buyer' (mapping key "
            "streams.orders.columns.buyer_id, closest is 'buyers'); no column 'pieces' "
            "(mapping key streams.orders.columns.quantity, closest is 'price'); no "
            "column 'pieces' (mapping key streams.orders.columns.line_amount, closest "
            "is 'price'); no column 'paid' (mapping key streams.orders.columns.status)"
            ". Columns found: nr, at, buyers, what, price, state. Add the file's own "
            "name as one more alias under that key, or `optional: true` if files may "
            "lack it"
        )

    def test_a_column_twice_is_refused_if_it_is_read(self, shop: Shop) -> None:
        said = self.refusal(shop, HEADER.strip() + ",price")
        assert "the column 'price' is there 2 times, as columns 7, 9" in said
        assert "rename or delete all but one" in said

    def test_a_column_twice_that_nobody_reads_is_kept(self, shop: Shop) -> None:
        row = shop.rows(f"{HEADER.strip()},x,x\n{csv_line().strip()},a,b\n")[0]
        raw = json.loads(row["raw"])
        assert (raw["x"], raw["x (2)"]) == ("a", "b")

    def test_names_match_whatever_their_spaces_and_brackets(
        self, tmp_path: Path
    ) -> None:
        shop = Shop(tmp_path)
        text = MAPPING.replace("price: price", "price: 单价(元)")
        shop.mapping = mapping_file.parse(text.replace(", price]", ", 单价(元)]"), "x")
        header = HEADER.replace("price", " 单价（元） ").replace("nr", "\ufeffNR")
        assert shop.rows(header + csv_line())[0]["unit_price"] == "9.90"
