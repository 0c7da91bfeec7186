"""Who is a candidate, who is in the audience, and what kept the others out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from tasks.campaigns import audience, campaign
from tasks.campaigns.campaign import Campaign, CampaignError

AS_OF = datetime(2026, 3, 10, 9, tzinfo=UTC)
YAML = """
owner: Lin
description: A test.
purpose: marketing
channels: [mail]
steps: {hello: {after: 1 day}}
params: {fresh: 14 days, least: 2}
"""
RULES = """-- Who is here?
select customer_id, 'x' as occasion, a, b, c, word from given
"""


@pytest.fixture
def make(tmp_path: Path) -> "Make":
    return Make(tmp_path / "hello")


class Make:
    """Writes a campaign folder with another audience.sql, and loads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "campaign.yaml").write_text(YAML)

    def __call__(self, sql: str) -> Campaign:
        (self.folder / "audience.sql").write_text(sql)
        return campaign.load(self.folder)


def rows(undone: Connection, statement: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in undone.execute(text(statement))]


def test_rules_are_columns_and_null_is_unknown(undone: Connection, make: Make) -> None:
    undone.execute(
        text(
            "create temp table given as select * from (values"
            " (1, true, true, true, 'red'), (2, false, null, true, 'blue'),"
            " (3, true, null, true, 'green'), (4, true, true, false, null))"
            " as v (customer_id, a, b, c, word)"
        )
    )
    found = audience.candidates(undone, make(RULES), AS_OF)
    assert (found.candidates, found.in_audience) == (4, 1)
    assert [(r.rule, r.passed, r.failed, r.unknown, r.only) for r in found.rules] == [
        ("a", 3, 1, 0, 0),
        ("b", 2, 0, 1, 1),
        ("c", 1, 1, 0, 1),
    ]
    assert rows(
        undone,
        "select customer_id, in_audience, failed_rule, params->>'word' from candidate"
        " order by 1",
    ) == [
        (1, True, None, "red"),
        (2, False, "a", None),
        (3, False, "b", None),
        (4, False, "c", None),
    ]


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    verdicts=st.lists(
        st.tuples(*[st.sampled_from([True, False, None])] * 3), max_size=9
    )
)
def test_every_candidate_is_in_or_kept_out_by_one_rule(
    undone: Connection, make: Make, verdicts: list[tuple[bool | None, ...]]
) -> None:
    undone.execute(text("drop table if exists given"))
    undone.execute(
        text(
            "create temp table given"
            " (customer_id int, a bool, b bool, c bool, word text)"
        )
    )
    for number, (a, b, c) in enumerate(verdicts):
        undone.execute(
            text("insert into given values (:n, :a, :b, :c)"),
            {"n": number, "a": a, "b": b, "c": c},
        )
    found = audience.candidates(undone, make(RULES), AS_OF)
    kept_out = sum(rule.failed + rule.unknown for rule in found.rules)
    assert found.candidates == len(verdicts) == found.in_audience + kept_out
    assert found.in_audience == sum(all(one) for one in verdicts)
    before = found.candidates
    for rule in found.rules:
        assert rule.passed + rule.failed + rule.unknown == before
        before = rule.passed


def test_the_campaigns_own_params_are_bound_with_their_types(
    undone: Connection, make: Make
) -> None:
    made = make(
        "select 1 as customer_id, :least as occasion, :as_of - :fresh as anchor_at,"
        " :least > 1 as is_enough, 5 as many, 1.50 as price, '100%' as said"
    )
    audience.candidates(undone, made, AS_OF)
    assert rows(undone, "select occasion, anchor_at, params from candidate") == [
        ("2", AS_OF - timedelta(days=14), {"many": 5, "price": 1.5, "said": "100%"})
    ]


def test_the_table_goes_and_may_be_made_again(undone: Connection, make: Make) -> None:
    made = make("select 1 as customer_id, 'x' as occasion, true as is_so;\n-- the end")
    for _ in range(2):
        assert audience.candidates(undone, made, AS_OF).in_audience == 1


def test_writing_stays_possible_afterwards_and_the_old_timeout_is_back(
    undone: Connection, make: Make
) -> None:
    undone.execute(text("set local statement_timeout = '77s'"))
    made = make("select 1 as customer_id, 'x' as occasion, true as is_so")
    audience.candidates(undone, made, AS_OF)
    undone.execute(
        text("insert into suppressions values ('mail', 'x', 'test', 'test')")
    )
    assert rows(undone, "show statement_timeout") == [("77s",)]


