"""Examples run the unchanged audience.sql on rows that stand in for the real ones."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tasks.campaigns import campaign, examples
from tasks.campaigns.examples import Outcome
from tasks.campaigns.words import Words

YAML = """\
owner: Lin
description: A test.
purpose: service
channels: [mail]
steps: {hello: {}}
params: {away: 30 days}
"""
SQL = """\
-- Who has been away?
select
    facts.customer_id,
    orders.order_id as occasion,
    orders.ordered_at < :as_of - :away as is_away,
    facts.country <> 'FR' as is_abroad,
    facts.name
from customer_facts as facts
inner join orders on orders.customer_id = facts.customer_id
"""
PERSON = "{customer_id: 1, name: Lin, country: DE}"
ORDER = "{customer_id: 1, status: paid, ordered_at: 40 days ago}"


def run(
    undone: Connection, body: str, words: str = "Subject: x\n\n{{ name }}"
) -> Outcome:
    files = {
        "campaign.yaml": YAML,
        "audience.sql": SQL,
        "examples.yaml": body,
        "hello.mail.txt": words,
    }
    made = campaign.from_files(Path("hello"), files)
    return examples.run(undone, made, Words.load(made))


def example(
    expect: str = "gets: [1]\n    left_out: {2: not_a_candidate}",
    person: str = PERSON,
    order: str = ORDER,
) -> str:
    return f"""\
examples:
  - name: One of them
    given:
      customer_facts:
        - {person}
      orders:
        - {order}
    {expect}
