"""Landing: pages, counts and cursor together, whatever happens in between."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.base import Page, Record, Row, SourceUnavailable, Stream
from connectors.files import Feed, FileStream, mapping_file
from tasks.copying import RowRefused
from tasks.ingest.land import AlreadyLanding, Progress, land, replay_batch, tidy

UNTIL = datetime(2011, 12, 10, tzinfo=UTC)
SAMPLE = (
    Path(__file__).parents[3] / "connectors/sandbox/shop/online_retail_sample.csv.gz"
)


# Locks of streams that are being landed in this test's database.
HELD = """
select count(*) from pg_locks
where locktype = 'advisory' and classid = 7230003 and database = (
    select oid from pg_database where datname = current_database()
)
"""


class Reviews(Stream):
    """Reviews in pages of two; a page that is an error is raised once."""

    name = "reviews"
    entity = "reviews"
    columns = ("place", "review_number", "rating", "body")
    key = ("review_number",)
    cursor = "number"

    def __init__(self, *pages: Any) -> None:
        super().__init__("shop", UNTIL)
        self.script = list(pages)
        self.spoilt = ""

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        return self.pull(None, until)

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        start = int(cursor or 0)
        for number in range(start, len(self.script)):
            page = self.script[number]
            if isinstance(page, Exception):
                self.script[number] = []
                raise page
            if callable(page):
                page = page()
            yield Page(page, str(number + 1) + self.spoilt)

    def rows(self, record: Record) -> Iterable[Row]:
        for body in record["bodies"]:
            yield ("here", record["id"], record.get("rating"), body)

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        return raw


def review(number: int, *bodies: Any, **more: Any) -> dict[str, Any]:
    return {"id": f"R{number}", "bodies": bodies or ("fine",), **more}


def one(engine: Engine, statement: str, **values: Any) -> Any:
    with engine.begin() as connection:
        return connection.execute(text(statement), values).one()


def staged(engine: Engine, batch_id: int, columns: str = "*") -> list[tuple[Any, ...]]:
    with engine.begin() as connection:
        (entity,) = connection.execute(
            text("select entity from batch where batch_id = :id"), {"id": batch_id}
        ).one()
        found = connection.exec_driver_sql(
            f"select {columns} from staging.{entity}_{batch_id} order by record_no"
        )
        return [tuple(row) for row in found]


def orders(path: Path, page: int = 10_000) -> FileStream:
    mapping = mapping_file.load("uci_online_retail")
    return FileStream("shop", "orders", Feed(str(path), mapping, 0, page=page))


class TestRows:
    def test_records_are_numbered_over_pages_and_rows(self, engine: Engine) -> None:
        stream = Reviews([review(1, "a", "b"), review(2)], [review(3)])
        batch_id = land(engine, stream, UNTIL)
        rows = staged(engine, batch_id, "record_no, review_number, body, raw ->> 'id'")
        assert sorted(rows, key=str) == [
            (1, "R1", "a", "R1"),
            (1, "R1", "b", None),
            (2, "R2", "fine", "R2"),
            (3, "R3", "fine", "R3"),
        ]

    def test_a_batch_says_what_it_is(self, engine: Engine) -> None:
        stream = Reviews([review(1)])
        stream.notes.append("the shop was closed")
        stream.holds_whole_orders = False
        stream.repeated_lines = "quarantine"
        batch_id = land(engine, stream, UNTIL)
        assert one(
            engine,
            "select source, stream, entity, state, is_replay, holds_whole_orders,"
            " record_key, repeated_lines, records, note"
            " from batch where batch_id = :id",
            id=batch_id,
        ) == (
            *("shop", "reviews", "reviews", "landed", False, False),
            *(["review_number"], "quarantine", 1, "the shop was closed"),
        )

    @pytest.mark.parametrize(
        ("given", "stored"),
        [
            ("a\tb\nc\r\nd", "a\tb\nc\r\nd"),
            ('"quoted", \\n and \\.', '"quoted", \\n and \\.'),
            ("first\n\\.\nlast", "first\n\\.\nlast"),
            ("\x01 and \x02", "\x01 and \x02"),
            ("half an emoji \ud83d", "half an emoji ?"),
            ("a NUL \x00", "a NUL \ufffd"),
            ("茶🍵", "茶🍵"),
            ("", None),
            (None, None),
        ],
    )
    def test_any_text_survives(
        self, engine: Engine, given: str | None, stored: str | None
    ) -> None:
        stream = Reviews([review(1, given)])
        batch_id = land(engine, stream, UNTIL)
        assert staged(engine, batch_id, "body") == [(stored,)]

    def test_a_nul_alone_stops_nothing(self, engine: Engine) -> None:
        stream = Reviews([review(1, "a \x00")])
        stream.raw = lambda record: b"{}"  # type: ignore[method-assign]
        assert staged(engine, land(engine, stream, UNTIL), "body") == [("a \ufffd",)]

    def test_raw_text_can_be_read_as_json(self, engine: Engine) -> None:
        stream = Reviews([review(1)])
        stream.raw = lambda record: b'{"id": "\\u0000"}'  # type: ignore[method-assign]
        batch_id = land(engine, stream, UNTIL)
        assert staged(engine, batch_id, "raw ->> 'id'") == [("\ufffd",)]

    def test_a_file_lands_as_its_mapping_says(
        self, engine: Engine, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.csv"
        path.write_text(
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,"
            "Country\n536365,85123A,TEA,6,2010-12-01 08:26:00,2.55,17850.0,UK\n"
            "536366,85123A,TEA,six,2010-12-01 08:26:00,2.55,,UK\n"
        )
        batch_id = land(engine, orders(path), UNTIL)
        columns = "order_number, buyer_id, quantity, line_amount, place, problem"
        first, second = staged(engine, batch_id, columns)
        assert [str(value) for value in first[:4]] == ["536365", "17850", "6", "15.30"]
        assert second == (
            *("536366", None, None, None, "a.csv:3"),
            "Quantity 'six' is not a number like 1234.50",
        )


class TestGoingOn:
    def test_a_failed_page_leaves_the_pages_before(self, engine: Engine) -> None:
        trouble = SourceUnavailable("the shop does not answer")
        stream = Reviews([review(1)], [review(2)], trouble, [review(3)])
        with pytest.raises(SourceUnavailable, match="does not answer"):
            land(engine, stream, UNTIL)
        assert one(engine, "select state, records from batch") == ("landing", 2)
        assert one(engine, "select cursor from stream_cursor") == ("2",)
        batch_id = land(engine, stream, UNTIL)
        found = staged(engine, batch_id, "record_no, review_number")
        assert found == [(1, "R1"), (2, "R2"), (3, "R3")]
        assert one(engine, "select state, records from batch") == ("landed", 3)

    def test_a_page_lands_with_its_cursor_or_not_at_all(self, engine: Engine) -> None:
        bad = [review(2), review(3, rating="a phone, 13800000000")]
        stream = Reviews([review(1)], bad)
        with pytest.raises(RowRefused) as caught:
            land(engine, stream, UNTIL)
        said = str(caught.value)
        assert "shop/reviews: of the rows after record 1, row 2, column rating" in said
        assert "138" not in said
        assert one(engine, "select state, records from batch") == ("landing", 1)
        assert one(engine, "select cursor from stream_cursor") == ("1",)
        stream.script[1] = [review(2)]
        batch_id = land(engine, stream, UNTIL)
        assert staged(engine, batch_id, "review_number") == [("R1",), ("R2",)]

    def test_a_cursor_that_cannot_be_kept_keeps_its_page_out(
        self, engine: Engine
    ) -> None:
        stream = Reviews([review(1)])
        stream.spoilt = "\x00"
        with pytest.raises(ValueError, match="NUL"):
            land(engine, stream, UNTIL)
        assert one(engine, "select state, records from batch") == ("landing", 0)
        stream.spoilt = ""
        batch_id = land(engine, stream, UNTIL)
        assert staged(engine, batch_id, "record_no, review_number") == [(1, "R1")]

    def test_a_landed_batch_is_given_back_until_it_is_loaded(
        self, engine: Engine
    ) -> None:
        stream = Reviews([review(1)], [review(2)])
        first = land(engine, stream, UNTIL)
        stream.script.append([review(3)])
        assert land(engine, stream, UNTIL) == first
        with engine.begin() as connection:
            connection.execute(text("update batch set state = 'loaded'"))
        second = land(engine, stream, UNTIL)
        assert second != first
        assert staged(engine, second, "review_number") == [("R3",)]

    def test_progress_is_told_after_each_page(self, engine: Engine) -> None:
        told: list[Progress] = []
        stream = Reviews([review(1)], [review(2), review(3)])
        batch_id = land(engine, stream, UNTIL, told.append)
        assert [(one.batch_id, one.records) for one in told] == [
            (batch_id, 1),
            (batch_id, 3),
        ]


class TestAlone:
    def test_two_workers_never_land_one_stream_at_once(self, engine: Engine) -> None:
        def meanwhile() -> list[dict[str, Any]]:
            with pytest.raises(AlreadyLanding, match="by another worker right now"):
                land(engine, Reviews([review(9)]), UNTIL)
            other = Reviews([review(8)])
            other.source = "other_shop"
            land(engine, other, UNTIL)
            return [review(2)]

        batch_id = land(engine, Reviews([review(1)], meanwhile), UNTIL)
        assert staged(engine, batch_id, "review_number") == [("R1",), ("R2",)]

    def test_a_failed_landing_makes_room(self, engine: Engine) -> None:
        stream = Reviews(SourceUnavailable("later"), [review(1)])
        with pytest.raises(SourceUnavailable):
            land(engine, stream, UNTIL)
        held = one(engine, HELD)
        assert held == (0,)
        assert land(engine, stream, UNTIL)

    def test_a_lost_connection_stores_no_page(self, engine: Engine) -> None:
        def lose() -> list[dict[str, Any]]:
            with engine.begin() as connection:
                connection.execute(
                    text(HELD.replace("count(*)", "pg_terminate_backend(pid, 5000)"))
                )
            return [review(2)]

        stream = Reviews([review(1)], lose, [review(3)])
        with pytest.raises(Exception, match=r"terminat|closed|connection"):
            land(engine, stream, UNTIL)
        stream.script[1] = [review(2)]
        batch_id = land(engine, stream, UNTIL)
        found = staged(engine, batch_id, "record_no, review_number")
        assert found == [(1, "R1"), (2, "R2"), (3, "R3")]


class TestReplay:
    def test_a_replay_leaves_the_cursor(self, engine: Engine) -> None:
        stream = Reviews([review(1)])
        land(engine, stream, UNTIL)
        batch_id = replay_batch(engine, "shop", stream, [review(1), review(2)])
        assert staged(engine, batch_id, "record_no, review_number") == [
            (1, "R1"),
            (2, "R2"),
        ]
        assert one(engine, "select cursor from stream_cursor") == ("1",)
        assert one(
            engine,
            "select state, is_replay, holds_whole_orders, records from batch"
            " where batch_id = :id",
            id=batch_id,
        ) == ("landed", True, False, 2)

    def test_a_replay_of_another_source_is_refused(self, engine: Engine) -> None:
        with pytest.raises(ValueError, match="shop/reviews is none of source 'other'"):
            replay_batch(engine, "other", Reviews(), [])


class TestTidy:
    def test_only_what_was_loaded_long_ago_is_dropped(self, engine: Engine) -> None:
        now = datetime(2026, 1, 31, tzinfo=UTC)
        kept = {}
        for source, state, age in (
            ("old", "loaded", 40),
            ("new", "loaded", 2),
            ("bad", "stopped", 40),
            ("todo", "landed", 40),
        ):
            stream = Reviews([review(1)])
            stream.source = source
            kept[source] = land(engine, stream, UNTIL)
            with engine.begin() as connection:
                connection.execute(
                    text(
                        "update batch set state = :state, finished_at = :at"
                        " where source = :source"
                    ),
                    {"state": state, "source": source, "at": now - timedelta(age)},
                )
        name = f"reviews_{kept['old']}"
        with engine.begin() as reader:
            reader.exec_driver_sql(f"select * from staging.{name}")
            assert tidy(engine, now - timedelta(30)) == [], "it waited for a reader"
        assert tidy(engine, now - timedelta(30)) == [name]
        for source in ("new", "bad", "todo"):
            assert staged(engine, kept[source], "review_number") == [("R1",)]
