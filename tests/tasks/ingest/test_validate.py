"""Validation: every rule seen to fail, both forms of a rule equal, the stop."""

import os
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from breaking_rows import BREAKS, GOOD, LONG_AGO
from sqlalchemy import Engine, text
from staged_batch import stage

from tasks.ingest import refuse, staging, suite
from tasks.ingest.checks import Facts
from tasks.ingest.expectations import Rule, rules
from tasks.ingest.load import NotValidated, load
from tasks.ingest.quarantine import accept
from tasks.ingest.validate import NotLanded, TooManyBadRows, validate


def get(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def order(**more: Any) -> dict[str, Any]:
    """A row of a good order."""
    return GOOD["orders"] | more


@pytest.mark.parametrize("entity", GOOD)
def test_a_good_record_passes_every_rule(engine: Engine, entity: str) -> None:
    verdict = validate(engine, stage(engine, entity, [GOOD[entity]]))
    assert (verdict.rules, verdict.quarantined, verdict.warned) == ((), 0, 0)


@pytest.mark.parametrize("entity", GOOD)
def test_every_rule_fails_on_what_breaks_it(engine: Engine, entity: str) -> None:
    named = {name for name, rule in rules(entity).rules.items() if rule.when is None}
    assert BREAKS[entity].keys() == named
    breaks = list(BREAKS[entity].items())
    good = [GOOD[entity] | {"place": "fine"}] * 100
    batch_id = stage(engine, entity, [GOOD[entity] | row for _, row in breaks] + good)
    verdict = validate(engine, batch_id)
    for number, (name, _) in enumerate(breaks, start=1):
        found = get(
            engine,
            f"select rules from staging.refused_{batch_id} where record_no = {number}",
        )
        is_refused = any(name in names for (names,) in found)
        assert is_refused == (rules(entity).rules[name].severity == "fail"), name
    assert {one.name for one in verdict.rules} == named
    assert load(engine, batch_id).quarantined == verdict.quarantined


def test_the_reason_shows_the_value_and_the_place(engine: Engine) -> None:
    validate(engine, stage(engine, "orders", [order(), order(quantity=-3)]))
    assert get(engine, "select reasons, place, record_key from quarantine") == [
        (["the quantity -3 is not a positive number"], "test line 2", "A")
    ]


def test_a_record_is_refused_whole_with_all_its_reasons(engine: Engine) -> None:
    record = [order(quantity=-3), order(unit_price=-1), order()]
    verdict = validate(engine, stage(engine, "orders", [record]))
    assert verdict.quarantined == 1
    assert get(engine, "select rules, json_array_length(raw) from quarantine") == [
        (["quantity_is_positive", "price_is_not_negative"], 3)
    ]
    assert verdict.reasons == {
        "the quantity … is not a positive number": 1,
        "the price … is negative": 1,
    }


def test_what_only_warns_loads_and_is_counted(engine: Engine) -> None:
    rows = [order(unit_price=0), order(unit_price=0, quantity=-1), order()]
    batch_id = stage(engine, "orders", rows, record_key=["order_number", "line_id"])
    verdict = validate(engine, batch_id)
    assert (verdict.quarantined, verdict.warned) == (1, 1)
    assert verdict.warnings == {"the price … is not above zero": 2}
    assert load(engine, batch_id).loaded == 2


def test_the_same_bad_record_again_is_the_same_entry(engine: Engine) -> None:
    for _ in range(2):
        load_id = stage(engine, "orders", [order(quantity=-1)])
        validate(engine, load_id)
        assert load(engine, load_id).quarantined == 1
    assert get(engine, "select batch_id from quarantine") == [(2,)]


def test_equal_bad_lines_are_entries_of_their_own(engine: Engine) -> None:
    rows = [order(quantity=-1)] * 3
    batch_id = stage(engine, "orders", rows, record_key=["order_number", "line_id"])
    assert validate(engine, batch_id).quarantined == 3
    assert get(engine, "select count(*) from quarantine") == [(3,)]


def test_a_repeated_line_is_refused_where_the_stream_asks_for_it(
    engine: Engine,
) -> None:
    rows = [order(), order(), order(quantity=5)]
    by_line = {"record_key": ["order_number", "line_id"]}
    assert validate(engine, stage(engine, "orders", rows, **by_line)).quarantined == 0
    with engine.begin() as connection:
        connection.exec_driver_sql("update batch set state = 'loaded'")
    asked = by_line | {"repeated_lines": "quarantine"}
    validate(engine, stage(engine, "orders", rows, **asked))
    assert get(engine, "select reasons, record_no from quarantine") == [
        (["repeats test line 1 exactly"], 2)
    ]


def test_both_forms_of_every_rule_count_the_same(engine: Engine) -> None:
    for entity in GOOD:
        chance = random.Random(entity)
        choices = [*BREAKS[entity].values(), *({},) * 5]
        if entity == "orders":
            choices += [{"paid_at": LONG_AGO}, {"problem": "none", "phone": "1"}]
        rows = []
        for _ in range(300):
            row = dict(GOOD[entity])
            for change in chance.sample(choices, 3):
                row |= change
            rows.append(row)
        if entity == "orders":
            rows += rows[:20]
        batch_id = stage(
            engine, entity, rows, repeated_lines="quarantine", record_key=[]
        )
        _hold_equal(engine, batch_id, rules(entity).rules)


def _hold_equal(engine: Engine, batch_id: int, found: dict[str, Rule]) -> None:
    with engine.begin() as connection:
        batch = staging.locked(connection, batch_id)
        staging.prepare(connection, batch)
        refuse.mark(connection, batch)
        facts = Facts(batch["started_at"], {"currency_rates": ("CNY",)})
        broken, _ = refuse.count(connection, batch, found, facts)
    result = suite.run(
        engine, staging.table_name(batch), "t", found, facts, result_format="SUMMARY"
    )
    said = {
        suite.name_of(one): one.result["unexpected_count"] for one in result.results
    }
    assert said == {name: 0 for name in found} | {one.name: one.rows for one in broken}
    assert all(said.values()), {name for name, count in said.items() if not count}


def test_an_expectation_that_breaks_is_no_verdict(engine: Engine) -> None:
    batch_id = stage(engine, "orders", [order()])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"alter table staging.orders_{batch_id} drop column paid_at"
        )
    with pytest.raises(suite.BrokenExpectation, match="paid_after_order"):
        validate(engine, batch_id)
    assert get(engine, "select count(*) from quarantine") == [(0,)]
    assert get(engine, "select state, validated_at from batch") == [("landed", None)]