"""


def said(outcome: Outcome) -> list[str]:
    told = [str(one) for one in outcome.problems]
    return told + [str(one.place) for one in outcome.differences]


def test_an_example_that_holds_says_nothing(undone: Connection) -> None:
    outcome = run(undone, example())
    assert (outcome.passed, said(outcome)) == (1, [])


def test_the_shops_own_rows_are_out_of_sight_and_stay_as_they_are(
    undone: Connection,
) -> None:
    undone.execute(text("insert into customers (name) values ('real')"))
    undone.execute(
        text(
            "insert into orders (source, order_number, status, ordered_at, updated_at,"
            " currency, amount, customer_id)"
            " select 's', n, 'paid', '2020-01-01', now(), 'CNY', 1, 1"
            " from generate_series(1, 3) as n"
        )
    )
    assert run(undone, example()).passed == 1
    found = undone.execute(text("select count(*) from orders")).scalar_one()
    path = undone.execute(text("show search_path")).scalar_one()
    assert (found, path) == (3, "regulars,public")


def test_a_person_who_should_get_it_and_does_not(undone: Connection) -> None:
    outcome = run(undone, example(order=ORDER.replace("40", "20")))
    assert said(outcome) == [
        'hello/examples.yaml:8: example "One of them": customer 1: '
        "expected gets it, got left out by is_away"
    ]
    assert outcome.passed == 0
    outcome = run(undone, example(order="{customer_id: 7, status: paid}"))
    assert "got not a candidate: no row of audience.sql" in said(outcome)[0]


def test_a_rule_that_is_null_is_said_to_be_unknown(undone: Connection) -> None:
    outcome = run(undone, example(person="{customer_id: 1, name: Lin}"))
    assert "got left out by is_abroad (unknown: it is null)" in said(outcome)[0]
    expect = "left_out: {1: is_abroad}"
    held = run(undone, example(expect, person="{customer_id: 1, name: Lin}"))
    assert said(held) == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        (
            "left_out: {1: is_away}",
            'examples.yaml:8: example "One of them": customer 1: expected left out by '
            "is_away, got gets it",
        ),
        ("left_out: {1: not_a_candidate}", "not_a_candidate, got gets it"),
        ("left_out: {9: is_away}", "left out by is_away, got not a candidate"),
        ("gets: []\n    left_out: {9: not_a_candidate}", "expected not in gets, got"),
        (
            "gets: [{customer_id: 1, name: Yue}]\n    left_out: {9: not_a_candidate}",
            "customer 1: expected name = Yue, got name = Lin",
        ),
    ],
)
def test_a_difference_names_example_line_and_person(
    undone: Connection, expect: str, message: str
) -> None:
    assert message in "\n".join(said(run(undone, example(expect))))


@pytest.mark.parametrize(
    ("expect", "person", "order", "message"),
    [
        (
            "left_out: {1: is_awy}",
            PERSON,
            ORDER.replace("40", "20"),
            'got no such rule; did you mean "is_away"?',
        ),
        (
            "left_out: {1: is_abroad}",
            PERSON,
            ORDER.replace("40", "20"),
            "expected left out by is_abroad, got left out by is_away",
        ),
        (
            "left_out: {1: not_a_candidate}",
            PERSON,
            ORDER.replace("40", "20"),
            "expected left out by not_a_candidate, got left out by is_away",
        ),
    ],
)
def test_the_rule_must_be_the_right_one(
    undone: Connection, expect: str, person: str, order: str, message: str
) -> None:
    assert message in "\n".join(said(run(undone, example(expect, person, order))))


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (
            "{customer_id: 1, statsu: paid}",
            'examples.yaml:7: example "One of them": orders, row 1: there is no column '
            '"statsu"; did you mean "status"?',
        ),
        (
            "{customer_id: 1, status: payd}",
            'orders, row 1: status is "payd"; allowed: unpaid, paid, part_shipped',
        ),
        ("{customer_id: 1}", "orders, row 1: status is missing; allowed: unpaid, paid"),
        (
            "{customer_id: one, status: paid}",
            'orders, row 1: invalid input syntax for type bigint: "one"',
        ),
        (
            "{customer_id: 1, status: paid, ordered_at: yesterday}",
            'orders, row 1: "yesterday" is no time: write 2026-03-10 09:00 or 3 days',
        ),
    ],
)
def test_a_row_that_its_table_would_not_take_is_refused(
    undone: Connection, order: str, message: str
) -> None:
    assert message in said(run(undone, example(order=order)))[0]


def test_a_table_that_the_audience_does_not_read_is_refused(
    undone: Connection,
) -> None:
    outcome = run(undone, example().replace("orders:", "order_lines:"))
    assert (
        'audience.sql reads no "order_lines"; did you mean "orders"?'
        in said(outcome)[0]
    )


def test_what_must_not_be_empty_is_filled_in(undone: Connection) -> None:
    undone.execute(text("set local timezone = 'UTC'"))
    body = example().replace("examples:", "as_of: 2026-05-01 08:00\nexamples:")
    expect = "gets: [{customer_id: 1, occasion: 1}]"
    assert run(undone, body.replace("gets: [1]", expect)).passed == 1


def test_whoever_gets_it_is_shown_all_words(undone: Connection) -> None:
    outcome = run(undone, example(person="{customer_id: 1, country: DE}"))
    assert (
        "got hello/hello.mail.txt:3: 'name' is null for this customer"
        in (said(outcome)[0])
    )


def test_examples_that_leave_nobody_out_prove_little(undone: Connection) -> None:
    assert said(run(undone, example("gets: [1]"))) == [
        "hello/examples.yaml:1: no example says who must not get it: "
        "add one with `left_out`"
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("examples: []", 'examples.yaml:1: "examples": List should have at least 1'),
        (example().replace("given", "gven"), 'did you mean "given"?'),
        (example("gets: [one]"), '"examples.0.gets.0" is "one"'),
        ("as_of: noon\n" + example(), '"as_of" is "noon": "noon" is no time'),
    ],
)
def test_a_mistake_in_examples_yaml_is_said_with_its_line(
    undone: Connection, body: str, message: str
) -> None:
    assert message in "\n".join(said(run(undone, body)))


def test_no_examples_at_all_is_a_problem(undone: Connection) -> None:
    made = campaign.from_files(
        Path("hello"), {"campaign.yaml": YAML, "audience.sql": SQL}
    )
    assert "examples.yaml" in said(examples.run(undone, made, None))[0]
