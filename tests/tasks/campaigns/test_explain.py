"""Every rule with what it saw, also for those who were never in the audience."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tasks.campaigns import campaign, explain, preview
from tasks.campaigns.campaign import Campaign
from tasks.planning.rehearsal import Fate, Rehearsal

AS_OF = datetime(2026, 3, 10, 4, tzinfo=UTC)
YAML = """\
owner: Lin
description: A test.
purpose: service
channels: [mail]
steps: {hello: {}, again: {after: 7 days}}
params: {away: 30 days}
"""
SQL = """\
-- Who has been away?
select
    customer_id,
    last_order_id as occasion,
    last_order_at < :as_of - :away as is_away,
    country = 'DE' and orders_count > 1 as is_regular_german,
    exists (
        select 1 from orders where orders.customer_id = customer_facts.customer_id
    ) as has_ordered,
    name
from customer_facts
where
    last_order_id is not null
    and not (phone is null and email is null)
"""


def made(sql: str = SQL) -> Campaign:
    files = {
        "campaign.yaml": YAML,
        "audience.sql": sql,
        "hello.mail.txt": "Subject: Hello {{ name }}\n\nfirst",
        "hello.mail.zh.txt": "Subject: 您好 {{ name }}\n\n第一",
        "again.mail.txt": "Subject: Again\n\nsecond",
        "again.mail.zh.txt": "Subject: 再来\n\n第二",
    }
    return campaign.from_files(Path("hello"), files)


@pytest.fixture
def shop(undone: Connection) -> Connection:
    """Customer 1 is away; 2 is not, and nobody knows her country; 3 has no order."""
    undone.execute(
        text(
            "insert into customer_facts select * from jsonb_populate_recordset("
            " jsonb_populate_record(null::customer_facts, cast(:base as jsonb)),"
            " cast(:rows as jsonb))"
        ),
        {
            "base": '{"language": "en", "timezone": "UTC", "has_email": true,'
            '"has_phone": false, "points": 0, "orders_count": 2, "spent": 0,'
            '"reviews_count": 0, "refunds_count": 0, "open_refunds": 0, "refunded": 0,'
            '"interactions_count": 0, "computed_at": "2026-03-10",'
            '"email": "lin@example.com"}',
            "rows": '[{"customer_id": 1, "name": "Lin", "country": "DE", "language":'
            '"zh", "last_order_id": 11, "last_order_at": "2026-01-01T00:00:00Z"},'
            '{"customer_id": 2, "last_order_id": 12, "last_order_at":'
            '"2026-03-09T00:00:00Z"}, {"customer_id": 3}]',
        },
    )
    return undone


def test_each_rule_shows_what_it_saw_and_what_it_asks(shop: Connection) -> None:
    [found] = explain.explain(shop, made(), 2, AS_OF)
    assert not found.is_in
    assert found.occasion == "12"
    assert [(r.rule, r.verdict, dict(r.seen)) for r in found.rules] == [
        ("is_away", False, {"last_order_at": datetime(2026, 3, 9, tzinfo=UTC)}),
        ("is_regular_german", None, {"country": None, "orders_count": 2}),
        ("has_ordered", False, {}),
    ]
    assert found.rules[0].condition == "last_order_at < 2026-03-10 12:00 - 30 days"
    assert found.rules[1].condition == "country = 'DE' and orders_count > 1"
    assert found.values == {"name": None}


def test_a_query_of_another_shape_is_explained_without_the_values(
    shop: Connection,
) -> None:
    grouped = (
        "-- Who?\nselect customer_id, max(last_order_id) as occasion,"
        " count(*) > 1 as is_many from customer_facts group by customer_id"
    )
    [found] = explain.explain(shop, made(grouped), 1, AS_OF)
    assert [(r.verdict, r.seen) for r in found.rules] == [(False, {})]
    distinct = made(SQL.replace("select\n", "select distinct\n"))
    [found] = explain.explain(shop, distinct, 2, AS_OF)
    assert [r.seen for r in found.rules] == [{}, {}, {}]
    united = (
        "select 1 as customer_id, 'x' as occasion, true as a union select 2, 'y', true"
    )
    [found] = explain.explain(shop, made(united), 2, AS_OF)
    assert found.is_in


def test_who_is_no_candidate_is_told_the_conditions(shop: Connection) -> None:
    assert explain.explain(shop, made(), 3, AS_OF) == []
    asked = explain.conditions(made(), AS_OF)
    assert [(one.line, one.condition) for one in asked] == [
        (13, "last_order_id is not null"),
        (14, "not (phone is null and email is null)"),
    ]


def test_people_are_found_by_number_address_and_order(undone: Connection) -> None:
    undone.execute(
        text(
            "insert into customers (customer_id, name, merged_into)"
            " overriding system value values (7, 'Lin', null), (8, null, 7),"
            " (9, null, null)"
        )
    )
    undone.execute(
        text(
            "insert into identifiers (kind, scope, value, customer_id) values"
            " ('email', '', 'lin@example.com', 7), ('phone', '', '8613800000000', 8)"
        )
    )
    undone.execute(
        text(
            "insert into orders (source, order_number, status, ordered_at, updated_at,"
            " currency, amount, customer_id) values"
            " ('s', 'E1', 'paid', now(), now(), 'CNY', 1, 9)"
        )
    )

    def numbers(word: str) -> list[int]:
        return [row["customer_id"] for row in explain.meant(undone, word)]

    words = ("7", "Lin@Example.com", "13800000000", "8", "E1", "nobody")
    assert [numbers(word) for word in words] == [[7], [7], [7], [7], [9], []]


def test_what_the_ledger_knows_is_told_in_order(undone: Connection) -> None:
    undone.execute(
        text(
            "insert into customers (customer_id, merged_into)"
            " overriding system value values (7, null), (8, 7)"
        )
    )
    undone.execute(
        text(
            "insert into campaign_runs (campaign, as_of, version)"
            " values ('hello', '2026-03-09', 'x'), ('other', '2026-03-10', 'x')"
        )
    )
    undone.execute(
        text(
            "insert into touch (campaign_run_id, customer_id, campaign, step, occasion,"
            " decision, reason, channel, key) select campaign_run_id, who, campaign,"
            " 'hello', '1', decision, reason, channel, who || campaign from"
            " campaign_runs join (values ('hello', 7, 'planned', null, 'mail'),"
            " ('other', 8, 'skipped', 'no_consent', null)) as given"
            " (campaign, who, decision, reason, channel) using (campaign)"
        )
    )
    found = explain.told(undone, 7, None)
    assert [(row["campaign"], row["state"], row["reason"]) for row in found] == [
        ("hello", "planned", None),
        ("other", "skipped", "no_consent"),
    ]
    assert len(explain.told(undone, 7, "hello")) == 1


def test_a_subquery_says_whose_columns_it_compares(shop: Connection) -> None:
    (found,) = explain.explain(shop, made(), 1, AS_OF)
    (ordered,) = [one for one in found.rules if one.rule == "has_ordered"]
    assert "orders.customer_id = customer_facts.customer_id" in ordered.condition
    (away,) = [one for one in found.rules if one.rule == "is_away"]
    assert away.condition.startswith("last_order_at < ")


@pytest.mark.parametrize(
    ("length", "expected"),
    [(timedelta(days=45), "45 days"), (timedelta(days=2, hours=12), "2.5 days")],
)
def test_a_length_of_time_is_told_in_days(length: timedelta, expected: str) -> None:
    assert explain.readable(length) == expected


def test_a_preview_says_when_the_first_will_be_due(shop: Connection) -> None:
    fates = (Fate("not_due", None, "2027-03-03 12:00", 3),)
    shown = replace(
        preview.preview(shop, made(), AS_OF), rehearsal=Rehearsal(fates, (), 0, 1)
    )
    told = [("not due yet", 3, "the first on 2027-03-03 12:00")]
    assert preview.fates(shown) == told


def test_a_preview_counts_and_fills_in_both_languages(shop: Connection) -> None:
    everyone = SQL.replace(":as_of - :away", ":as_of").replace(
        "country = 'DE' and ", ""
    )
    simple = everyone.replace("exists (", "not exists (")
    shown = preview.preview(shop, made(simple), AS_OF)
    assert shown.waterfall.in_audience == 2
    told = {(one.customer_id, one.step, one.language) for one in shown.samples}
    assert told == {(2, "hello", "en"), (1, "hello", "zh")}
    subjects = {one.rendered.subject for one in shown.samples if one.rendered}
    assert subjects == {"您好 Lin"}
    problem = next(one.problem for one in shown.samples if one.problem)
    assert "'name' is null for this customer" in problem
    assert {one.address for one in shown.samples} == {"l…@example.com"}
    page = preview.page(shown)
    assert "您好 Lin" in page and "lin@example.com" not in page
    assert preview.steps(shown)[0] == ("candidates", 2, "")