def test_a_pattern_that_is_none_is_no_verdict(engine: Engine) -> None:
    batch_id = stage(engine, "orders", [order()])
    rule = Rule.model_validate(
        {
            "check": {"kind": "matches", "column": "currency", "pattern": "("},
            "severity": "fail",
            "must": "be",
            "reason": "is not",
        }
    )
    with pytest.raises(suite.BrokenExpectation, match="parentheses"):
        suite.run(engine, f"orders_{batch_id}", "t", {"odd": rule}, Facts(LONG_AGO))


def test_too_many_bad_records_stop_the_batch(engine: Engine) -> None:
    rows = [order(order_number=f"A{n}", quantity=n % 3 - 1) for n in range(30)]
    batch_id = stage(engine, "orders", rows)
    with pytest.raises(TooManyBadRows) as stop:
        validate(engine, batch_id)
    assert "20 of 30 records (67%) of shop/orders are bad" in str(stop.value)
    assert "the quantity … is not a positive number (20)" in str(stop.value)
    assert f"regulars quarantine list --batch {batch_id}" in str(stop.value)
    assert get(engine, "select state from batch") == [("stopped",)]
    assert get(engine, "select count(*) from quarantine") == [(20,)]
    with pytest.raises(NotValidated, match="too much of it is bad"):
        load(engine, batch_id)


