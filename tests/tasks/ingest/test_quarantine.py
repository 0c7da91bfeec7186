"""Quarantine: looking, correcting, trying again, dismissing; nothing is ever lost."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from staged_batch import stage

from connectors.base import Page, Record, Row, Stream
from tasks.ingest import quarantine
from tasks.ingest.load import load
from tasks.ingest.quarantine import NoSuchEntry, NotStopped, Replayed, Which
from tasks.ingest.validate import validate

MORNING = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


class Lines(Stream):
    """A feed of order lines whose mapping can be put right: words for quantities."""

    name = "orders"
    entity = "orders"
    columns = ("order_number", "status", "ordered_at", "currency", "product_id")
    columns += ("quantity", "unit_price", "problem")
    key = ("order_number", "line_id")
    cursor = "line"

    def __init__(self, words: Mapping[str, int]) -> None:
        super().__init__("shop", MORNING)
        self.words = words

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        return iter(())

    def rows(self, record: Record) -> Iterable[Row]:
        quantity = self.words.get(record["quantity"])
        problem = None if quantity else f"quantity '{record['quantity']}' is no number"
        head = (record["order"], "paid", MORNING, "CNY", "tea")
        return [(*head, quantity, 9, problem)]

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        return dict(raw)


def refused(engine: Engine, *records: tuple[str, str], **batch: Any) -> int:
    """A loaded batch whose records were all refused."""
    rows = [
        {
            "raw": {"order": number, "quantity": quantity},
            "order_number": number,
            "problem": f"quantity '{quantity}' is no number",
        }
        for number, quantity in records
    ]
    batch = {"record_key": ["order_number", "line_id"]} | batch
    batch_id = stage(engine, "orders", rows, **batch)
    validate(engine, batch_id)
    load(engine, batch_id)
    return batch_id


def get(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def again(engine: Engine, which: Which, words: Mapping[str, int]) -> Replayed:
    """Replay with a mapping that knows these words."""
    return quarantine.replay(engine, which, lambda *_: Lines(words))


def test_it_lists_what_is_open_by_source_and_reason(engine: Engine) -> None:
    refused(engine, ("A", "one"), ("B", "two"))
    refused(engine, ("C", "two"), source="other")
    assert len(quarantine.entries(engine, Which())) == 3
    assert len(quarantine.entries(engine, Which(), limit=1)) == 1
    assert len(quarantine.entries(engine, Which(source="other"))) == 1
    assert len(quarantine.entries(engine, Which(reason="'TWO'"))) == 2
    assert len(quarantine.entries(engine, Which(reason="is_readable"))) == 3
    assert quarantine.entries(engine, Which(reason="nonsense")) == []
    assert quarantine.summary(engine, Which()) == [
        ("shop", "orders", "is_readable", 2),
        ("other", "orders", "is_readable", 1),
    ]


def test_it_shows_one_with_its_raw_record(engine: Engine) -> None:
    refused(engine, ("A", "one"))
    (shown,) = quarantine.entries(engine, Which())
    assert quarantine.entry(engine, shown.quarantine_id) == shown
    assert shown.raw == {"order": "A", "quantity": "one"}
    assert shown.place == "test line 1"


def test_it_names_an_entry_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(NoSuchEntry, match='no entry "7"'):
        quarantine.entry(engine, 7)


def test_a_replay_loads_what_the_mapping_can_read_now(engine: Engine) -> None:
    refused(engine, ("A", "one"), ("A", "two"), ("B", "many"))
    done = again(engine, Which(source="shop"), {"one": 1, "two": 2})
    assert done == Replayed(tried=3, good=2, again=1)
    assert get(engine, "select order_number, amount from orders") == [("A", 27)]
    assert get(engine, "select raw ->> 'quantity', resolution from quarantine"
               " order by quarantine_id") == [
        ("one", "replayed"), ("two", "replayed"), ("many", None)
    ]  # fmt: skip


def test_a_replay_keeps_the_new_reason_of_what_still_fails(engine: Engine) -> None:
    refused(engine, ("A", "one"))
    again(engine, Which(source="shop"), {"one": -1})
    (shown,) = quarantine.entries(engine, Which())
    assert shown.reasons == ("the quantity -1 is not a positive number",)


def test_only_what_was_named_is_tried_again(engine: Engine) -> None:
    refused(engine, ("A", "one"), ("B", "one"))
    first = min(one.quarantine_id for one in quarantine.entries(engine, Which()))
    assert again(engine, Which(ids=(first,)), {"one": 1}).tried == 1
    assert get(engine, "select order_number from orders") == [("A",)]
    with pytest.raises(NoSuchEntry, match="it was replayed on"):
        again(engine, Which(ids=(first,)), {"one": 1})


def test_a_record_may_be_edited_before_it_is_tried_again(engine: Engine) -> None:
    refused(engine, ("A", "one"), ("B", "two"))
    done = quarantine.replay(
        engine,
        Which(source="shop"),
        lambda *_: Lines({"1": 1}),
        edit=lambda raw: raw | {"quantity": {"one": "1", "two": "3"}[raw["quantity"]]},
    )
    assert done == Replayed(tried=2, good=1, again=1)
    assert get(engine, "select raw ->> 'quantity', resolution from quarantine"
               " order by quarantine_id") == [
        ("one", "replayed"), ("3", None)
    ]  # fmt: skip


def test_equal_lines_are_each_loaded_by_a_replay(engine: Engine) -> None:
    refused(engine, ("A", "one"), ("A", "one"))
    assert again(engine, Which(source="shop"), {"one": 1}).good == 2
    assert get(engine, "select count(*), sum(amount) from order_lines") == [(2, 18)]


def test_a_replay_in_many_pieces_tries_each_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "CHUNK", 2)
    refused(engine, *((f"A{n}", "one") for n in range(5)))
    assert again(engine, Which(source="shop"), {"one": -1}) == Replayed(5, 0, 5)
    assert again(engine, Which(source="shop"), {"one": 1}) == Replayed(5, 5, 0)


def test_a_replay_never_stops_for_being_bad(engine: Engine) -> None:
    refused(engine, *((f"A{n}", "one") for n in range(9)))
    refused(engine, *((f"B{n}", "one") for n in range(9)))
    assert again(engine, Which(source="shop"), {"one": -1}) == Replayed(18, 0, 18)


def good(number: str, **more: Any) -> dict[str, Any]:
    """A row that every rule believes."""
    return {
        "order_number": number,
        "status": "paid",
        "ordered_at": MORNING,
        "currency": "CNY",
        "quantity": 1,
        "unit_price": 9,
    } | more


WHOLE = {"record_key": ["order_number"]}


def test_a_good_version_from_the_source_settles_the_entry(engine: Engine) -> None:
    refused(engine, ("A", "one"), ("B", "one"), **WHOLE)
    load(engine, stage(engine, "orders", [good("A")], validated=True, **WHOLE))
    assert get(engine, "select record_key, resolution from quarantine order by 1") == [
        ("A", "superseded"),
        ("B", None),
    ]


def test_an_older_good_version_settles_nothing(engine: Engine) -> None:
    newer = good("A", quantity=-1, updated_at=MORNING + timedelta(hours=1))
    older = good("A", updated_at=MORNING)
    for records in ([newer, older], [older]):
        batch_id = stage(engine, "orders", records, **WHOLE)
        validate(engine, batch_id)
        assert load(engine, batch_id).records == len(records)
        assert get(engine, "select resolution from quarantine") == [(None,)]


def test_a_bad_version_is_not_settled_by_a_good_one_of_its_batch(
    engine: Engine,
) -> None:
    batch_id = stage(engine, "orders", [good("A", quantity=-1), good("A")], **WHOLE)
    validate(engine, batch_id)
    load(engine, batch_id)
    assert get(engine, "select resolution from quarantine") == [(None,)]


def test_the_same_text_that_is_good_by_now_settles_the_entry(engine: Engine) -> None:
    refused(engine, ("A", "one"))
    raw = {"order": "A", "quantity": "one"}
    by_line = {"record_key": ["order_number", "line_id"]}
    rows = [good("A", raw=raw), good("A", product_id="other")]
    load(engine, stage(engine, "orders", rows, validated=True, **by_line))
    assert get(engine, "select resolution from quarantine") == [("superseded",)]


def test_a_good_line_does_not_settle_the_bad_one_beside_it(engine: Engine) -> None:
    refused(engine, ("A", "one"))
    by_line = {"record_key": ["order_number", "line_id"]}
    load(engine, stage(engine, "orders", [good("A")], validated=True, **by_line))
    assert get(engine, "select resolution from quarantine") == [(None,)]


def test_what_is_dismissed_keeps_its_reason(engine: Engine) -> None:
    refused(engine, ("A", "one"), ("B", "two"))
    assert quarantine.dismiss(engine, Which(reason="'one'"), "a test order") == 1
    assert get(engine, "select resolution, resolved_because from quarantine"
               " order by quarantine_id") == [
        ("dismissed", "a test order"), (None, None)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="needs a reason"):
        quarantine.dismiss(engine, Which(source="shop"), " ")


def test_only_a_stopped_batch_can_be_accepted(engine: Engine) -> None:
    batch_id = refused(engine, ("A", "one"))
    with pytest.raises(NotStopped, match='is "loaded"'):
        quarantine.accept(engine, batch_id, "why not")
