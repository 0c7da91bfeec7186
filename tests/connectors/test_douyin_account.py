"""Comments of a Douyin account: listed, renewed, refused, found again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.client import Pace
from connectors.douyin_account import Config, streams
from connectors.douyin_account.client import AccountClient
from connectors.sandbox.douyin_account import (
    ACCOUNT,
    CLIENT_KEY,
    CLIENT_SECRET,
    VIDEOS,
    DouyinAccountDouble,
)
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.youzan_world import CHINA
from tests.connectors.contract import Case, StreamContract, key_of, pull

NOW = datetime(2011, 12, 10, 9, tzinfo=CHINA)
UNTIL = NOW - timedelta(days=2)
PHONE = "13800000001"
PATH = "list_comment"


class Account:
    """A double, and a stream to it that notes its waits instead of waiting."""

    def __init__(self, double: DouyinAccountDouble, folder: Path) -> None:
        self.double = double
        self.folder = folder
        self.waits: list[float] = []

    def comments(self, **settings: Any) -> Any:
        """The stream; `settings` are those of the sources file."""
        given = {
            "base_url": self.double.url,
            "client_key": CLIENT_KEY,
            "client_secret": CLIENT_SECRET,
            "account": ACCOUNT,
            "since": NOW - timedelta(days=90),
            "streams": ["comments"],
            "videos": VIDEOS,
            "access_token": self.double.access,
            "refresh_token": self.double.refresh,
            "token_file": self.folder / "douyin_account.json",
        }
        config = Config.model_validate({**given, **settings})
        pace = Pace(read_timeout=5)
        sleep = self.waits.append
        client = AccountClient("douyin_video", config, pace=pace, sleep=sleep)
        (stream,) = streams("douyin_video", config, client)
        return stream


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with DouyinAccountDouble(NOW) as double:
        yield Account(double, tmp_path)


class TestComments(StreamContract):
    """Comments are deleted, and the others move up."""

    @pytest.fixture
    def case(self, account: Account) -> Case:
        stream = account.comments(page_size=7)
        first = account.double.comments[VIDEOS[0]][0]
        first["create_time"] = int((UNTIL - stream.lag).timestamp())

        def refuse() -> None:
            def echo(seen: Seen) -> Answer:
                sent = f"{dict(seen.headers)} {PHONE} {CLIENT_SECRET}"
                return Answer({"data": {"error_code": 28001012, "description": sent}})

            account.double.overrule = echo

        def move() -> None:
            gone = account.double.comments[VIDEOS[0]].pop(2)
            case.moved.add(("comment", gone["comment_id"]))

        case = Case(
            stream,
            UNTIL,
            "happened_at",
            fail=lambda number: account.double.fail_with(
                {}, 500, times=5, path=PATH, after=number - 1
            ),
            refuse=refuse,
            secrets=lambda: [*account.double.secrets, PHONE],
            move=move,
        )
        return case

    def test_nothing_is_skipped_while_records_move(self, case: Case) -> None:
        """A comment that slips through is found by the next pull: see `overlap`."""
        assert case.move is not None
        case.stream.overlap = timedelta(days=90)
        wanted = {key_of(case.stream, record) for record in pull(case)}
        found, cursor = set(), None
        for page in case.stream.pull(None, case.until):
            found |= {key_of(case.stream, record) for record in page.records}
            cursor = page.cursor or cursor
            if page.records and len(case.moved) < 3:
                case.move()
        slipped = wanted - case.moved - found
        assert slipped
        later = case.until + timedelta(minutes=15)
        for page in case.stream.pull(cursor, later):
            found |= {key_of(case.stream, record) for record in page.records}
        assert wanted - case.moved <= found


def test_a_comment_becomes_a_typed_row(account: Account) -> None:
    stream = account.comments()
    record = {
        "comment_id": "@c1",
        "comment_user_id": "o-0001",
        "content": "好看",
        "create_time": 1700000000,
        "digg_count": 0,
    }
    (row,) = stream.rows(stream.record_of(record))
    assert dict(zip(stream.columns, row, strict=True)) == {
        "place": None,
        "problem": None,
        "kind": "comment",
        "interaction_key": "@c1",
        "happened_at": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        "account": ACCOUNT,
        "more_identifiers": '[{"kind":"openid","scope":"awdemoclientkey",'
        '"value":"o-0001"}]',
        "body": "好看",
    }


def test_all_comments_of_all_videos_are_pulled(account: Account) -> None:
    stream = account.comments(page_size=7)
    pages = stream.pull(None, NOW)
    found = {one["comment_id"] for page in pages for one in page.records}
    listed = account.double.comments.values()
    assert found == {one["comment_id"] for video in listed for one in video}
    assert {seen.query["item_id"] for seen in account.double.seen} == set(VIDEOS)


def test_the_next_pull_takes_what_is_new_and_a_little_more(account: Account) -> None:
    stream = account.comments(overlap=timedelta(days=1))
    stream.check()
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    again = [one for page in stream.pull(cursor, NOW) for one in page.records]
    oldest = (UNTIL - stream.lag - timedelta(days=1)).timestamp()
    assert 0 < len(again) < 15
    assert min(one["create_time"] for one in again) >= oldest


def test_a_comment_that_a_new_one_pushes_back_comes_once(account: Account) -> None:
    stream = account.comments(page_size=7)
    listed = account.double.comments[VIDEOS[0]]
    numbers = []
    for page in stream.pages(NOW - timedelta(days=90), NOW):
        numbers += [one["comment_id"] for one in page.records]
        listed.insert(0, {**listed[0], "comment_id": f"@new-{len(numbers)}"})
    assert len(set(numbers)) == len(numbers) >= 60


def test_a_token_that_ends_in_the_middle_is_renewed_once(account: Account) -> None:
    stream = account.comments(page_size=7)

    def end_once(seen: Seen) -> None:
        if len(account.double.seen) == 4:
            account.double.expire_tokens()

    account.double.overrule = end_once
    assert len([one for page in stream.pull(None, NOW) for one in page.records]) == 60
    assert len(account.double.calls("refresh_token")) == 1
    assert account.waits == []


def test_tokens_that_have_ended_need_a_person(account: Account) -> None:
    account.double.expire_tokens()
    account.double.refresh = "rft.another"
    with pytest.raises(SourceRefused, match=r"28001008.*authorise the application"):
        list(account.comments(refresh_token="rft.an-old-one").pull(None, NOW))


@pytest.mark.parametrize("code", [28001005, 28001006, 2100004])
def test_a_fault_of_theirs_is_tried_again(account: Account, code: int) -> None:
    account.double.fail_with({"extra": {"error_code": code}}, path=PATH)
    assert list(account.comments().pull(None, NOW))
    assert len(account.waits) == 1


def test_too_many_calls_are_waited_for(account: Account) -> None:
    account.double.fail_with({"data": {"error_code": 28003018}}, path=PATH)
    assert list(account.comments().pull(None, NOW))
    assert account.waits == [15.0]


def test_a_day_that_is_used_up_is_left_to_the_next(account: Account) -> None:
    account.double.calls_left = 2
    with pytest.raises(SourceUnavailable, match=r"2190001.*try tomorrow"):
        list(account.comments(page_size=7).pull(None, NOW))
    assert len(account.double.seen) == 3
    assert account.waits == []


@pytest.mark.parametrize(
    "settings, reason",
    [
        ({"account": "o-another"}, "28001015.*check account"),
        ({"videos": ["@unknown"]}, "code 2100005"),
    ],
)
def test_a_wrong_setting_needs_a_person(
    account: Account, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SourceRefused, match=reason):
        account.comments(**settings).check()


@pytest.mark.parametrize(
    "data",
    [
        {"has_more": True, "cursor": 5},
        {"has_more": True, "cursor": 0, "list": []},
        {"has_more": True, "list": []},
        {},
    ],
)
def test_a_list_that_cannot_be_walked_is_an_error(account: Account, data: Any) -> None:
    account.double.fail_with({"data": data}, times=99, path=PATH)
    with pytest.raises(SourceUnavailable, match=r"holds no list|does not move"):
        list(account.comments().pull(None, NOW))


def test_a_video_without_comments_is_fine(account: Account) -> None:
    account.double.fail_with({"data": {"has_more": False}}, times=2, path=PATH)
    pages = list(account.comments().pull(None, NOW))
    assert [page.records for page in pages] == [()]


def test_comments_need_their_videos_and_tokens() -> None:
    given = {"client_key": "k", "client_secret": "s", "account": "o", "since": NOW}
    wanted = "comments needs videos, access_token, refresh_token, token_file"
    with pytest.raises(ValueError, match=wanted):
        Config.model_validate({**given, "streams": ["comments"]})
