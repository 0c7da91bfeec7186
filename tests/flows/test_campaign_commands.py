"""What a marketer types: check, preview, explain, new."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from sqlalchemy import Connection, Engine, text

import sql
from connectors.sandbox.mail import MailDouble
from flows.cli import main
from tasks.campaigns import campaign
from tasks.planning import plan as planning
from tasks.settings import settings


@pytest.fixture
def campaigns(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of campaigns; tables are as wide as they like."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    settings.cache_clear()
    return home / "campaigns"


@pytest.fixture
def shop(campaigns: Path, engine: Engine) -> Engine:
    """Customer 1 is long away, customer 2 is not."""
    with engine.begin() as connection:
        connection.execute(text("insert into customers (name) values ('Lin'), (null)"))
        connection.execute(
            text(
                "insert into customer_facts (customer_id, name, language, timezone,"
                " email, has_email, has_phone, points, orders_count, last_order_at,"
                " last_order_id, spent, reviews_count, refunds_count, open_refunds,"
                " refunded, interactions_count, computed_at) values"
                " (1, 'Lin', 'zh', 'UTC', 'lin@example.com', true, false, 0, 1,"
                " '2026-01-01', 11, 5, 0, 0, 0, 0, 0, now()),"
                " (2, null, 'en', 'UTC', 'o@example.com', true, false, 0, 1,"
                " '2026-05-01', 12, 5, 0, 0, 0, 0, 0, now())"
            )
        )
    assert run("new", "campaign", "hello").exit_code == 0
    return engine


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_a_new_campaign_is_right_and_is_not_begun_twice(campaigns: Path) -> None:
    made = run("new", "campaign", "hello")
    assert made.exit_code == 0 and (campaigns / "hello" / "audience.sql").exists()
    checked = run("check", "hello")
    assert checked.exit_code == 0
    assert "hello is right (3 rules, 1 example)" in checked.output
    assert "is there already" in run("new", "campaign", "hello").output
    assert "lower case letters" in run("new", "campaign", "Hello There").output


@pytest.mark.parametrize(
    ("kind", "columns", "there"),
    [
        ("segment", ["customer_id", "bought_again", "recheck_at"], "lapsed"),
        ("tag", ["customer_id", "value", "evidence"], "reviewer"),
    ],
)
def test_the_scaffold_of_a_segment_or_tag_returns_what_it_must(
    undone: Connection, kind: str, columns: list[str], there: str
) -> None:
    scaffold = sql.folder("scaffolds", f"{kind}.sql").read_text(encoding="utf-8")
    assert scaffold.startswith("-- ")
    assert list(undone.execute(text(scaffold)).keys()) == columns
    assert "is there already" in run("new", kind, there).output


def test_a_mistake_ends_with_1_and_its_place(shop: Engine, campaigns: Path) -> None:
    file = campaigns / "hello" / "examples.yaml"
    file.write_text(file.read_text().replace("gets: [1]", "gets: [1, 2]"))
    checked = run("check", "hello")
    assert checked.exit_code == 1
    assert "hello is to be mended" in checked.output
    assert "left out by is_long_away" in checked.output
    assert "examples.yaml:15" in checked.output


def test_checking_something_unknown_guesses(campaigns: Path) -> None:
    checked = run("check", "lapsd")
    assert checked.exit_code == 1
    assert 'no campaign, segment or tag "lapsd"; did you mean "lapsed"?' in (
        checked.output
    )


def test_a_preview_shows_the_messages_and_writes_nothing(
    shop: Engine, home: Path
) -> None:
    shown = run("preview", "hello", "--as-of", "2026-05-02 09:00")
    assert shown.exit_code == 0, shown.output
    assert "1 no, 1 by this rule alone" in shown.output
    assert "好久不见" in shown.output and "lin@example.com" not in shown.output
    page = home / "previews" / "hello.html"
    assert "好久不见" in page.read_text(encoding="utf-8")
    assert "点此退订" in shown.output and "点此退订" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o077 == 0
    with shop.connect() as connection:
        for table in ("touch", "campaign_runs"):
            count = connection.execute(text(f"select count(*) from {table}"))
            assert count.scalar_one() == 0


def test_the_team_gets_every_message_and_no_customer_does(
    shop: Engine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailDouble() as double:
        configure(home, monkeypatch, double, team=["lin@team.example"])
        sent = run("test-send", "hello", "--as-of", "2026-05-02 09:00")
    assert sent.exit_code == 0, sent.output
    assert "✓ hello · mail · zh → lin@team.example" in sent.output
    assert [one.recipient for one in double.taken] == ["lin@team.example"] * 2
    read = [message_from_bytes(one.content, policy=policy.SMTP) for one in double.taken]
    assert sorted(one["Subject"] for one in read) == [
        *("[Test] Good to hear from us?", "【测试】好久不见"),
    ]
    assert all("List-Unsubscribe" in one for one in read)
    texts = [part.get_content() for one in read if (part := one.get_body(("plain",)))]
    assert texts and all("mailto:u@shop.example" in one.split() for one in texts)
    with shop.connect() as connection:
        for table in ("touch", "campaign_runs", "attempt", "sending_accounts"):
            count = connection.execute(text(f"select count(*) from {table}"))
            assert count.scalar_one() == 0


def test_a_test_without_a_team_or_an_audience_says_what_to_do(
    shop: Engine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailDouble() as double:
        configure(home, monkeypatch, double)
        told = run("test-send", "hello", "--as-of", "2026-05-02 09:00")
        assert told.exit_code == 1
        assert "mail: no `team` in channels.yaml: add addresses" in told.output
        configure(home, monkeypatch, double, team=["lin@team.example"])
        told = run("test-send", "hello", "--as-of", "2020-01-01 09:00")
        assert "finds nobody to fill the words with: give a moment" in told.output
        told = run("test-send", "hello", "--step", "bye", "--as-of", "2026-05-02 09:00")
        assert "no such words; there are hello/mail/en, hello/mail/zh" in told.output
    assert double.taken == []


def test_a_test_that_is_refused_ends_with_1(
    shop: Engine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailDouble() as double:
        configure(home, monkeypatch, double, team=["lin@team.example"])
        double.refused["lin@team.example"] = "550 5.1.1 unknown"
        told = run(
            *("test-send", "hello", "--language", "zh"),
            *("--as-of", "2026-05-02 09:00"),
        )
    assert told.exit_code == 1
    assert "✗ hello · mail · zh → lin@team.example: recipient_invalid" in told.output


def test_a_difference_names_who_enters_and_who_leaves(
    shop: Engine, campaigns: Path
) -> None:
    when = ("--as-of", "2026-05-02 09:00")
    assert "never planned: everybody enters" in run("diff", "hello", *when).output
    hello = campaign.load(campaigns / "hello")
    planning.plan(shop, hello, datetime(2026, 5, 2, 1, tzinfo=UTC), known_accounts={})
    same = run("diff", "hello", *when).output
    assert "with the same files" in same and "0 enter, 0 leave, 1 stay" in same
    later = run("diff", "hello", "--as-of", "2026-08-02 09:00").output
    assert "was not: is long away" in later and "1 enter, 0 leave, 1 stay" in later
    file = campaigns / "hello" / "audience.sql"
    file.write_text(
        file.read_text()
        .replace("facts.last_order_at <= :as_of - :away", "facts.name is null")
        .replace("where ", "where facts.customer_id = 2 and ")
    )
    changed = run("diff", "hello", *when)
    assert "against the files of the plan of 2026-05-02 09:00" in changed.output
    assert "was not: is long away" in changed.output
    assert "is no candidate" in changed.output
    assert "1 enter, 1 leave, 0 stay" in changed.output


def configure(
    home: Path, monkeypatch: pytest.MonkeyPatch, double: MailDouble, **more: object
) -> None:
    """Let channels.yaml name the double."""
    account = {
        **{"host": "127.0.0.1", "port": double.port, "security": "none"},
        **{"sender": "Shop <a@shop.example>", "unsubscribe_mail": "u@shop.example"},
    }
    file = home / "channels.yaml"
    file.write_text(yaml.safe_dump({"mail": {"shop": account | more}}))
    monkeypatch.setenv("REGULARS_CHANNELS_FILE", str(file))
    settings.cache_clear()


def test_a_preview_of_what_is_broken_says_what_to_do(
    shop: Engine, campaigns: Path
) -> None:
    (campaigns / "hello" / "audience.sql").write_text("select 1")
    shown = run("preview", "hello")
    assert shown.exit_code == 1
    assert "first columns must be customer_id, occasion" in shown.output
    assert "`regulars check hello` says more" in shown.output
    unknown = run("preview", "helo")
    assert unknown.exit_code == 1 and 'did you mean "hello"?' in unknown.output
    assert "says more" not in unknown.output


def test_an_explanation_has_every_rule_and_what_it_saw(shop: Engine) -> None:
    told = run("explain", "2", "hello", "--as-of", "2026-05-02 09:00")
    assert told.exit_code == 0, told.output
    assert "about 12" in told.output and "left out" in told.output
    assert "last_order_at = 2026-05-01 08:00" in told.output
    assert "last_order_at <= 2026-05-02 09:00 - 90 days" in told.output
    assert "name = nothing (null)" in told.output
    assert "Nothing was decided about them so far." in told.output


def test_an_explanation_tells_what_became_of_the_messages(shop: Engine) -> None:
    with shop.begin() as connection:
        connection.execute(
            text(
                "insert into campaign_runs (campaign, as_of, version)"
                " values ('hello', '2026-05-01', 'x')"
            )
        )
        connection.execute(
            text(
                "insert into touch (campaign_run_id, customer_id, campaign, step,"
                " occasion, decision, reason, key) values"
                " (1, 1, 'hello', 'hello', '11', 'skipped', 'no_consent', 'k')"
            )
        )
    told = run("explain", "1", "--as-of", "2026-05-02 09:00").output
    assert "in the audience" in told
    assert "2026-05-01 08:00" in told and "skipped" in told and "no consent" in told


def test_an_explanation_for_nobody_says_what_can_be_given(shop: Engine) -> None:
    told = run("explain", "nobody")
    assert told.exit_code == 1
    assert 'nobody is known by "nobody": give our customer number' in told.output
    assert "is no moment: write 2011-12-10 09:00" in (
        run("explain", "1", "--as-of", "soon").output
    )


def test_somebody_outside_is_told_the_conditions(shop: Engine) -> None:
    with shop.begin() as connection:
        connection.execute(text("delete from customer_facts"))
    told = run("explain", "1", "hello")
    assert "Not a candidate" in told.output
    assert "line 19: last_order_id is not null" in told.output
