"""Everything wrong with a campaign is found at once, before anybody hears of it."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from tasks.campaigns import audience_sql, campaign_check, null_traps
from tasks.campaigns.stand_ins import Column
from tasks.problem import Problem
from tests.tasks.campaigns.draft import Draft


@pytest.fixture
def draft(undone: Connection, tmp_path: Path) -> Draft:
    return Draft(undone, tmp_path / "hello")


def test_a_good_campaign_is_right(draft: Draft) -> None:
    checked = draft.check()
    assert (draft.said(), checked.is_right, checked.examples_passed) == ("", True, 1)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "campaign.yaml",
            "[mail]",
            "[mial]",
            'error campaign.yaml:8: there is no channel "mial" here; it is passed over;'
            ' did you mean "mail"?',
        ),
        (
            "campaign.yaml",
            "[mail]",
            "[mail, pigeon]",
            'warning campaign.yaml:8: there is no channel "pigeon" here; it is passed',
        ),
        (
            "campaign.yaml",
            "  hello:\n",
            "  hello:\n    after: 0 days\n  later:\n",
            'error later.mail.txt: is missing: the words of step "later" on "mail"',
        ),
        (
            "campaign.yaml",
            "  shop: ",
            "  name: ",
            'error campaign.yaml:17: "name" is a column of audience.sql and a param',
        ),
        (
            "campaign.yaml",
            "approve_over: 500",
            "frequency: weekly",
            'error campaign.yaml:26: policies.yaml has no frequency class "weekly"',
        ),
        (
            "hello.mail.txt",
            "{{ shop }}",
            "{{ shpo }}",
            "error hello.mail.txt:8: {{ shpo }} is neither a column of audience.sql"
            ' nor a param; did you mean "shop"?',
        ),
        (
            "hello.mail.zh.txt",
            "Subject: ",
            "",
            "error hello.mail.zh.txt:1: must begin with the line `Subject: …`",
        ),
        (
            "audience.sql",
            "facts.open_refunds = 0",
            "facts.open_refnds = 0",
            "error audience.sql:13: column facts.open_refnds does not exist",
        ),
        (
            "audience.sql",
            "-- Who has not bought for a while?\n--",
            "select 1; --",
            "error audience.sql:4: must be exactly one SELECT",
        ),
        (
            "audience.sql",
            "facts.open_refunds = 0",
            "facts.country <> 'FR'",
            "warning audience.sql:13: country can be null, and then `<>` is neither",
        ),
        (
            "audience.sql",
            "where ",
            "cross join orders as a cross join orders as b cross join orders as c\n"
            "cross join orders as d cross join orders as e\nwhere ",
            "by Postgres' estimate, allowed are 20,000,000: look for a join without",
        ),
        (
            "examples.yaml",
            "gets: [1]",
            "gets: [2]",
            "customer 2: expected gets it, got left out by is_long_away",
        ),
    ],
)
def test_a_mistake_is_found_with_its_place(
    draft: Draft, name: str, old: str, new: str, message: str
) -> None:
    draft.change(name, old, new)
    assert message in draft.said().replace("facts.country can", "country can")
    is_warning = message.startswith("warning")
    assert is_warning or not draft.check().is_right


def test_words_in_one_language_only_leave_the_others_without(draft: Draft) -> None:
    (draft.folder / "hello.mail.txt").unlink()
    message = "error hello.mail.txt: is missing: customers of any other language"
    assert message in draft.said()


def test_a_language_without_html_is_warned_of(draft: Draft) -> None:
    (draft.folder / "hello.mail.html").write_text("<p>x</p>")
    assert 'warning hello.mail.zh.txt: has no .html beside it: "zh"' in draft.said()


def test_a_file_that_nobody_reads_is_warned_of(draft: Draft) -> None:
    (draft.folder / "example.yaml").write_text("x")
    assert 'example.yaml: is not read by anything; did you mean "examples.yaml"?' in (
        draft.said()
    )


def test_an_audience_without_rules_or_question_is_warned_of(draft: Draft) -> None:
    (draft.folder / "audience.sql").write_text(
        "select customer_id, 'x' as occasion, name from customer_facts"
    )
    assert "warning audience.sql: has no rule: everybody" in draft.said()
    assert "warning audience.sql:1: begin with a comment" in draft.said()


def test_several_mistakes_are_said_at_once(draft: Draft) -> None:
    draft.change("campaign.yaml", "owner", "ownr")
    draft.change("audience.sql", ":away", ":awy")
    draft.change("audience.sql", "from customer_facts", "from regulars.customer_facts")
    said = draft.said()
    assert 'unknown key "ownr"; did you mean "owner"?' in said
    assert '"regulars.customer_facts"' in said


@pytest.mark.parametrize("kind", ["segment", "tag"])
def test_every_segment_and_tag_is_taken_by_postgres(
    undone: Connection, kind: campaign_check.Kind
) -> None:
    for name in campaign_check.definition.names(kind):
        assert campaign_check.check_select(undone, kind, name).problems == []


FULL = Column("text", is_required=True, is_counted=False)
EMPTY = Column("text", is_required=False, is_counted=False)
TABLES = {
    "customers": {"customer_id": FULL, "country": EMPTY, "city": FULL},
    "orders": {"customer_id": EMPTY, "status": FULL, "n": FULL},
}


@pytest.mark.parametrize(
    ("query", "traps"),
    [
        ("select country <> 'CN' as a from customers", ["1: country"]),
        ("select city <> 'CN' as a from customers", []),
        ("select 1 from customers\nwhere country not in ('CN')", ["2: country"]),
        ("select 1 from customers where not (country in ('CN'))", ["1: country"]),
        ("select country is distinct from 'CN' as a from customers", []),
        ("select coalesce(country <> 'CN', true) as a from customers", []),
        ("select 1 from customers where country is null or country <> 'CN'", []),
        ("select country <> 'CN' as a from customers where country is not null", []),
        (
            "select c.city from customers as c\n"
            "left join orders as o on o.customer_id = c.customer_id\n"
            "where o.status <> 'paid'",
            ["3: o.status"],
        ),
        (
            "with x as (select country as land from customers)\n"
            "select x.land != 'CN' as a from x",
            ["2: x.land"],
        ),
        (
            "select 1 from customers as c where exists (\n"
            "select 1 from orders where c.country <> status)",
            ["2: c.country"],
        ),
        (
            "select 1 from customers\n"
            "where city not in (select customer_id from orders)",
            ["2: customer_id"],
        ),
        (
            "select 1 from customers where city not in (\n"
            "select customer_id from orders where customer_id is not null)",
            [],
        ),
    ],
)
def test_null_traps_are_found_and_nothing_else(query: str, traps: list[str]) -> None:
    parsed = audience_sql.parsed(Path("a.sql"), query)
    assert not isinstance(parsed, Problem)
    found = [
        f"{one.line}: {one.message.split(' ')[0]}"
        for one in null_traps.find(parsed, TABLES)
    ]
    assert found == traps
