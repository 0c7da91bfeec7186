"""Identities: who is one person, and how a mistake is taken back."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from tasks.people import identify
from tests.tasks.people.seen_people import (
    AS_OF,
    buyers_of_orders,
    customer_of,
    execute,
    only_merge,
    ordered,
    people,
    saw,
)


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


def test_the_oldest_of_equals_is_kept_and_the_merge_names_its_evidence(
    engine: Engine,
) -> None:
    saw(engine, "buyer b1", "phone 861")
    ordered(engine, "n1", "b1")
    identify.identify(engine, AS_OF)
    oldest = customer_of(engine, "b1")
    saw(engine, "buyer b2", "email a@x.cn")
    ordered(engine, "n2", "b2")
    identify.identify(engine, AS_OF)
    younger = customer_of(engine, "b2")
    saw(engine, "email a@x.cn", "phone 861")
    assert identify.identify(engine, AS_OF).merges == 1
    assert customer_of(engine, "b2") == oldest
    assert buyers_of_orders(engine) == {"n1": oldest, "n2": oldest}
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


def many_people(engine: Engine) -> set[frozenset[str]]:
    """Forty people: known ones who merge, known ones with a new address, new ones."""
    for number in range(40):
        saw(engine, f"buyer a{number}", f"phone {number}")
        saw(engine, f"buyer b{number}")
        ordered(engine, f"n{number}", f"b{number}")
    identify.identify(engine, AS_OF)
    for number in range(40):
        saw(engine, f"email {number}", f"buyer a{number}")
        if number % 2:
            saw(engine, f"email {number}", f"buyer b{number}")
        saw(engine, f"buyer c{number}", f"phone c{number}")
    known = {
        frozenset({f"buyer a{number}", f"phone {number}", f"email {number}"})
        | ({f"buyer b{number}"} if number % 2 else set())
        for number in range(40)
    }
    alone = {frozenset({f"buyer b{number}"}) for number in range(0, 40, 2)}
    new = {frozenset({f"buyer c{n}", f"phone c{n}"}) for n in range(40)}
    return known | alone | new


def followed(engine: Engine) -> bool:
    [[waiting]] = execute(engine, "select count(*) from links_to_follow")
    return waiting == 0


def test_two_connections_join_what_one_would(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = many_people(engine)
    monkeypatch.setattr(identify, "MANY", 0)
    found = identify.identify(engine, AS_OF)
    assert (found.new_customers, found.merges) == (40, 20)
    assert people(engine) == expected and followed(engine)
    buyers = buyers_of_orders(engine)
    assert buyers["n1"] == customer_of(engine, "a1")
    assert buyers["n2"] != customer_of(engine, "a2")
    assert identify.identify(engine, AS_OF) == identify.Identified(0, 0, 0, 0, 0)


@pytest.mark.parametrize("dies", [1, 2])
def test_whichever_connection_dies_the_next_run_does_what_is_left(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, dies: int
) -> None:
    expected = many_people(engine)
    run, moved = identify.run, []

    def killed(connection: Connection, name: str, /, **values: Any) -> Any:
        done = run(connection, name, **values)
        if name == "identify/move":
            moved.append(connection)
        first = dies == 1 and name == "identify/assign"
        if first or (dies == 2 and len(moved) == 1 and moved[0] is connection):
            raise ConnectionError("killed")
        return done

    with monkeypatch.context() as patched:
        patched.setattr(identify, "MANY", 0)
        patched.setattr(identify, "run", killed)
        with pytest.raises(ConnectionError):
            identify.identify(engine, AS_OF)
    assert people(engine) != expected and not followed(engine)
    identify.identify(engine, AS_OF)
    assert people(engine) == expected and followed(engine)
    [[merges, kept]] = execute(
        engine,
        "select count(*), count(distinct kept_id) from customer_merges",
    )
    assert merges == kept == 20


def test_a_link_that_a_person_must_look_at_is_not_lost_between_two(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_people(engine)
    monkeypatch.setattr(identify, "MANY", 0)
    found = identify.identify(engine, AS_OF, cluster_cap=3)
    assert (found.merges, found.conflicts) == (0, 20)
    [[held]] = execute(
        engine, "select count(*) from identifier_links where held_at is not null"
    )
    assert held == 40 and followed(engine)
