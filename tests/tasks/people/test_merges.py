"""Merges: who is kept, what is read again, and what is sent no more."""

from typing import Any

from sqlalchemy import Engine

from tasks.people import identify
from tests.tasks.people.seen_people import (
    AS_OF,
    buyers_of_orders,
    customer_of,
    execute,
    only_merge,
    ordered,
    saw,
)


def three_customers(engine: Engine) -> list[int]:
    """Of b1, b2 and b3; most lies behind the youngest."""
    for number, orders in enumerate((1, 0, 2), start=1):
        saw(engine, f"buyer b{number}")
        for order in range(orders):
            ordered(engine, f"n{number}{order}", f"b{number}")
        identify.identify(engine, AS_OF)
    return [customer_of(engine, f"b{number}") for number in (1, 2, 3)]


def test_who_has_most_behind_it_is_kept_and_the_others_come_back(
    engine: Engine,
) -> None:
    before = three_customers(engine), buyers_of_orders(engine)
    [one, two, three] = before[0]
    saw(engine, "buyer b1", "buyer b2")
    saw(engine, "buyer b2", "buyer b3")
    identify.identify(engine, AS_OF)
    assert set(buyers_of_orders(engine).values()) == {three}
    merges = "select merged_id, kept_id, merge_id from customer_merges order by 1"
    [(*first, merge_id), (*second, _)] = execute(engine, merges)
    assert (first, second) == ([one, three], [two, three])
    identify.undo(engine, merge_id, "twins", AS_OF)
    # The two that stay one keep the number they had, although it is not the oldest.
    assert [customer_of(engine, f"b{n}") for n in (1, 2, 3)] == [one, three, three]
    assert buyers_of_orders(engine) == before[1]


def test_a_changed_profile_and_that_of_a_merged_customer_are_read_again(
    engine: Engine,
) -> None:
    for number, city in enumerate(("上海", "Leeds"), start=1):
        saw(engine, f"buyer b{number}")
        execute(
            engine,
            "insert into profiles (source, identifier_id, city, updated_at, digest)"
            " select 'shop', identifier_id, :city,"
            " cast(:at as timestamptz) + :day * interval '1 day', ''"
            " from identifiers where value = :buyer",
            city=city,
            at=AS_OF,
            day=number,
            buyer=f"b{number}",
        )
    cities = "select city from customers where merged_into is null order by customer_id"
    identify.identify(engine, AS_OF)
    assert execute(engine, cities) == [("上海",), ("Leeds",)]
    saw(engine, "buyer b1", "buyer b2")
    identify.identify(engine, AS_OF)
    assert execute(engine, cities) == [("Leeds",)]
    execute(engine, "update profiles set city = 'York' where city = 'Leeds'")
    identify.identify(engine, AS_OF)
    assert execute(engine, cities) == [("York",)]
    identify.undo(engine, only_merge(engine), "twins", AS_OF)
    identify.identify(engine, AS_OF)
    assert execute(engine, cities) == [("上海",), ("York",)]
    assert execute(engine, "select * from identifiers_to_read") == []


def said(engine: Engine, buyer: str, channel: str, granted: bool, day: int) -> None:
    execute(
        engine,
        "insert into consents (identifier_id, channel, purpose, is_granted, source,"
        " evidence, decided_at) select identifier_id, :channel, 'marketing', :granted,"
        " 'shop', 'form', cast(:at as timestamptz) + :day * interval '1 day'"
        " from identifiers where value = :buyer",
        buyer=buyer,
        channel=channel,
        granted=granted,
        day=day,
        at=AS_OF,
    )


def test_what_a_customer_said_follows_every_merge_and_every_undone_one(
    engine: Engine,
) -> None:
    def known() -> list[Any]:
        query = (
            "select agreed_to, refused from customers where merged_into is null"
            " order by customer_id"
        )
        return [tuple(row) for row in execute(engine, query)]

    mail, sms, wecom = "marketing email", "marketing sms", "marketing wecom"
    saw(engine, "buyer b1")
    saw(engine, "buyer b2")
    said(engine, "b1", "email", granted=True, day=1)
    said(engine, "b1", "sms", granted=True, day=3)
    identify.identify(engine, AS_OF)
    said(engine, "b2", "sms", granted=False, day=2)
    said(engine, "b2", "wecom", granted=True, day=1)
    assert known() == [([mail, sms], []), ([], [])]
    identify.identify(engine, AS_OF)
    assert known() == [([mail, sms], []), ([wecom], [sms])]
    saw(engine, "buyer b1", "buyer b2")
    identify.identify(engine, AS_OF)
    assert known() == [([mail, sms, wecom], [])]
    said(engine, "b2", "email", granted=False, day=1)
    identify.identify(engine, AS_OF)
    assert known() == [([sms, wecom], [mail])], "a yes and a no at once are a no"
    identify.undo(engine, only_merge(engine), "twins", AS_OF)
    identify.identify(engine, AS_OF)
    assert known() == [([mail, sms], []), ([wecom], [mail, sms])]
    execute(engine, "delete from consents where channel = 'sms'")
    identify.identify(engine, AS_OF)
    assert known() == [([mail], []), ([wecom], [mail])]
    assert execute(engine, "select * from identifiers_to_read") == []


def test_who_said_nothing_herself_keeps_nothing_of_the_others(engine: Engine) -> None:
    saw(engine, "buyer b1")
    saw(engine, "buyer b2")
    identify.identify(engine, AS_OF)
    saw(engine, "buyer b1", "buyer b2")
    said(engine, "b2", "email", granted=True, day=1)
    identify.identify(engine, AS_OF)
    identify.undo(engine, only_merge(engine), "twins", AS_OF)
    identify.identify(engine, AS_OF)
    of_each = "select agreed_to from customers order by customer_id"
    assert execute(engine, of_each) == [([],), (["marketing email"],)]


def test_what_was_said_by_a_shared_number_counts_once_it_is_trusted(
    engine: Engine,
) -> None:
    of_all = "select distinct agreed_to from customers where agreed_to != '{}'"
    saw(engine, "buyer b1", "phone p1")
    identify.identify(engine, AS_OF)
    identify.mark_junk(engine, "phone", "p1", "the shop's own", AS_OF)
    said(engine, "p1", "sms", granted=True, day=1)
    identify.identify(engine, AS_OF)
    assert execute(engine, of_all) == []
    assert execute(engine, "select * from identifiers_to_read") == []
    identify.trust(engine, "phone", "p1", AS_OF)
    assert execute(engine, of_all) == [(["marketing sms"],)]


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
