"""Identities: what many share joins nobody, and the order of arrival is no matter."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from tasks.people import identify
from tests.tasks.people.seen_people import AS_OF, execute, people, saw


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


def test_a_phone_that_comes_with_many_buyers_at_once_joins_nobody(
    engine: Engine,
) -> None:
    for number in range(11):
        saw(engine, f"buyer b{number}", "phone 86400")
    assert identify.identify(engine, AS_OF).conflicts == 1
    assert people(engine) == {frozenset({f"buyer b{n}"}) for n in range(11)}


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
    execute(
        engine,
        "truncate identifiers, customers, customer_merges, identity_conflicts cascade",
    )
    names = [f"{'phone' if n % 2 else 'buyer'} v{n}" for n in range(14)]
    for name in names:
        saw(engine, name)
    bounds = [0, *sorted(cuts), len(links)]
    for start, end in pairwise(bounds):
        for a, b in links[start:end]:
            saw(engine, names[a], names[b])
        identify.identify(engine, AS_OF, shared_cap=3)
    # No foreign key watches this.
    strays = "select from identifiers left join customers using (customer_id)"
    strays += " where identifiers.customer_id is not null and created_at is null"
    assert execute(engine, strays) == []
    expected = one_person_each(links, cap=3)
    assert people(engine) == {
        frozenset(names[one] for one in group) for group in expected
    }
