"""Loading what is said of people: identifiers, refunds, reviews, profiles, visits."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from loading import MORNING, get, order, put
from sqlalchemy import Engine

from tasks.ingest.load import Counts


def test_it_knows_people_by_normal_identifiers(engine: Engine) -> None:
    more = [{"kind": "openid", "scope": "wx1", "value": " o_1 "}]
    person = {"phone": "+86 138-0000-0000", "email": " Li@Example.CN "}
    put(engine, "orders", [order(**person, more_identifiers=more)])
    assert get(engine, "select kind, scope, value from identifiers order by 1") == [
        ("buyer", "shop", "b1"),
        ("email", "", "li@example.cn"),
        ("openid", "wx1", "o_1"),
        ("phone", "", "8613800000000"),
    ]
    linked = "select distinct a.kind from identifier_links join identifiers a on"
    assert len(get(engine, "select 1 from identifier_links")) == 3
    assert get(engine, f"{linked} a.identifier_id = identifier_a") == [("buyer",)]
    assert get(engine, "select evidence from identifier_links limit 1") == [
        ("test line 1",)
    ]


def test_a_phone_is_kept_where_its_country_is_certain(engine: Engine) -> None:
    phones = {
        "13800000000": "8613800000000",
        "008613800000000": "8613800000000",
        "8613800000000": "8613800000000",
        "+44 7700 900123": "447700900123",
        "07700 900123": None,
        "138****0000": None,
        "": None,
    }
    for given, kept in phones.items():
        assert get(engine, f"select normal_phone('{given}')") == [(kept,)], given


def test_a_number_without_a_country_is_one_person_only_within_a_source(
    engine: Engine,
) -> None:
    for source in ("london", "leeds"):
        put(engine, "orders", [order(phone="07700 900123")], source=source)
    assert get(
        engine, "select scope, value from identifiers where kind = 'local_phone'"
    ) == [("london", "07700900123"), ("leeds", "07700900123")]


def test_a_masked_phone_is_nobody(engine: Engine) -> None:
    put(engine, "orders", [order(buyer_id=None, phone="138****0000")])
    assert get(engine, "select buyer_identifier_id from orders") == [(None,)]


def test_an_order_gets_the_customer_that_its_buyer_has(engine: Engine) -> None:
    put(engine, "orders", [order()])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "with one as (insert into customers default values returning customer_id)"
            " update identifiers set customer_id = one.customer_id from one"
        )
    put(engine, "orders", [order("B")])
    customers = get(engine, "select customer_id from orders where order_number = 'B'")
    assert customers == get(engine, "select customer_id from customers")


def test_a_known_buyer_is_never_unlearned(engine: Engine) -> None:
    put(engine, "orders", [order()])
    later = MORNING + timedelta(hours=1)
    put(engine, "orders", [order(buyer_id=None, updated_at=later, status="shipped")])
    assert get(engine, "select status, buyer_identifier_id is null from orders") == [
        ("shipped", False)
    ]


def refund(**more: Any) -> dict[str, Any]:
    """A row of a good refund."""
    return {
        "refund_number": "R",
        "order_number": "A",
        "status": "refunded",
        "requested_at": MORNING,
        "updated_at": MORNING,
        "currency": "CNY",
        "amount": "3",
    } | more


@pytest.mark.parametrize("first", ["orders", "refunds"])
def test_refunds_find_their_order_whichever_comes_first(
    engine: Engine, first: str
) -> None:
    records = {"orders": [order()], "refunds": [[refund(), refund(amount="4.50")]]}
    for entity in sorted(records, key=lambda entity: entity != first):
        put(engine, entity, records[entity])
    joined = (
        "select refunds.amount, refunds.buyer_identifier_id ="
        " orders.buyer_identifier_id from refunds join orders using (order_id)"
    )
    assert get(engine, joined) == [(Decimal("7.50"), True)]
    assert put(engine, "refunds", records["refunds"]) == Counts(1, 0, 1, 0)


def test_an_older_refund_changes_nothing(engine: Engine) -> None:
    later = MORNING + timedelta(hours=1)
    put(engine, "refunds", [refund(updated_at=later)])
    assert put(engine, "refunds", [refund(status="open")]) == Counts(1, 0, 1, 0)
    assert get(engine, "select status from refunds") == [("refunded",)]


def test_refund_lines_of_a_file_add_up(engine: Engine) -> None:
    by_line = {"record_key": ["refund_number", "line_id"]}
    counts = put(engine, "refunds", [refund(), refund(amount=4)], **by_line)
    assert counts == Counts(2, 2, 0, 0)
    assert get(engine, "select amount from refunds") == [(Decimal(7),)]


@pytest.mark.parametrize("first", ["orders", "reviews"])
def test_reviews_find_their_order_whichever_comes_first(
    engine: Engine, first: str
) -> None:
    review = {
        "review_number": "V",
        "order_number": "A",
        "rating": 4,
        "body": "好茶",
        "reviewed_at": MORNING,
    }
    records = {"orders": [order()], "reviews": [review]}
    for entity in sorted(records, key=lambda entity: entity != first):
        put(engine, entity, records[entity])
    assert get(engine, "select rating, order_id is null from reviews") == [(4, False)]
    assert put(engine, "reviews", [review, review | {"rating": 5}]).loaded == 1
    assert get(engine, "select rating from reviews") == [(5,)]


def profile(**more: Any) -> dict[str, Any]:
    """A row of a good profile."""
    return {
        "buyer_id": "b1",
        "name": "Li",
        "points": 5,
        "tags": {"vip": None},
        "consents": {"email": True},
        "registered_at": MORNING,
        "updated_at": MORNING,
    } | more


def test_a_profile_is_kept_once_with_its_tags(engine: Engine) -> None:
    assert put(engine, "customers", [profile()]) == Counts(1, 1, 0, 0)
    assert put(engine, "customers", [profile()]) == Counts(1, 0, 1, 0)
    earlier = MORNING - timedelta(days=1)
    old = profile(name="Old", updated_at=earlier)
    assert put(engine, "customers", [old]) == Counts(1, 0, 1, 0)
    assert get(engine, "select name, points, tags from profiles") == [
        ("Li", 5, {"vip": None})
    ]


def test_consents_grow_only_when_the_source_changes_its_mind(engine: Engine) -> None:
    for hour, is_granted in enumerate([True, True, False, True]):
        moment = MORNING + timedelta(hours=hour)
        said = profile(consents={"email": is_granted}, points=hour, updated_at=moment)
        put(engine, "customers", [said])
    assert get(engine, "select is_granted from consents order by consent_id") == [
        (True,),
        (False,),
        (True,),
    ]


def test_a_source_that_repeats_itself_does_not_undo_an_opt_out(engine: Engine) -> None:
    put(engine, "customers", [profile()])
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "insert into consents (identifier_id, channel, purpose, is_granted, source,"
            " evidence, decided_at) select identifier_id, 'email', 'marketing', false,"
            " 'unsubscribe', 'link', now() from identifiers"
        )
    put(engine, "customers", [profile(points=9, updated_at=MORNING + timedelta(1))])
    put(engine, "customers", [profile()], source="other")
    newest = "select is_granted from consents order by decided_at desc limit 1"
    assert get(engine, newest) == [(False,)]


def test_what_happened_is_never_rewritten(engine: Engine) -> None:
    visit = {
        "kind": "visit",
        "interaction_key": "1",
        "happened_at": MORNING,
        "buyer_id": "b1",
        "body": "first",
    }
    assert put(engine, "interactions", [visit, visit]) == Counts(2, 1, 1, 0)
    assert put(engine, "interactions", [visit | {"body": "second"}]).loaded == 0
    assert get(engine, "select body from interactions") == [("first",)]