def test_a_stopped_batch_goes_on_when_a_person_accepts_it(engine: Engine) -> None:
    rows = [order(order_number=f"A{n}", quantity=n % 3 - 1) for n in range(30)]
    batch_id = stage(engine, "orders", rows)
    with pytest.raises(TooManyBadRows):
        validate(engine, batch_id)
    counts = accept(engine, batch_id, because="known fault")
    assert (counts.records, counts.loaded, counts.quarantined) == (30, 10, 20)
    assert validate(engine, batch_id).quarantined == 20


def test_a_stopped_batch_goes_on_when_its_rows_were_put_right(engine: Engine) -> None:
    rows = [order(order_number=f"A{n}", quantity=n % 3 - 1) for n in range(30)]
    batch_id = stage(engine, "orders", rows)
    for _ in range(2):
        with pytest.raises(TooManyBadRows):
            validate(engine, batch_id)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"update staging.orders_{batch_id} set quantity = 1 where record_no > 3"
        )
    assert validate(engine, batch_id).quarantined == 2
    assert load(engine, batch_id).loaded == 28
    assert get(
        engine,
        "select resolution, count(*) from quarantine group by 1 order by 2",
    ) == [(None, 2), ("superseded", 18)]


def test_a_stopped_batch_does_not_stand_in_the_way_of_the_next(
    engine: Engine,
) -> None:
    rows = [order(order_number=f"A{n}", quantity=-1) for n in range(30)]
    stopped = stage(engine, "orders", rows)
    with pytest.raises(TooManyBadRows):
        validate(engine, stopped)
    stage(engine, "orders", [order()], state="landing")
    assert accept(engine, stopped, because="known fault").quarantined == 30


def test_a_judgement_that_broke_off_leaves_nothing_to_load(engine: Engine) -> None:
    batch_id = stage(engine, "orders", [order(quantity=-1)])
    validate(engine, batch_id)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"alter table staging.orders_{batch_id} drop column paid_at"
        )
    with pytest.raises(suite.BrokenExpectation):
        validate(engine, batch_id)
    with pytest.raises(NotValidated):
        load(engine, batch_id)


def test_a_batch_that_is_still_landing_is_not_judged(engine: Engine) -> None:
    with pytest.raises(NotLanded, match="still landing"):
        validate(engine, stage(engine, "orders", [], state="landing"))


def test_an_empty_batch_does_not_wait_for_great_expectations(
    engine: Engine, database_url: str
) -> None:
    batch_id = stage(engine, "orders", [])
    program = (
        "import sys; from tasks import database;"
        "from tasks.ingest.validate import validate;"
        f"print(validate(database.engine({database_url!r}), {batch_id}).records,"
        " 'great_expectations' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "False"]
    assert load(engine, batch_id).records == 0


def test_its_page_opens_without_a_network(engine: Engine, tmp_path: Path) -> None:
    rows = [order(), order(order_number="B", quantity=-1)]
    verdict = validate(engine, stage(engine, "orders", rows), tmp_path / "docs")
    assert verdict.page
    page = verdict.page.read_text()
    assert "the quantity is a positive number" in page
    assert "1 of 2 records" in page
    index = (tmp_path / "docs" / "index.html").read_text()
    assert f'href="{verdict.page.name}"' in index
    for content in (page, index):
        assert not re.search(r"<script|(src|href)=.?(https?:)?//", content)


def test_it_sees_the_home_currency_as_known(engine: Engine) -> None:
    assert "REGULARS_HOME_CURRENCY" not in os.environ
    verdict = validate(engine, stage(engine, "orders", [order(currency="GBP")]))
    assert verdict.warnings == {
        "the currency … has no rate, so it cannot be compared": 1
    }
