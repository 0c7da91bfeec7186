"""Mapping files: those that are shipped work, and wrong ones say where."""

import csv
import gzip
import json
import re
import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from connectors.base import SourceRefused
from connectors.files import Feed, FileStream, entities, mapping_file

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "connectors" / "sandbox" / "shop"
REAL = ROOT.parent / "shared" / "data" / "uci_online_retail"
NOW = datetime(2011, 12, 10, tzinfo=UTC)
GOOD = """\
description: people
time_zone: Asia/Shanghai
streams:
  people:
    entity: customers
    columns:
      phone: mobile
"""


def rows(path: Path, mapping: str, stream: str) -> list[dict[str, Any]]:
    feed = Feed(str(path), mapping_file.load(mapping), settle_seconds=0)
    opened = FileStream("shop", stream, feed)
    found = [row for page in opened.pull(None, NOW) for row in page.records]
    return [dict(zip(opened.columns, row, strict=True)) for row in found]


class TestErrors:
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            (
                "phone: mobile",
                "fone: mobile",
                "people.yaml:4: streams.people: customers have no column 'fone'; did "
                "you mean 'phone'?",
            ),
            ("time_zone:", "timezone:", "people.yaml:2: timezone"),
            ("Shanghai", "Shangai", "people.yaml:2: time_zone 'Asia/Shangai': is not"),
            (
                "entity: customers",
                "entity: orders",
                "orders need a column or a",
            ),
            (
                "mobile",
                "{words: {a: b}}",
                "needs exactly one of `from`, ",
            ),
            ("mobile", "{from: m, words: {yes: a}}", "write them in quotes"),
            (
                "columns:",
                "columns: {}\n    columns:",
                "yaml:7: 'columns' is here",
            ),
            ("mobile", "no", "people.yaml:7: streams.people.columns.phone"),
            ("description:", "description", "people.yaml:"),
            (
                "  people:",
                "  others: {entity: customers, columns: {phone: m}}\n  people:",
                "several streams need a `split`",
            ),
        ],
    )
    def test_an_error_names_file_line_key_and_way_out(
        self, old: str, new: str, said: str
    ) -> None:
        assert mapping_file.parse(GOOD, "people.yaml")
        with pytest.raises(SourceRefused) as caught:
            mapping_file.parse(GOOD.replace(old, new, 1), "people.yaml")
        assert said in str(caught.value)

    def test_an_unknown_status_is_refused(self) -> None:
        text = mapping_file._place("uci_online_retail").read_text(encoding="utf-8")
        with pytest.raises(SourceRefused, match=r"status 'done' is unknown; allow"):
            mapping_file.parse(text.replace("finished, c", "done, c"), "x.yaml")


class TestShipped:
    @pytest.mark.parametrize("name", mapping_file.shipped())
    def test_it_is_valid_and_documented(self, name: str) -> None:
        mapping = mapping_file.load(name)
        readme = (ROOT / "connectors" / "mappings" / "README.md").read_text("utf-8")
        assert f"`{name}`" in readme
        assert mapping.description

    def test_columns_are_those_of_staging(self, connection: Connection) -> None:
        always = {"record_no", "place", "problem", "raw", "repeat_of", "nobody"}
        json_columns = {"more_identifiers", "tags", "consents"}
        for entity in entities.REQUIRED:
            found = connection.execute(
                text(
                    "select attname from pg_attribute where attnum > 0"
                    " and attrelid = cast(:name as regclass)"
                ),
                {"name": f"staging.{entity}"},
            ).scalars()
            assert set(found) - always - json_columns == set(
                entities.columns_of(entity)
            )


class TestSample:
    def test_all_its_lines_are_read(self) -> None:
        path = SHOP / "online_retail_sample.csv.gz"
        orders = rows(path, "uci_online_retail", "orders")
        refunds = rows(path, "uci_online_retail", "refunds")
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            lines = len(list(csv.reader(file))) - 1
        assert len(orders) + len(refunds) == lines > 45_000
        assert not [row for row in orders + refunds if row["problem"]]
        assert all(row["refund_number"][0] == "C" for row in refunds)
        assert all(float(row["amount"]) >= 0 for row in refunds)
        assert not [row for row in orders if "." in (row["buyer_id"] or "")]
        assert path.stat().st_size < 900_000

    def test_its_people_bought_in_it(self) -> None:
        orders = rows(
            SHOP / "online_retail_sample.csv.gz", "uci_online_retail", "orders"
        )
        people = rows(SHOP / "contacts.csv", "contacts", "customers")
        good = [row for row in people if row["problem"] is None]
        assert len(people) - len(good) == 2, "two lines are spoilt on purpose"
        buyers = {row["buyer_id"] for row in orders} - {None}
        assert len(buyers - {row["buyer_id"] for row in people}) <= 2
        phones = Counter(row["phone"] for row in good)
        assert phones["+86 138 0000 9999"] > 5, "the phone of an office"
        emails = [row["email"] for row in good if row["email"]]
        assert all(re.search(r"(@|\(at\))example\.(com|org)$", one) for one in emails)
        consents = [json.loads(row["consents"])["email"] for row in good]
        assert 0.7 < sum(consents) / len(good) < 0.9

    def test_its_people_follow_from_its_orders(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copy(SHOP / "online_retail_sample.csv.gz", tmp_path)
        monkeypatch.chdir(tmp_path)
        readme = (SHOP / "README.md").read_text(encoding="utf-8")
        program = re.search(r"```python\n(.*?)```", readme, re.DOTALL)
        assert program
        exec(program[1], {})
        made = (tmp_path / "contacts.csv").read_bytes()
        assert made == (SHOP / "contacts.csv").read_bytes()


@pytest.mark.skipif(not REAL.exists(), reason="the whole data set is not here")
class TestWholeData:
    def test_every_line_is_in_one_stream(self) -> None:
        path = REAL / "by_day.tar.gz"
        feed = Feed(str(path), mapping_file.load("uci_online_retail"), 0)
        counts = {}
        for name in feed.mapping.streams:
            stream = FileStream("shop", name, feed)
            counts[name] = 0
            for page in stream.pull(None, NOW):
                counts[name] += len(page.records)
                assert not [row for row in page.records if row[1] is not None]
        assert counts == {"orders": 532_621, "refunds": 9_288}
