"""Tasks for people: whole files, nobody listed twice, what they noted is read back."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tasks.channels import worklist_file
from tasks.channels.base import Message, Outcome
from tasks.channels.worklist import Worklist, WorklistAccount
from tasks.channels.worklist_file import Unreadable
from tasks.delivery import ledger, worklists
from tasks.delivery.deliver import deliver
from tasks.planning.plan import plan
from tasks.settings import settings
from tests.ledger_world import NOON, campaign, people, states

SENT_AT = datetime(2027, 3, 1, 20, tzinfo=UTC)
"""The second of March in Shanghai."""


@pytest.fixture
def team(tmp_path: Path) -> Worklist:
    return Worklist("team", WorklistAccount(folder=tmp_path / "tasks", language="en"))


def messages(*numbers: int, number: int = 1, step: str = "call") -> list[Message]:
    return [
        Message(
            touch_id=n,
            number=number,
            key=f"{n:x}{'1' * 16}",
            address=f"1234567890{n:05}",
            campaign="win_back",
            step=step,
            subject="Away for a long time",
            text="Ask how the tea was.\n",
            params={"name": "=HYPERLINK(1)" if n == 1 else "林月"},
            sent_at=SENT_AT,
        )
        for n in numbers
    ]


def go(*_: Message) -> bool:
    return True


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def outcomes(team: Worklist, given: Sequence[Message]) -> list[str]:
    return [f"{one.outcome}: {one.provider_id}" for one in team.send(given, go)]


def test_a_batch_is_one_file_with_all_that_a_person_needs(team: Worklist) -> None:
    found = outcomes(team, messages(1, 2))
    assert found == ["accepted: 2027-03-02_win_back_call_1.csv"] * 2
    (path,) = worklist_file.files(team.settings.folder)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    head, first, second = table(path)
    assert head == [
        *("key", "due", "customer", "buyer", "name", "why", "what to say"),
        *("done", "answer", "no more"),
    ]
    # No cell is a formula, or a number that a spreadsheet would round.
    assert first[:5] == [
        *("k-11111111111111111", "2027-03-04", "1"),
        *("ID 123456789000001", "'=HYPERLINK(1)"),
    ]
    assert second[4:] == [
        "林月",
        "Away for a long time",
        "Ask how the tea was.",
        *[""] * 3,
    ]


def test_the_next_batch_and_another_step_get_files_of_their_own(team: Worklist) -> None:
    outcomes(team, messages(1))
    before = table(team.settings.folder / "2027-03-02_win_back_call_1.csv")
    outcomes(team, [*messages(2), *messages(3, step="visit")])
    assert [one.name for one in worklist_file.files(team.settings.folder)] == [
        "2027-03-02_win_back_call_1.csv",
        "2027-03-02_win_back_call_2.csv",
        "2027-03-02_win_back_visit_1.csv",
    ]
    assert table(team.settings.folder / "2027-03-02_win_back_call_1.csv") == before


def test_whoever_is_listed_is_not_listed_again(team: Worklist) -> None:
    outcomes(team, messages(1, 2))
    again = [*team.send(messages(2, 3, number=2), go)]
    assert [(one.message.touch_id, one.reason) for one in again] == [
        (2, "listed before"),
        (3, None),
    ]
    keys = [row[0] for path in worklist_file.files(team.settings.folder)
            for row in table(path)[1:]]  # fmt: skip
    assert len(keys) == len(set(keys)) == 3


def test_it_can_be_asked(team: Worklist) -> None:
    outcomes(team, messages(1))
    answers = [one.outcome for one in team.ask(messages(1, 2))]
    assert answers == [Outcome.ACCEPTED, Outcome.NOT_SENT]


def test_what_must_not_leave_is_in_no_file(team: Worklist) -> None:
    found = [one.outcome for one in team.send(messages(1), lambda *_: False)]
    assert found == [Outcome.NOT_SENT]
    assert worklist_file.files(team.settings.folder) == []


def test_a_folder_that_cannot_be_written_leaves_everything_unsent(
    team: Worklist, tmp_path: Path
) -> None:
    (tmp_path / "tasks").write_text("a file, no folder")
    (result,) = team.send(messages(1), go)
    assert result.outcome is Outcome.NOT_SENT
    assert result.reason == "the folder of the worklist: File exists"
    with pytest.raises(FileExistsError):
        team.check()


def test_a_killed_writer_leaves_no_half_file(
    team: Worklist, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(worklist_file.os, "fsync", full)
    (result,) = team.send(messages(1), go)
    assert result.reason == "the folder of the worklist: No space left on device"
    assert list(team.settings.folder.iterdir()) == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_notes_are_read_however_a_spreadsheet_saves_them(
    tmp_path: Path, encoding: str, delimiter: str, language: str
) -> None:
    path = tmp_path / "a.csv"
    rows = [
        worklist_file.HEADS[language],
        (
            "k-1aaaaaaaaaaaaaaaa",
            "",
            "",
            "",
            "林月",
            "",
            "多\n行",
            "x",
            "下周\n再说",
            "",
        ),
        ("k-2aaaaaaaaaaaaaaaa", "", "", "", "", "", "", "", "", "是"),
        ("k-3aaaaaaaaaaaaaaaa", "", "", "", "", "", ""),
        (),
    ]
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    first, second, third = worklist_file.notes(path)
    assert (first.key, first.is_done, first.answer) == (
        *("1aaaaaaaaaaaaaaaa", True),
        "下周\n再说",
    )
    assert (second.wants_no_more, second.is_open) == (True, False)
    assert third.is_open


@pytest.mark.parametrize("content", [b"done,key\r\nx,k-1\r\n", b"\xff\xff\xff"])
def test_a_spoilt_file_is_named_with_the_way_out(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(Unreadable, match=r"a\.csv: (its first line must|is no text)"):
        list(worklist_file.notes(tmp_path / "a.csv"))


@pytest.fixture
def planned(
    engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, WorklistAccount]]:
    """Three people planned for a worklist; the accounts."""
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    settings.cache_clear()
    folder = home / "tasks"
    known = {"worklist": {"team": WorklistAccount(folder=folder, language="en")}}
    with engine.begin() as connection:
        people(connection, 3, consent="sms", kinds={"buyer": "b{}"})
    thanks = campaign(home / "campaigns", channels="worklist")
    plan(engine, thanks, NOON, known_accounts=known)
    return known


def sent(engine: Engine, known: dict[str, dict[str, WorklistAccount]]) -> int:
    account = known["worklist"]["team"]
    channel = Worklist("team", account)
    later = NOON + timedelta(seconds=1)
    return deliver(engine, channel, "team", later, limits=account).outcomes["accepted"]


def test_tasks_are_delivered_and_what_people_note_comes_back(
    engine: Engine, home: Path, planned: dict[str, dict[str, WorklistAccount]]
) -> None:
    assert sent(engine, planned) == 3
    (listed,) = worklists.listed(planned)
    assert (listed.tasks, listed.open) == (3, 3)
    head, first, second, third = table(listed.path)
    assert first[5].startswith("谢谢 顾客")
    first[7], second[8], third[9] = "x", "Likes green tea", "x"
    with listed.path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([head, first, second, third])
    told = worklists.read_back(engine, NOON + timedelta(days=1), planned)
    assert (told.done, told.answered, told.stopped, told.unknown) == (2, 1, 1, 0)
    again = worklists.read_back(engine, NOON + timedelta(days=2), planned)
    assert (again.done, again.answered, again.stopped) == (0, 0, 0)
    assert states(engine) == {"delivered": 2, "accepted": 1}
    with engine.begin() as connection:
        said = connection.execute(
            text("select kind, body, customer_id from interactions")
        ).one()
        refused = connection.execute(
            text(
                "select identifiers.customer_id, channel from consents"
                " inner join identifiers using (identifier_id) where not is_granted"
            )
        ).all()
        assert ledger.check(connection) == []
    assert tuple(said) == ("answer", "Likes green tea", int(second[2]))
    assert [tuple(row) for row in refused] == [(int(third[2]), "sms")]


def test_a_task_of_another_database_changes_nothing(
    engine: Engine, planned: dict[str, dict[str, WorklistAccount]]
) -> None:
    folder = planned["worklist"]["team"].folder
    folder.mkdir()
    lines = [",".join(worklist_file.HEADS["en"]), "k-9" + "a" * 16 + ",,,,,,,x,,"]
    (folder / "old.csv").write_text("\n".join(lines))
    (folder / "spoilt.csv").write_text("a\nb")
    told = worklists.read_back(engine, NOON, planned)
    assert (told.done, told.unknown) == (0, 1)
    assert len(told.problems) == 1 and "spoilt.csv" in told.problems[0]
