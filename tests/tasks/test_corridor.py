"""Real order lines end in the same rows, in one go or day after day."""

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors import files
from tasks import database
from tasks.ingest.land import land
from tasks.ingest.load import Counts, load
from tasks.ingest.validate import validate
from tasks.people import facts, identify, segments, tags
from tasks.people.facts import Standards

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "connectors/sandbox/shop/online_retail_sample.csv.gz"
AS_OF = datetime(2011, 1, 20, 9, tzinfo=UTC)
STANDARDS = Standards("GBP", "en", "Europe/London")
DAYS = 12

# Everything that ids of ours do not appear in.
ORDERS = "select order_number, status, ordered_at, amount, currency from orders"
LINES = """
select orders.order_number, product_id, quantity, unit_price, order_lines.amount
from order_lines inner join orders using (order_id)
"""
REFUNDS = "select refund_number, status, requested_at, amount from refunds"
REFUSED = "select record_key, reasons from quarantine where resolved_at is null"
FACTS = """
select identifiers.value, orders_count, spent, first_order_at, last_order_at,
    favourite_product, refunded
from customer_facts inner join identifiers using (customer_id)
"""
SEGMENTS = """
select identifiers.value, segment
from segment_members inner join identifiers using (customer_id)
where left_at is null
"""
TAGS = """
select identifiers.value, tag, tags.value
from tags inner join identifiers using (customer_id)
"""
QUESTIONS = (ORDERS, LINES, REFUNDS, REFUSED, FACTS, SEGMENTS, TAGS)


@pytest.fixture(scope="module")
def by_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first days of the sample, a file each, and all of them in one file."""
    folder = tmp_path_factory.mktemp("days")
    with gzip.open(SAMPLE, "rt", newline="", encoding="utf-8") as opened:
        header, *lines = csv.reader(opened)
    day = header.index("InvoiceDate")
    names = sorted({line[day][:10] for line in lines})[:DAYS]
    write(folder / "all.csv", header, [one for one in lines if one[day][:10] in names])
    (folder / "days").mkdir()
    for name in names:
        of_day = [one for one in lines if one[day].startswith(name)]
        write(folder / "days" / f"{name}.csv", header, of_day)
    return folder


def test_day_by_day_ends_in_the_rows_of_one_go(
    engine: Engine, server_url: str, by_day: Path
) -> None:
    ingested(engine, str(by_day / "all.csv"))
    refreshed(engine, AS_OF)
    with database.scratch("regulars_by_day", server_url) as address:
        other = database.engine(address)
        for file in sorted((by_day / "days").iterdir()):
            ingested(other, str(file))
            refreshed(other, datetime.fromisoformat(f"{file.stem}T23:00+00:00"))
        # A month later: limits such as "the top 5 %" are taken anew in both.
        refreshed(other, AS_OF)
        for question in QUESTIONS:
            assert answers(other, question) == answers(engine, question)


def test_a_second_run_changes_nothing(engine: Engine, by_day: Path) -> None:
    first = ingested(engine, str(by_day / "all.csv"))
    assert first.loaded and first.quarantined
    assert first.records == first.loaded + first.unchanged + first.quarantined
    before = [answers(engine, question) for question in QUESTIONS]
    assert ingested(engine, str(by_day / "all.csv")).records == 0
    # The same lines in another file are other bytes, and nothing new.
    again = ingested(engine, str(by_day / "days" / "*.csv"))
    assert (again.loaded, again.unchanged) == (0, first.loaded + first.unchanged)
    assert [answers(engine, question) for question in QUESTIONS] == before


def test_every_line_that_was_refused_has_its_reason(
    engine: Engine, by_day: Path
) -> None:
    refused = ingested(engine, str(by_day / "all.csv")).quarantined
    found = answers(engine, REFUSED)
    assert sum(found.values()) == refused
    assert all(reasons for _, reasons in found)


def ingested(engine: Engine, path: str) -> Counts:
    """Both streams of the files landed, validated and loaded; their counts together."""
    feed = {"path": path, "mapping": "uci_online_retail", "settle_seconds": 0}
    config = files.Config.model_validate({"feeds": [feed]})
    total = Counter[str]()
    for stream in files.streams("shop", config):
        batch_id = land(engine, stream, datetime.now(UTC))
        validate(engine, batch_id, None)
        counts = load(engine, batch_id)
        total.update({name: getattr(counts, name) for name in COUNTED})
    return Counts(**{name: total[name] for name in COUNTED})


COUNTED = ("records", "loaded", "unchanged", "quarantined")


def refreshed(engine: Engine, as_of: datetime) -> None:
    """Who is who, facts, tags and segments."""
    identify.identify(engine, as_of)
    facts.refresh(engine, as_of, standards=STANDARDS)
    tags.refresh(engine, as_of)
    segments.refresh(engine, as_of)


def answers(engine: Engine, question: str) -> Counter[Any]:
    with engine.connect() as connection:
        return Counter(plain(row) for row in connection.execute(text(question)))


def plain(row: Any) -> tuple[Any, ...]:
    return tuple(tuple(one) if isinstance(one, list) else one for one in row)


def write(file: Path, header: list[str], lines: list[list[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows([header, *lines])


def test_the_sample_holds_what_real_shops_hold() -> None:
    """Otherwise the tests above would prove little."""
    with gzip.open(SAMPLE, "rt", newline="", encoding="utf-8") as opened:
        lines = list(csv.DictReader(opened))
    assert any(line["InvoiceNo"].startswith("C") for line in lines)
    assert any(not line["CustomerID"] for line in lines)
    assert any(Decimal(line["UnitPrice"]) == 0 for line in lines)
    assert max(Counter(map(str, lines)).values()) > 1
