"""Facts: what is known of each customer, and that little work gives the same rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.people import facts, identify

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)
STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")


def execute(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def facts_of(engine: Engine, customer_id: int) -> Any:
    with engine.connect() as connection:
        return (
            connection.execute(
                text("select * from customer_facts where customer_id = :id"),
                {"id": customer_id},
            )
            .mappings()
            .one()
        )


def a_customer(engine: Engine, *identifiers: str) -> int:
    """A customer known by identifiers that are written `kind value`."""
    [[customer_id]] = execute(
        engine, "insert into customers default values returning customer_id"
    )
    for identifier in identifiers or ("buyer b1",):
        kind, value = identifier.split(" ")
        execute(
            engine,
            "insert into identifiers (kind, scope, value, customer_id)"
            " values (:kind, '', :value, :id)",
            kind=kind,
            value=value,
            id=customer_id,
        )
    return int(customer_id)


def bought(
    engine: Engine,
    customer_id: int,
    days_ago: float = 0,
    amount: float = 100,
    status: str = "finished",
    currency: str = "CNY",
    lines: tuple[tuple[str, str | None, float], ...] = (),
) -> int:
    """An order of a customer; lines are (title, category, quantity)."""
    [[order_id]] = execute(
        engine,
        "insert into orders (source, order_number, status, ordered_at, updated_at,"
        " currency, amount, customer_id) values ('shop', gen_random_uuid(), :status,"
        " :at, :at, :currency, :amount, :id) returning order_id",
        status=status,
        at=AS_OF - timedelta(days=days_ago),
        currency=currency,
        amount=amount,
        id=customer_id,
    )
    for number, (title, category, quantity) in enumerate(lines):
        execute(
            engine,
            "insert into order_lines (order_id, line_key, product_title, category,"
            " quantity, unit_price, amount) values"
            " (:id, :number, :title, :category, :quantity, 1, :quantity)",
            id=order_id,
            number=number,
            title=title,
            category=category,
            quantity=quantity,
        )
    return int(order_id)


def refunded(
    engine: Engine, customer_id: int, order_id: int | None, amount: float, status: str
) -> None:
    execute(
        engine,
        "insert into refunds (source, refund_number, order_id, status, requested_at,"
        " updated_at, currency, amount, customer_id) values ('shop',"
        " gen_random_uuid(), :order, :status, :at, :at, 'CNY', :amount, :id)",
        order=order_id,
        status=status,
        at=AS_OF,
        amount=amount,
        id=customer_id,
    )


def refresh(engine: Engine, full: bool = False) -> int:
    return facts.refresh(engine, AS_OF, full, standards=STANDARDS)


def test_only_orders_that_were_paid_for_count(engine: Engine) -> None:
    one = a_customer(engine)
    for status in ("unpaid", "cancelled", "paid", "finished", "refunded"):
        bought(engine, one, amount=100, status=status)
    refresh(engine)
    found = facts_of(engine, one)
    assert found["orders_count"] == 3
    assert found["spent"] == 200 and found["average_order"] == 100


def test_money_given_back_is_not_spent_and_is_taken_off_once(engine: Engine) -> None:
    one = a_customer(engine)
    refunded(engine, one, bought(engine, one, amount=100), 30, "refunded")
    refunded(engine, one, bought(engine, one, status="refunded"), 100, "refunded")
    refunded(engine, one, bought(engine, one, status="cancelled"), 100, "refunded")
    refunded(engine, one, bought(engine, one, amount=50), 50, "open")
    refunded(engine, one, None, 5, "refunded")
    refresh(engine)
    found = facts_of(engine, one)
    assert found["spent"] == 100 - 30 + 50 - 5
    assert found["refunds_count"] == 5 and found["open_refunds"] == 1
    assert found["refunded"] == 235


def test_money_is_compared_in_the_home_currency(engine: Engine) -> None:
    one = a_customer(engine)
    bought(engine, one, amount=100, currency="GBP")
    bought(engine, one, amount=100, currency="CNY")
    facts.set_rate(engine, "GBP", Decimal("9.8"), AS_OF)
    refresh(engine)
    assert facts_of(engine, one)["spent"] == 1080
    facts.set_rate(engine, "GBP", Decimal(10), AS_OF)
    assert refresh(engine) == 1
    assert facts_of(engine, one)["spent"] == 1100


def test_a_currency_without_a_rate_is_named_and_nothing_is_lost(
    engine: Engine,
) -> None:
    one = a_customer(engine)
    bought(engine, one, currency="GBP")
    with pytest.raises(facts.CurrencyUnknown, match=r"'GBP' \(1\).*facts rate GBP"):
        refresh(engine)
    facts.set_rate(engine, "GBP", Decimal(10), AS_OF)
    refresh(engine)
    assert facts_of(engine, one)["spent"] == 1000


def test_the_rhythm_is_the_median_gap_between_days_of_ordering(engine: Engine) -> None:
    one = a_customer(engine)
    for days_ago in (100, 90, 90.1, 50, 40):
        bought(engine, one, days_ago)
    two = a_customer(engine, "buyer b2")
    for days_ago in (30, 20, 20):
        bought(engine, two, days_ago)
    refresh(engine)
    assert facts_of(engine, one)["buying_interval"] == timedelta(days=10)
    assert facts_of(engine, two)["buying_interval"] is None


def test_the_favourite_is_what_was_ordered_most_often(engine: Engine) -> None:
    one = a_customer(engine)
    bought(engine, one, 9, lines=(("tea", "drinks", 1), ("mug", "home", 50)))
    bought(engine, one, 8, lines=(("tea", "drinks", 1), ("gone", None, -9)))
    bought(engine, one, 1, status="cancelled", lines=(("hat", "wear", 1),))
    refresh(engine)
    found = facts_of(engine, one)
    assert found["favourite_product"] == "tea" and found["last_category"] == "drinks"


def test_the_newest_address_that_may_be_written_to_is_the_best(engine: Engine) -> None:
    one = a_customer(engine, "email old@x.cn", "email new@x.cn", "phone 861")
    refresh(engine)
    assert facts_of(engine, one)["email"] == "new@x.cn"
    assert facts_of(engine, one)["phone"] == "861"
    execute(
        engine,
        "insert into suppressions (channel, address, reason, evidence)"
        " values ('mail', 'new@x.cn', 'bounced', 'x')",
    )
    assert refresh(engine) == 1
    assert facts_of(engine, one)["email"] == "old@x.cn"


def test_what_nobody_said_is_as_the_shop_has_it(engine: Engine) -> None:
    one = a_customer(engine)
    refresh(engine)
    found = facts_of(engine, one)
    assert (found["language"], found["timezone"]) == ("zh", "Asia/Shanghai")
    english = facts.Standards("CNY", "en", "Europe/London")
    assert facts.refresh(engine, AS_OF, standards=english) == 1
    assert facts_of(engine, one)["language"] == "en"


def test_a_merged_customer_has_no_facts_and_the_other_has_all(engine: Engine) -> None:
    one, two = a_customer(engine), a_customer(engine, "buyer b2")
    bought(engine, one)
    bought(engine, two)
    refresh(engine)
    execute(
        engine,
        "insert into identifier_links (identifier_a, identifier_b, source, evidence)"
        " select min(identifier_id), max(identifier_id), 'shop', 'x' from identifiers",
    )
    identify.identify(engine, AS_OF)
    refresh(engine)
    assert facts_of(engine, one)["orders_count"] == 2
    assert execute(engine, "select customer_id from customer_facts") == [(one,)]


def test_only_touched_customers_are_computed(engine: Engine) -> None:
    one = a_customer(engine)
    a_customer(engine, "buyer b2")
    assert refresh(engine) == 2
    assert refresh(engine) == 0
    bought(engine, one)
    assert refresh(engine) == 1
    assert refresh(engine, full=True) == 2


def test_a_wrong_fact_is_found_by_the_check_and_mended_by_a_rebuild(
    engine: Engine,
) -> None:
    one = a_customer(engine)
    refresh(engine)
    assert facts.check(engine, AS_OF, standards=STANDARDS) == []
    execute(engine, "update customer_facts set points = 7")
    assert facts.check(engine, AS_OF, standards=STANDARDS) == [
        facts.Difference(one, "points", "7", "0")
    ]
    refresh(engine, full=True)
    assert facts.check(engine, AS_OF, sample=1, standards=STANDARDS) == []


def test_wrong_words_are_found_by_the_check_and_mended(engine: Engine) -> None:
    one = a_customer(engine, "email a@shop.example", "phone 8613800000001")
    other = a_customer(engine, "email b@shop.example")
    execute(
        engine,
        "insert into consents (identifier_id, channel, purpose, is_granted, source,"
        " evidence, decided_at) select identifier_id, 'email', 'marketing',"
        " value like 'a%', 'shop', 'order', :at from identifiers",
        at=AS_OF,
    )
    # Nobody was read yet: what waits is not wrong.
    assert facts.check(engine, AS_OF, standards=STANDARDS) == []
    identify.identify(engine, AS_OF)
    refresh(engine)
    assert facts.check(engine, AS_OF, standards=STANDARDS) == []
    execute(engine, "update customers set agreed_to = '{profiling}', refused = '{}'")
    refresh(engine)
    assert facts.check(engine, AS_OF, standards=STANDARDS) == [
        facts.Difference(one, "agreed_to", "{profiling}", "{}"),
        facts.Difference(one, "refused", "{}", '{"marketing email"}'),
        facts.Difference(other, "agreed_to", "{profiling}", "{}"),
        facts.Difference(other, "refused", "{}", '{"marketing email"}'),
    ]
    identify.read_everybody(engine)
    refresh(engine)
    assert facts.check(engine, AS_OF, standards=STANDARDS) == []


def test_a_stray_row_is_found_by_the_check(engine: Engine) -> None:
    one = a_customer(engine)
    refresh(engine)
    execute(engine, "update customer_facts set customer_id = customer_id + 1")
    found = facts.check(engine, AS_OF, standards=STANDARDS)
    assert {row.customer_id for row in found} == {one, one + 1}


def test_the_facts_of_a_moment_in_the_past(engine: Engine) -> None:
    one = a_customer(engine, "phone 8613800000001")
    execute(engine, "update identifiers set first_seen_at = '2000-01-01'")
    early = bought(engine, one, days_ago=90, amount=100)
    bought(engine, one, days_ago=10, amount=70)
    refunded(engine, one, early, 30, "refunded")
    with engine.begin() as connection:
        moment = AS_OF - timedelta(days=30)
        found = facts.then(connection, one, moment, STANDARDS)
    assert found is not None
    assert (found["orders_count"], found["spent"], found["last_order_id"]) == (
        1,
        100,
        early,
    )
    with engine.begin() as connection:
        now = facts.then(connection, one, AS_OF, STANDARDS)
    refresh(engine)
    assert dict(now or {}) == dict(facts_of(engine, one))
    with engine.begin() as connection:
        assert facts.then(connection, 999, AS_OF, STANDARDS) is None
