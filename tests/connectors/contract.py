"""What every stream promises, as tests: a stream's test inherits them all.

class TestOrders(StreamContract):
    @pytest.fixture
    def case(self) -> Case: ...
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from connectors.base import Page, Record, SourceError, SourceRefused, Stream

Key = tuple[Any, ...]


@dataclass
class Case:
    """A stream over a double, and the ways to disturb that double.

    There must be records on at least three pages between the stream's start and
    `until`, and one that changed exactly `lag` before `until`.
    """

    stream: Stream
    until: datetime
    changed_at: str | None
    """The column that must stay below `until`; None where the source has no time."""
    fail: Callable[[int], None]
    """Make the n-th page from now on fail, once, in a way that ends the pull."""
    refuse: Callable[[], None]
    """Refuse every call from now on, repeating in the answer what was sent."""
    secrets: Callable[[], Iterable[str]]
    """What no error may show; asked after the refusal."""
    move: Callable[[], None] | None = None
    """Change some early record, or take one away, so that the others move up."""
    moved: set[Key] = field(default_factory=set)
    """Keys of what `move` has moved: they may come in a later pull."""


class StreamContract:
    """Inherit, and give the fixture `case`."""

    @pytest.fixture
    def case(self) -> Case:
        raise NotImplementedError

    def test_it_names_itself(self, case: Case) -> None:
        stream = case.stream
        assert stream.name and stream.cursor and stream.key
        assert stream.entity in ENTITIES
        assert set(stream.key) <= set(stream.columns)
        assert len(set(stream.columns)) == len(stream.columns)

    def test_every_record_gives_whole_rows_of_one_key(self, case: Case) -> None:
        found = 0
        for record in pull(case):
            rows = list(case.stream.rows(record))
            assert rows, "a record gave no row"
            assert {len(row) for row in rows} == {len(case.stream.columns)}
            key = key_of(case.stream, record)
            assert None not in key, f"a key is missing: {key}"
            assert {key_in(case.stream, row) for row in rows} == {key}
            found += 1
        assert found > 2

    def test_no_version_of_a_record_comes_twice_in_a_window(self, case: Case) -> None:
        window = case.stream.pages(case.until - case.stream.max_window, case.until)
        records = [record for page in window for record in page.records]
        seen = [whole(case.stream, record) for record in records]
        assert seen
        assert len(seen) == len(set(seen))

    def test_until_is_respected(self, case: Case) -> None:
        if case.changed_at is None:
            pytest.skip("this source knows no time of change")
        column = case.stream.columns.index(case.changed_at)
        times = [
            row[column] for record in pull(case) for row in case.stream.rows(record)
        ]
        assert times
        end = case.until - case.stream.lag
        assert all(moment is None or moment < end for moment in times)

    def test_the_cursor_ends_a_pull_and_begins_the_next(self, case: Case) -> None:
        pages = list(case.stream.pull(None, case.until))
        cursor = last_cursor(pages)
        assert cursor is not None
        again = list(case.stream.pull(cursor, case.until))
        before = sum(len(page.records) for page in pages)
        after = sum(len(page.records) for page in again)
        assert after < before / 2, "the second pull began from the start"
        assert last_cursor(again) in (cursor, None)

    def test_pulling_twice_gives_the_same(self, case: Case) -> None:
        first = {whole(case.stream, record) for record in pull(case)}
        assert {whole(case.stream, record) for record in pull(case)} == first

    def test_it_resumes_after_a_failed_page(self, case: Case) -> None:
        wanted = {key_of(case.stream, record) for record in pull(case)}
        for number in (1, 2, 3):
            case.fail(number)
            stored: set[Key] = set()
            cursor: str | None = None
            with pytest.raises(SourceError) as caught:
                for page in case.stream.pull(None, case.until):
                    stored |= {key_of(case.stream, one) for one in page.records}
                    cursor = page.cursor or cursor
            assert stored < wanted, "nothing was left to resume"
            assert str(caught.value)
            for page in case.stream.pull(cursor, case.until):
                stored |= {key_of(case.stream, one) for one in page.records}
            assert stored == wanted

    def test_nothing_is_skipped_while_records_move(self, case: Case) -> None:
        if case.move is None:
            pytest.skip("this source does not change while it is read")
        wanted = {key_of(case.stream, record) for record in pull(case)}
        found: set[Key] = set()
        for page in moving(case):
            found |= {key_of(case.stream, record) for record in page.records}
        assert case.moved, "nothing moved"
        assert wanted - case.moved <= found

    def test_a_record_survives_its_raw_text(self, case: Case) -> None:
        stream = case.stream
        place = stream.columns.index("place") if "place" in stream.columns else None
        for record in pull(case):
            raw = json.loads(stream.raw(record))
            again = stream.record_of(raw)
            for one, other in zip(stream.rows(record), stream.rows(again), strict=True):
                kept = [value for at, value in enumerate(one) if at != place]
                back = [value for at, value in enumerate(other) if at != place]
                assert back == kept

    def test_odd_values_make_a_problem_and_never_an_error(self, case: Case) -> None:
        stream = case.stream
        record = next(iter(pull(case)))
        for odd in mangled(json.loads(stream.raw(record))):
            rows = list(stream.rows(stream.record_of(odd)))
            assert rows
            assert {len(row) for row in rows} == {len(stream.columns)}

    def test_check_says_that_it_works(self, case: Case) -> None:
        case.stream.check()

    def test_a_refusal_tells_the_way_out_and_no_secret(self, case: Case) -> None:
        case.refuse()
        for attempt in (case.stream.check, lambda: pull(case)):
            with pytest.raises(SourceRefused) as caught:
                attempt()
            said = str(caught.value)
            assert case.stream.source in said
            assert not [one for one in case.secrets() if one in said]


ENTITIES = ("orders", "refunds", "reviews", "customers", "interactions")


def pull(case: Case) -> list[Record]:
    """All records of one undisturbed pull."""
    pages = case.stream.pull(None, case.until)
    return [record for page in pages for record in page.records]


def moving(case: Case) -> Iterator[Page]:
    """A pull during which something moves after every page that held records."""
    assert case.move is not None
    for page in case.stream.pull(None, case.until):
        yield page
        if page.records:
            case.move()


def key_in(stream: Stream, row: Any) -> Key:
    """The key columns of a row."""
    return tuple(row[stream.columns.index(column)] for column in stream.key)


def key_of(stream: Stream, record: Record) -> Key:
    """The key of a record."""
    return key_in(stream, next(iter(stream.rows(record))))


def whole(stream: Stream, record: Record) -> str:
    """All that a record says."""
    return stream.raw(record).decode()


def last_cursor(pages: Iterable[Page]) -> str | None:
    """Where the next pull starts."""
    return next((one.cursor for one in reversed(list(pages)) if one.cursor), None)


def mangled(record: Any) -> Iterator[Any]:
    """Copies of a JSON value, each with one part of it made odd."""
    if isinstance(record, Mapping):
        for key, value in record.items():
            for odd in (*ODD, *mangled(value)):
                yield {**record, key: odd}
            yield {name: one for name, one in record.items() if name != key}
    elif isinstance(record, list):
        for at, value in enumerate(record):
            for odd in (*ODD, *mangled(value)):
                yield [*record[:at], odd, *record[at + 1 :]]


ODD: tuple[Any, ...] = (
    None,
    "",
    "\u0000?",
    "2026-13-45 99:99:99",
    -1,
    10**17,
    1.5,
    True,
    [],
    ["x"],
    {},
    {"x": []},
)
