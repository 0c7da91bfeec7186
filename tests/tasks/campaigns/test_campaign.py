"""A campaign's files are read strictly, and every mistake is said with its place."""

from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.campaigns import campaign
from tasks.campaigns.campaign import CampaignError

GOOD = """\
owner: Lin
description: A test.
purpose: marketing
channels: [mail, sms]
steps:
  hello: {after: 1 hour}
  again: {after: 7 days}
params:
  away: 90 days
  least: 2
  price: 9.90
  since: 2026-01-01
  shop: The Paper Lantern
"""
SQL = "-- Who?\nselect 1 as customer_id, 'x' as occasion, true as is_so\n"


class Folder:
    """A campaign's folder with one thing changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.write("campaign.yaml", GOOD)
        self.write("audience.sql", SQL)

    def write(self, name: str, content: str) -> None:
        (self.path / name).write_text(content, encoding="utf-8")

    def problems(self) -> list[str]:
        """What loading says, without the folder's path."""
        with pytest.raises(CampaignError) as caught:
            campaign.load(self.path)
        return [
            str(one).replace(f"{self.path}/", "").replace(str(self.path), "")
            for one in caught.value.problems
        ]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "hello")


def test_it_loads_what_the_file_says_with_types(folder: Folder) -> None:
    loaded = campaign.load(folder.path)
    assert loaded.name == "hello"
    assert loaded.channels == ("mail", "sms")
    assert [(step.name, step.after) for step in loaded.steps] == [
        ("hello", timedelta(hours=1)),
        ("again", timedelta(days=7)),
    ]
    assert loaded.params == {
        "away": timedelta(days=90),
        "least": 2,
        "price": Decimal("9.9"),
        "since": date(2026, 1, 1),
        "shop": "The Paper Lantern",
    }
    assert loaded.quiet_hours is not None
    assert (loaded.quiet_hours.start, loaded.quiet_hours.end) == (time(21), time(9))
    assert loaded.latest_delay == timedelta(days=3)


def test_marketing_has_a_control_group_unless_said_otherwise(folder: Folder) -> None:
    assert campaign.load(folder.path).holdout_percent == 10
    folder.write("campaign.yaml", GOOD + "holdout_percent: 0\n")
    assert campaign.load(folder.path).holdout_percent == 0
    folder.write("campaign.yaml", GOOD.replace("marketing", "service"))
    assert campaign.load(folder.path).holdout_percent == 0


def test_it_runs_in_its_season_only(folder: Folder) -> None:
    season = "starts_on: 2026-03-01\nends_on: 2026-03-31\n"
    folder.write("campaign.yaml", GOOD + season)
    loaded = campaign.load(folder.path)
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [loaded.runs_on(day) for day in days] == [False, True, True, False]
    folder.write("campaign.yaml", GOOD + "enabled: false\n")
    assert not campaign.load(folder.path).runs_on(date(2026, 3, 1))


def test_the_version_changes_with_any_file_and_with_nothing_else(
    folder: Folder,
) -> None:
    first = campaign.load(folder.path).version
    folder.write(".hidden", "x")
    folder.write("notes.md", "x")
    assert campaign.load(folder.path).version == first
    folder.write("hello.mail.txt", "Subject: x\n\ny")
    second = campaign.load(folder.path).version
    assert second != first
    (folder.path / "hello.mail.txt").rename(folder.path / "again.mail.txt")
    assert campaign.load(folder.path).version not in (first, second)