def test_postgres_itself_refuses_a_write_that_hides_in_a_function(
    undone: Connection, make: Make
) -> None:
    undone.execute(
        text(
            "create function sly() returns boolean language plpgsql as"
            " $$ begin delete from orders; return true; end $$"
        )
    )
    made = make("select 1 as customer_id, 'x' as occasion,\n sly() as is_so")
    with pytest.raises(CampaignError, match="must only read: cannot execute DELETE"):
        audience.candidates(undone, made, AS_OF)


def test_a_mistake_is_shown_with_its_line(undone: Connection, make: Make) -> None:
    made = make(
        "-- Who?\nselect\n customer_id, 'x' as occasion,\n nme\nfrom customers;"
    )
    with pytest.raises(CampaignError) as caught:
        audience.candidates(undone, made, AS_OF)
    [problem] = caught.value.problems
    assert problem.line == 4
    assert 'column "nme" does not exist' in problem.message


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("'x' as occasion, 1 as customer_id", "first columns must be customer_id"),
        (
            "1 as customer_id, 'x' as occasion, 1 as a, 2 as a",
            'two columns are called "a"',
        ),
        ("1 as customer_id, 'x' as occasion, 2 + 2", r'"\?column\?" needs a name'),
        ("1 as customer_id, 'x' as occasion, 2 as \"Big\"", '"Big" needs a name'),
        ("'1' as customer_id, 'x' as occasion", "must be the number of a customer"),
        (
            "1 as customer_id, 'x' as occasion, current_date as anchor_at",
            "anchor_at must be a timestamptz",
        ),
        (
            "1 as customer_id, 'x' as occasion, true as is_so, now() as anchor_at",
            "anchor_at must come right after occasion",
        ),
        (
            "1 as customer_id, 'x' as occasion, 'red' as colour, true as is_so",
            '"is_so" is a boolean, so it is a rule, but it comes after',
        ),
        (
            "1 as customer_id, 'x' as occasion, 1 as failed_rule",
            '"failed_rule" is our own',
        ),
        (
            "cast(null as int) as customer_id, 'x' as occasion, true as is_so",
            "1 rows without customer_id",
        ),
        (
            "1 as customer_id, 'x' as occasion from generate_series(1, 2)",
            'returns 2 rows for customer_id 1 and occasion "x"',
        ),
    ],
)
def test_columns_that_are_not_as_agreed_are_named(
    undone: Connection, make: Make, columns: str, message: str
) -> None:
    with pytest.raises(CampaignError, match=message):
        audience.candidates(undone, make(f"select {columns}"), AS_OF)


def test_two_hundred_thousand_candidates_stay_in_postgres(
    undone: Connection, make: Make
) -> None:
    undone.execute(
        text(
            "create temp table given as select n as customer_id, n % 2 = 0 as a,"
            " case when n % 3 > 0 then n % 3 = 1 end as b, n % 5 > 0 as c, 'x' as word"
            " from generate_series(1, 200000) as n"
        )
    )
    found = audience.candidates(undone, make(RULES), AS_OF)
    assert (found.candidates, found.in_audience) == (200_000, 26_666)
    assert [(r.passed, r.failed, r.unknown) for r in found.rules] == [
        (100_000, 100_000, 0),
        (33_333, 33_334, 33_333),
        (26_666, 6_667, 0),
    ]


def test_it_runs_as_a_role_that_sees_our_tables_and_no_others(
    undone: Connection, make: Make
) -> None:
    made = make(
        "select 1 as customer_id, cast(current_user as text) as occasion,"
        " has_table_privilege('customers', 'delete') as may_write,"
        " has_schema_privilege('staging', 'usage') as may_see_more"
    )
    audience.candidates(undone, made, AS_OF)
    (verdict,) = rows(undone, "select occasion, may_write, may_see_more from candidate")
    assert verdict == ("regulars_reader", False, False)
    assert rows(undone, "select current_user = session_user") == [(True,)]
    undone.execute(text("select 1 from staging.orders"))


def test_what_the_role_may_not_see_is_refused(undone: Connection, make: Make) -> None:
    undone.execute(text("create table hidden (a int)"))
    undone.execute(text("revoke all on hidden from regulars_reader"))
    with pytest.raises(CampaignError, match="permission denied for table hidden"):
        audience.candidates(undone, make("select a from hidden"), AS_OF)


def test_without_the_role_a_read_only_transaction_does(
    undone: Connection, make: Make
) -> None:
    undone.info["has_reader"] = False
    made = make("select 1 as customer_id, cast(current_user as text) as occasion")
    audience.candidates(undone, made, AS_OF)
    assert rows(undone, "select occasion = current_user from candidate") == [(True,)]
    del undone.info["has_reader"]
