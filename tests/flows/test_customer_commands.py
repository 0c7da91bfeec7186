"""What people type: customers, segments, tags and facts from the terminal."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text

from flows.cli import main
from tasks.people import facts, identify, segments, tags


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables as wide as they like."""
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def shop(home: Path, engine: Engine) -> Engine:
    """Two customers; 13800000000 bought once, a day ago."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into identifiers (kind, scope, value) values"
                " ('phone', '', '8613800000000'), ('buyer', 'shop', 'b2')"
            )
        )
    now = datetime.now(UTC)
    identify.identify(engine, now)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into orders (source, order_number, status, ordered_at,"
                " updated_at, currency, amount, customer_id)"
                " values ('shop', '1', 'paid', :at, :at, 'CNY', 100, 1)"
            ),
            {"at": now - timedelta(days=1)},
        )
    facts.refresh(engine, now)
    segments.refresh(engine, now)
    tags.refresh(engine, now)
    return engine


def regulars(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_a_customer_is_found_by_phone_and_shown_whole(shop: Engine) -> None:
    shown = regulars("customers", "show", "138 0000 0000")
    assert shown.exit_code == 0
    assert "customer 1" in shown.output and "100.00" in shown.output
    assert "8613800000000" in shown.output and "new" in shown.output


def test_nobody_is_found_and_told_how_to_ask(shop: Engine) -> None:
    shown = regulars("customers", "show", "nobody@x.cn")
    assert shown.exit_code == 1
    assert "'nobody@x.cn': give an id, a phone number" in shown.output


def test_a_merge_is_listed_undone_and_redone(shop: Engine) -> None:
    with shop.begin() as connection:
        connection.execute(
            text(
                "insert into identifier_links"
                " (identifier_a, identifier_b, source, evidence)"
                " select min(identifier_id), max(identifier_id), 'shop', 'order 7'"
                " from identifiers"
            )
        )
    identify.identify(shop, datetime.now(UTC))
    assert "order 7" in regulars("customers", "merges").output
    undone = regulars("customers", "undo", "1", "--because", "father and son")
    assert "customers 1 and 2 are two people again" in undone.output
    assert "father and son" in regulars("customers", "merges", "2").output
    again = regulars("customers", "undo", "1", "--because", "x")
    assert again.exit_code == 1 and "nothing is left to do" in again.output
    redone = regulars("customers", "undo", "1", "--because", "x", "--redo")
    assert "1 merged" in redone.output


def test_junk_is_marked_listed_and_trusted_again(shop: Engine) -> None:
    phone = ("phone", "8613800000000")
    marked = regulars("customers", "junk", *phone, "--because", "ours")
    assert marked.exit_code == 0
    assert "ours" in regulars("customers", "junk").output
    trusted = regulars("customers", "junk", *phone, "--not-junk")
    assert trusted.exit_code == 0
    assert "8613800000000" not in regulars("customers", "junk").output


def test_what_a_customer_says_is_noted_and_shown(shop: Engine) -> None:
    said = ("customers", "consent", "13800000000")
    because = ("--because", "on the phone", "--who", "lin")
    assert "noted: customer 1, profiling: no" in (
        regulars(*said, "profiling", "no", *because).output
    )
    assert "known before" in regulars(*said, "profiling", "no", *because).output
    assert regulars(*said, "email", "yes", *because).exit_code == 0
    assert regulars(*said, "marketing", "no", *because).exit_code == 0
    shown = regulars("customers", "show", "1").output
    assert re.search(r"profiling .* no .* staff .* told lin: on the phone", shown)
    assert re.search(r" email .* no ", shown) and " yes " not in shown
    wrong = regulars(*said, "profilng", "no", *because)
    assert wrong.exit_code == 1 and 'did you mean "profiling"?' in wrong.output
    nobody = regulars("customers", "consent", "x@y.cn", "email", "no", *because)
    assert nobody.exit_code == 1 and "'x@y.cn': give an id" in nobody.output


def test_segments_are_listed_shown_and_explained(shop: Engine) -> None:
    listed = regulars("segments", "list").output
    assert "Who bought once, and so lately" in listed and "1" in listed
    shown = regulars("segments", "show", "vip").output
    assert "spends_like_the_top" in shown and "vip_spent: 100" in shown
    explained = regulars("segments", "explain", "1").output
    assert "bought_once: yes" in explained
    unknown = regulars("segments", "show", "vips")
    assert unknown.exit_code == 1 and "there is no segment 'vips'" in unknown.output


def test_tags_are_given_one_by_one_or_from_a_file(shop: Engine, home: Path) -> None:
    assert regulars("tags", "add", "1", "茶友", "--who", "lin").exit_code == 0
    assert "茶友" in regulars("tags", "show", "1").output
    assert "茶友" in regulars("tags", "list").output
    file = home / "tags.csv"
    file.write_text("customer,tag\n2,送礼\n99,送礼\n", encoding="utf-8-sig")
    given = regulars("tags", "add", "--file", str(file), "--who", "lin")
    assert given.exit_code == 1 and "1 tags given" in given.output
    assert "left out: 99 (line 3)" in given.output
    file.write_text("customer,tag\n2,送礼\n", encoding="gbk")
    assert "not UTF-8" in regulars("tags", "add", "--file", str(file)).output
    assert regulars("tags", "remove", "2", "送礼").exit_code == 0
    assert "no staff tag '送礼'" in regulars("tags", "remove", "2", "送礼").output


def test_facts_are_checked_and_mended(shop: Engine) -> None:
    assert "all customers are what" in regulars("facts", "check").output
    with shop.begin() as connection:
        connection.execute(text("update customer_facts set points = 7"))
    checked = regulars("facts", "check")
    assert checked.exit_code == 1 and "points" in checked.output
    assert "2 customers computed" in regulars("facts", "refresh", "--full").output
    assert regulars("facts", "check").exit_code == 0


def test_a_rate_lets_a_currency_in(shop: Engine) -> None:
    with shop.begin() as connection:
        connection.execute(text("update orders set currency = 'GBP'"))
    refused = regulars("facts", "refresh")
    assert refused.exit_code == 1 and "regulars facts rate GBP AMOUNT" in refused.output
    assert regulars("facts", "rate", "GBP", "0").exit_code == 1
    assert regulars("facts", "rate", "gbp", "9.8").exit_code == 0
    assert "1 customers computed" in regulars("facts", "refresh").output