def test_a_kept_version_loads_without_its_folder(folder: Folder) -> None:
    loaded = campaign.load(folder.path)
    kept = campaign.from_files(Path("gone/hello"), loaded.files)
    assert kept.version == loaded.version == campaign.digest(folder.path)
    assert kept.steps == loaded.steps


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("channels: [mail, sms]", "chanels: [mail]"),
            'campaign.yaml:4: unknown key "chanels"; did you mean "channels"?',
        ),
        (
            ("{after: 1 hour}", "{aftr: 1 hour}"),
            'campaign.yaml:6: unknown key "steps.hello.aftr"; did you mean "after"?',
        ),
        (
            ("owner: Lin\n", ""),
            'campaign.yaml:1: the key "owner" is missing: it must be given',
        ),
        (
            ("after: 7 days", "after: 7"),
            'campaign.yaml:7: "steps.again.after" is "7": write a number and one of '
            "minutes, hours, days, weeks: 7 days",
        ),
        (
            ("purpose: marketing", "purpose: Marketing"),
            'campaign.yaml:3: "purpose" is "Marketing": Input should be '
            "'service' or 'marketing'",
        ),
        (
            ("least: 2", "least: [1, 2]"),
            'campaign.yaml:10: "params.least": a param is one number, text, day, true, '
            "false or time (7 days)",
        ),
        (
            ("shop: The", "away: The"),
            'campaign.yaml:13: "away" is given twice, first in line 9',
        ),
        (
            ("purpose: marketing", "purpose: service\nholdout_percent: 5"),
            "campaign.yaml:1: holdout_percent is for marketing: what people must know "
            "about their order goes to everybody",
        ),
        (
            ("purpose: marketing", "purpose: marketing\nquiet_hours: at night"),
            'campaign.yaml:4: "quiet_hours" is "at night": quiet hours look like '
            "21:00-09:00, or none",
        ),
        (
            ("purpose: marketing", "purpose: marketing\nquiet_hours: 25:00-09:00"),
            'campaign.yaml:4: "quiet_hours" is "25:00-09:00": quiet hours look like '
            "21:00-09:00, or none",
        ),
        (
            (
                "purpose: marketing",
                "purpose: marketing\nstarts_on: 2026-03-02\nends_on: 2026-03-01",
            ),
            "campaign.yaml:1: ends_on 2026-03-01 is before starts_on 2026-03-02",
        ),
        (
            ("  hello:", "  Hello There:"),
            'campaign.yaml:6: "steps.Hello There" is "Hello There": a name is '
            "lower case letters, digits and _: spring_2027",
        ),
        (
            ("owner: Lin", "owner: [Lin"),
            "campaign.yaml:2: is not valid YAML: expected ',' or ']', but got ':'",
        ),
        ((GOOD, ""), "campaign.yaml:1: is empty"),
        (
            (GOOD, "just words"),
            "campaign.yaml:1: has no keys: write `key: value`",
        ),
    ],
)
def test_a_mistake_in_campaign_yaml_is_said_with_its_line(
    folder: Folder, change: tuple[str, str], message: str
) -> None:
    folder.write("campaign.yaml", GOOD.replace(*change))
    assert folder.problems() == [message]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "select 1 as customer_id;\nselect 2",
            "must be exactly one SELECT; it holds: SELECT, SELECT",
        ),
        ("delete from orders", "must be exactly one SELECT; it holds: DELETE"),
        ("-- nothing", "must be exactly one SELECT; it holds: nothing"),
        (
            "with gone as (delete from orders returning *)\nselect * from gone",
            "must only read; it holds DELETE",
        ),
        ("select * into other from orders", "must only read; it holds"),
        ("select * from orders for update", "must only read; it holds"),
        (
            "select\n *\nfrom regulars.orders",
            'audience.sql:3: "regulars.orders": write',
        ),
        ("select * from pg_shadow", '"pg_shadow" is a catalog of Postgres'),
        (
            "select pg_sleep(9) as customer_id",
            'the function "pg_sleep" is not for audiences',
        ),
        (
            "select\nset_config('statement_timeout', '0', false) as customer_id",
            'audience.sql:2: the function "set_config" is not for audiences',
        ),
        ("select :awy as customer_id", "`:awy` stands for nothing"),
        ("select :awy as customer_id", 'did you mean "away"?'),
        (
            "select\n:as_of::date as customer_id",
            "audience.sql:2: `:as_of::` is not understood; write cast(:as_of as type)",
        ),
        ("select 1 as from where", "is not SQL that can be read"),
    ],
)
def test_an_audience_that_is_not_one_plain_select_is_refused(
    folder: Folder, sql: str, message: str
) -> None:
    folder.write("audience.sql", sql)
    assert message in "\n".join(folder.problems())


def test_what_only_looks_like_a_trick_is_allowed(folder: Folder) -> None:
    folder.write(
        "audience.sql",
        "-- Who, at 12:30?\nselect 1 as customer_id, 'a;b 12:30' as occasion,"
        " cast('{1}' as int[])::text = '{1}' as is_so -- delete;\n;\n-- the end\n",
    )
    assert campaign.load(folder.path).audience.rstrip().endswith("-- delete;")


def test_files_that_are_missing_or_not_text_are_named(folder: Folder) -> None:
    (folder.path / "audience.sql").unlink()
    (folder.path / "campaign.yaml").unlink()
    assert folder.problems() == [
        "campaign.yaml: cannot be read: No such file or directory",
        "audience.sql: is missing: it says who gets the campaign",
    ]
    (folder.path / "campaign.yaml").write_bytes("owner: 林".encode("gbk"))
    assert folder.problems() == [
        "campaign.yaml: cannot be read as text: save it as UTF-8"
    ]


def test_a_folder_name_that_cannot_be_a_name_is_refused(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "Spring Sale")
    assert "the folder's name is lower case letters" in folder.problems()[0]


def test_a_campaign_that_is_not_there_is_guessed_at(folder: Folder) -> None:
    with pytest.raises(CampaignError, match='did you mean "hello"'):
        campaign.load(folder.path.parent / "helo")


def test_all_campaigns_reports_every_broken_one(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        Folder(tmp_path / name)
    (tmp_path / "_drafts").mkdir()
    assert [c.name for c in campaign.all_campaigns(tmp_path)] == ["one", "three", "two"]
    (tmp_path / "two" / "campaign.yaml").write_text(GOOD + "priority: 51\n")
    assert [c.name for c in campaign.all_campaigns(tmp_path)] == ["two", "one", "three"]
    for name in ("one", "three"):
        (tmp_path / name / "campaign.yaml").write_text("owner: x", encoding="utf-8")
    with pytest.raises(CampaignError) as caught:
        campaign.all_campaigns(tmp_path)
    assert {one.file.parent.name for one in caught.value.problems} == {"one", "three"}


def test_what_campaigns_share_is_part_of_each_version(folder: Folder) -> None:
    first = campaign.load(folder.path).version
    frame = folder.path.parent / "_frame.html"
    frame.write_text("<p>{% block words %}{% endblock %}</p>")
    (folder.path.parent / "notes.html").write_text("not shared")
    loaded = campaign.load(folder.path)
    assert loaded.version != first
    assert loaded.place("_frame.html") == frame
    assert "notes.html" not in loaded.files
    folder.write("_frame.html", "own")
    own = campaign.load(folder.path)
    assert own.files["_frame.html"] == "own"
    assert own.place("_frame.html") == folder.path / "_frame.html"
