"""Identities: who is one person, who is not, and how a mistake is taken back."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from tasks import identify

AS_OF = datetime(2011, 12, 10, tzinfo=UTC)


def execute(engine: Engine, statement: str, **values: Any) -> list[Any]:
    with engine.begin() as connection:
        result = connection.execute(text(statement), values)
        return list(result) if result.returns_rows else []


def an_identifier(connection: Connection, kind: str, value: str) -> int:
    connection.execute(
        text(
            "insert into identifiers (kind, scope, value) values"
            " (:kind, case when :kind = 'buyer' then 'shop' else '' end, :value)"
            " on conflict do nothing"
        ),
        {"kind": kind, "value": value},
    )
    found = connection.execute(
        text("select identifier_id from identifiers where kind = :k and value = :v"),
        {"k": kind, "v": value},
    ).scalar_one()
    return int(found)


def saw(engine: Engine, *together: str) -> None:
    """A record showed these identifiers, written `kind value`, together."""
    with engine.begin() as connection:
        ids = [an_identifier(connection, *one.split(" ")) for one in together]
        for other in ids[1:]:
            connection.execute(
                text(
                    "insert into identifier_links"
                    " (identifier_a, identifier_b, source, evidence) values"
                    " (least(:a, :b), greatest(:a, :b), 'shop', 'order 1')"
                    " on conflict do nothing"
                ),
                {"a": ids[0], "b": other},
            )


def ordered(engine: Engine, number: str, buyer: str) -> None:
    execute(
        engine,
        "insert into orders (source, order_number, status, ordered_at, updated_at,"
        " currency, amount, buyer_identifier_id)"
        " select 'shop', :number, 'paid', :at, :at, 'CNY', 10, identifier_id"
        " from identifiers where value = :buyer",
        number=number,
        buyer=buyer,
        at=AS_OF,
    )


def people(engine: Engine) -> set[frozenset[str]]:
    """Who is one person: the sets of identifiers, as the database has them."""
    found = execute(
        engine,
        "select array_agg(kind || ' ' || value) from identifiers"
        " where not is_junk group by customer_id",
    )
    return {frozenset(values) for (values,) in found}


def customer_of(engine: Engine, value: str) -> int:
    found = execute(
        engine, "select customer_id from identifiers where value = :v", v=value
    )
    return int(found[0][0])


def buyers_of_orders(engine: Engine) -> dict[str, int]:
    found = execute(engine, "select order_number, customer_id from orders")
    return {row[0]: row[1] for row in found}


def test_identifiers_seen_together_are_one_customer(engine: Engine) -> None:
    saw(engine, "buyer b1", "phone 861", "email a@x.cn")
    saw(engine, "buyer b2")
    found = identify.identify(engine, AS_OF)
    assert found.new_customers == 2 and found.merges == 0
    assert people(engine) == {
        frozenset({"buyer b1", "phone 861", "email a@x.cn"}),
        frozenset({"buyer b2"}),
    }


def test_a_second_run_finds_nothing_to_do(engine: Engine) -> None:
    saw(engine, "buyer b1", "phone 861")
    identify.identify(engine, AS_OF)
    assert identify.identify(engine, AS_OF) == identify.Identified(0, 0, 0, 0, 0)


def test_the_oldest_customer_is_kept_and_the_merge_names_its_evidence(
    engine: Engine,
) -> None:
    saw(engine, "buyer b1", "phone 861")
    identify.identify(engine, AS_OF)
    oldest = customer_of(engine, "b1")
    saw(engine, "buyer b2", "email a@x.cn")
    ordered(engine, "n2", "b2")
    identify.identify(engine, AS_OF)
    younger = customer_of(engine, "b2")
    saw(engine, "email a@x.cn", "phone 861")
    assert identify.identify(engine, AS_OF).merges == 1
    assert customer_of(engine, "b2") == oldest
    assert buyers_of_orders(engine) == {"n2": oldest}
    [merge] = execute(
        engine, "select kept_id, merged_id, evidence, link_id from customer_merges"
    )
    assert merge[:3] == (oldest, younger, "order 1") and merge.link_id
    merged_into = execute(engine, "select customer_id, merged_into from customers")
    assert set(merged_into) == {(oldest, None), (younger, oldest)}


def test_both_sides_of_a_merge_are_touched(engine: Engine) -> None:
    saw(engine, "buyer b1")
    saw(engine, "buyer b2")
    identify.identify(engine, AS_OF)
    execute(engine, "delete from touched_customers")
    both = {customer_of(engine, "b1"), customer_of(engine, "b2")}
    saw(engine, "buyer b1", "buyer b2")
    identify.identify(engine, AS_OF)
    touched = execute(engine, "select distinct customer_id from touched_customers")
    assert {row[0] for row in touched} == both


def test_undo_restores_both_customers_and_holds(engine: Engine) -> None:
    for buyer in ("b1", "b2"):
        saw(engine, f"buyer {buyer}", f"phone 86{buyer}")
        ordered(engine, f"n-{buyer}", buyer)
    identify.identify(engine, AS_OF)
    before = people(engine), buyers_of_orders(engine)
    tag(engine, customer_of(engine, "b2"), "likes tea")
    saw(engine, "buyer b1", "phone 86b2")
    saw(engine, "buyer b1", "email a@x.cn")
    identify.identify(engine, AS_OF)
    saw(engine, "phone 86b2", "email late@x.cn")
    identify.identify(engine, AS_OF)
    assert len(people(engine)) == 1
    undone = identify.undo(engine, only_merge(engine), "twins", AS_OF)
    assert undone.parted and not undone.joined_by
    assert buyers_of_orders(engine) == before[1]
    assert people(engine) == {
        frozenset({"buyer b1", "phone 86b1", "email a@x.cn"}),
        frozenset({"buyer b2", "phone 86b2", "email late@x.cn"}),
    }
    assert execute(engine, "select customer_id from tags") == [
        (customer_of(engine, "b2"),)
    ]
    identify.identify(engine, AS_OF)
    assert len(people(engine)) == 2 and buyers_of_orders(engine) == before[1]


def only_merge(engine: Engine) -> int:
    [[merge_id]] = execute(
        engine, "select merge_id from customer_merges where undone_at is null"
    )
    return int(merge_id)


def tag(engine: Engine, customer_id: int, name: str) -> None:
    execute(
        engine,
        "insert into tags (customer_id, given_to, tag, origin, source, tagged_at)"
        " values (:id, :id, :name, 'staff', 'lin', :at)",
        id=customer_id,
        name=name,
        at=AS_OF,
    )


def test_an_undone_merge_is_not_repeated_on_new_evidence_but_shown(
    engine: Engine,
) -> None:
    saw(engine, "buyer b1")
    saw(engine, "buyer b2")
    identify.identify(engine, AS_OF)
    saw(engine, "buyer b1", "buyer b2")
    identify.identify(engine, AS_OF)
    merge_id = only_merge(engine)
    identify.undo(engine, merge_id, "twins", AS_OF)
    saw(engine, "buyer b1", "phone 861")
    saw(engine, "buyer b2", "phone 861")
    found = identify.identify(engine, AS_OF)
    assert found.merges == 0 and found.conflicts == 1
    assert customer_of(engine, "b1") != customer_of(engine, "b2")
    identify.redo(engine, merge_id, AS_OF)
    assert len(people(engine)) == 1


def test_undo_says_through_what_the_two_are_still_one(engine: Engine) -> None:
    saw(engine, "buyer b1")
    saw(engine, "buyer b2")
    identify.identify(engine, AS_OF)
    saw(engine, "buyer b1", "buyer b2")
    identify.identify(engine, AS_OF)
    saw(engine, "buyer b1", "phone 861")
    saw(engine, "buyer b2", "phone 861")
    identify.identify(engine, AS_OF)
    undone = identify.undo(engine, only_merge(engine), "twins", AS_OF)
    assert not undone.parted and undone.joined_by == ("phone 861",)
    identify.mark_junk(engine, "phone", "861", "the family's", AS_OF)
    assert len(people(engine)) == 2


def test_undoing_an_unknown_merge_says_where_to_look(engine: Engine) -> None:
    with pytest.raises(LookupError, match=r"no merge 7: .regulars customers merges"):
        identify.undo(engine, 7, "wrong", AS_OF)


def test_a_phone_of_many_buyers_joins_nobody_even_those_it_joined_before(
    engine: Engine,
) -> None:
    for number in range(10):
        saw(engine, f"buyer b{number}", "phone 86400")
    identify.identify(engine, AS_OF)
    assert len(people(engine)) == 1
    saw(engine, "buyer b10", "phone 86400")
    found = identify.identify(engine, AS_OF)
    assert found.conflicts == 1
    assert people(engine) == {frozenset({f"buyer b{n}"}) for n in range(11)}
    [conflict] = execute(engine, "select kind, detail from identity_conflicts")
    assert conflict[0] == "shared_identifier" and "11 of kind buyer" in conflict[1]


def test_a_trusted_phone_joins_again(engine: Engine) -> None:
    for number in range(11):
        saw(engine, f"buyer b{number}", "phone 86400")
    identify.identify(engine, AS_OF)
    identify.trust(engine, "phone", "86400", AS_OF)
    assert len(people(engine)) == 1
    identify.identify(engine, AS_OF)
    assert len(people(engine)) == 1


def test_marking_an_unknown_identifier_says_how_values_are_written(
    engine: Engine,
) -> None:
    with pytest.raises(LookupError, match="no phone '13800000000' is known"):
        identify.mark_junk(engine, "phone", "13800000000", "ours", AS_OF)


def test_a_cluster_over_the_cap_is_shown_and_not_glued(engine: Engine) -> None:
    for number in range(6):
        saw(engine, f"buyer b{number}", f"buyer b{number + 1}")
    found = identify.identify(engine, AS_OF, cluster_cap=5)
    assert found.merges == 0 and found.conflicts == 1
    assert len(people(engine)) == 7
    [conflict] = execute(engine, "select kind, identifier_ids from identity_conflicts")
    assert conflict[0] == "large_cluster" and len(conflict[1]) == 7


def test_the_newest_known_value_of_each_field_is_the_customers(engine: Engine) -> None:
    saw(engine, "buyer b1", "phone 861")
    for source, name, city, day in (
        ("shop", "李雷", None, 1),
        ("file", "Li Lei", "上海", 2),
        ("old", None, "Leeds", 0),
    ):
        execute(
            engine,
            "insert into profiles"
            " (source, identifier_id, name, city, updated_at, digest)"
            " select :source, identifier_id, :name, :city,"
            " cast(:at as timestamptz) + :day * interval '1 day', ''"
            " from identifiers where value = 'b1'",
            source=source,
            name=name,
            city=city,
            at=AS_OF,
            day=day,
        )
    identify.identify(engine, AS_OF)
    assert execute(engine, "select name, city from customers") == [("Li Lei", "上海")]


def planned(engine: Engine, customer_id: int, occasion: str) -> int:
    [[touch_id]] = execute(
        engine,
        "insert into touch (campaign_run_id, customer_id, campaign, step, occasion,"
        " decision, key, channel, account) values (1, :id, 'launch', 'first',"
        " :occasion, 'planned', :id || :occasion, 'mail', 'main') returning touch_id",
        id=customer_id,
        occasion=occasion,
    )
    return int(touch_id)


def states(engine: Engine) -> dict[int, str]:
    return dict(execute(engine, "select touch_id, state from touch_state"))


def begun(engine: Engine, touch_id: int, outcome: str | None) -> None:
    execute(
        engine,
        "with lent as (insert into lease (worker, channel, account, ends_at) values"
        " ('w', 'mail', 'main', now() + interval '1 hour') returning lease_id)"
        " insert into attempt (touch_id, number, lease_id)"
        " select :touch, 1, lease_id from lent",
        touch=touch_id,
    )
    if outcome:
        execute(
            engine,
            "insert into outcome (touch_id, happened_at, number, outcome)"
            " values (:touch, now(), 1, :outcome)",
            touch=touch_id,
            outcome=outcome,
        )


def test_a_merged_person_gets_one_message_per_occasion(engine: Engine) -> None:
    saw(engine, "buyer b1")
    saw(engine, "buyer b2")
    identify.identify(engine, AS_OF)
    one, two = customer_of(engine, "b1"), customer_of(engine, "b2")
    spring = planned(engine, one, "spring"), planned(engine, two, "spring")
    autumn = planned(engine, one, "autumn"), planned(engine, two, "autumn")
    winter = planned(engine, one, "winter"), planned(engine, two, "winter")
    alone = planned(engine, two, "order 7")
    begun(engine, autumn[1], outcome=None)
    begun(engine, winter[1], outcome="retry")
    saw(engine, "buyer b1", "buyer b2")
    identify.identify(engine, AS_OF)
    found = states(engine)
    assert [found[touch] for touch in spring] == ["planned", "skipped"]
    assert [found[touch] for touch in autumn] == ["skipped", "dispatching"]
    assert [found[touch] for touch in winter] == ["planned", "skipped"]
    assert found[alone] == "planned"


def union_find(links: Iterable[tuple[int, int]], size: int) -> set[frozenset[int]]:
    parent = list(range(size))

    def root(one: int) -> int:
        while parent[one] != one:
            one = parent[one]
        return one

    for a, b in links:
        parent[root(a)] = root(b)
    groups: dict[int, set[int]] = {}
    for one in range(size):
        groups.setdefault(root(one), set()).add(one)
    return {frozenset(group) for group in groups.values()}


def one_person_each(links: list[tuple[int, int]], cap: int) -> set[frozenset[int]]:
    """The right answer: phones (odd) beside more buyers (even) than `cap` are junk."""
    beside: dict[int, set[int]] = {}
    for a, b in links:
        beside.setdefault(a, set()).add(b)
        beside.setdefault(b, set()).add(a)
    junk = {
        one
        for one, others in beside.items()
        if one % 2 and max(sum(o % 2 == side for o in others) for side in (0, 1)) > cap
    }
    kept = [(a, b) for a, b in links if a not in junk and b not in junk]
    groups = union_find(kept, 14)
    return {group for group in groups if not group & junk}


LINKS = st.lists(
    st.tuples(st.integers(0, 13), st.integers(0, 13)).filter(lambda ab: ab[0] != ab[1]),
    min_size=1,
    max_size=24,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(links=LINKS, cuts=st.lists(st.integers(0, 24), max_size=4))
def test_the_order_of_arrival_does_not_matter(
    engine: Engine, links: list[tuple[int, int]], cuts: list[int]
) -> None:
    execute(engine, "truncate identifiers, customers, identity_conflicts cascade")
    names = [f"{'phone' if n % 2 else 'buyer'} v{n}" for n in range(14)]
    for name in names:
        saw(engine, name)
    bounds = [0, *sorted(cuts), len(links)]
    for start, end in pairwise(bounds):
        for a, b in links[start:end]:
            saw(engine, names[a], names[b])
        identify.identify(engine, AS_OF, shared_cap=3)
    expected = one_person_each(links, cap=3)
    assert people(engine) == {
        frozenset(names[one] for one in group) for group in expected
    }
