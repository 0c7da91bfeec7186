"""The rules as data: read strictly, and every fault named with its place."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from tasks.ingest.expectations import BadRules, Rules, rules

ENTITIES = ("orders", "refunds", "reviews", "customers", "interactions")

GOOD = """\
stop_over: 20%
stop_from: 10
rules:
  has_price:
    check: {kind: filled, column: unit_price}
    severity: fail
    must: the line has a price
    reason: the price of {product_id} is missing
"""


def read(folder: Path, content: str) -> Rules:
    """The rules that `content` gives."""
    path = folder / "orders.yaml"
    path.write_text(content)
    return rules("orders", path)


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_rule_of_ours_reads_columns_that_are_staged(
    engine: Engine, entity: str
) -> None:
    columns = {
        str(one["name"]) for one in inspect(engine).get_columns(entity, "staging")
    }
    for name, rule in rules(entity).rules.items():
        assert rule.columns <= columns, name


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_reason_tells_people_what_is_wrong(entity: str) -> None:
    for name, rule in rules(entity).rules.items():
        assert rule.reason != rule.must, name
        assert "_" not in rule.reason_in_general, name


def test_a_rule_is_read_with_its_reason(tmp_path: Path) -> None:
    rule = read(tmp_path, GOOD).rules["has_price"]
    assert rule.columns == {"unit_price", "problem", "product_id"}
    assert rule.reason_in_general == "the price of … is missing"


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("20%", "0.2", r"orders\.yaml:1: .*stop_over.*write a share"),
        ("20%", "200%", r":1: .*write a share above 0% and up to 100%"),
        ("10", "0", r":2: .*stop_from"),
        ("kind: filled", "kind: fild", r":5: .*fild.*'any_filled'"),
        ("column: unit", "colum: unit", r":5: unknown key .*did you mean .column"),
        ("severity: fail", "severity: stop", r":6: .*severity.*'fail' or 'warn'"),
        ("must: the line has a price", "must: ''", r":7: .*must say something"),
        ("    severity: fail\n", "", r":4: .*has_price.*severity.*missing"),
        ("{kind: filled,", "{kind: between,", r":5: .*needs `min`, `above` or"),
        ("rules:", "rule:", r":3: unknown key .rule.; did you mean .rules"),
    ],
)
def test_a_fault_is_named_with_its_line_and_key(
    tmp_path: Path, good: str, bad: str, message: str
) -> None:
    assert good in GOOD
    with pytest.raises(BadRules) as caught:
        read(tmp_path, GOOD.replace(good, bad, 1))
    assert re.search(message, str(caught.value)), caught.value


def test_one_bad_record_of_three_stops_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert not found.stops(records=3, failing=1)
    assert not found.stops(records=9, failing=9)
    assert not found.stops(records=50, failing=10)
    assert found.stops(records=49, failing=10)
