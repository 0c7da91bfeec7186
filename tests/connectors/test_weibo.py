"""Weibo: lists by id while people write, pushes by signature."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import CallbackRefused, Request, SourceRefused, SourceUnavailable
from connectors.client import Pace
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.weibo import (
    ACCOUNT,
    APP_SECRET,
    TOKEN,
    Wall,
    WeiboDouble,
    pushed,
    signed,
)
from connectors.weibo import Config, callbacks, streams
from connectors.weibo.client import WeiboClient
from connectors.weibo.pushed import Messages, WeiboCallbacks
from tests.connectors.contract import Case, StreamContract

NOW = datetime(2026, 1, 10, 4, tzinfo=UTC)
UNTIL = NOW - timedelta(hours=2)
SINCE = datetime(2025, 12, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NAMES = ("comments", "mentions", "comment_mentions")
PHONE = "13800000001"


@pytest.fixture
def double() -> Iterator[WeiboDouble]:
    """Twelve entries in each list, two hours apart."""
    wall = Wall(NOW)
    for name in NAMES:
        wall.fill(name, 12, timedelta(hours=2))
    with WeiboDouble(wall) as started:
        yield started


def opened(double: WeiboDouble, **settings: Any) -> dict[str, Any]:
    """The streams by name, which note their waits instead of waiting."""
    client = WeiboClient(
        "weibo", config(double, **settings), pace=Pace(), sleep=lambda seconds: None
    )
    found = streams("weibo", config(double, **settings), client)
    return {one.name: one for one in found}


def config(double: WeiboDouble | None = None, **settings: Any) -> Config:
    given = {
        "base_url": f"{double.url}/2/" if double else "http://127.0.0.1:1/2",
        "access_token": TOKEN,
        "app_secret": APP_SECRET,
        "account": ACCOUNT,
        "since": SINCE,
        "page_size": 3,
    }
    return Config.model_validate({**given, **settings})


def rows(stream: Any, cursor: str | None, until: datetime) -> list[dict[str, Any]]:
    return [
        dict(zip(stream.columns, row, strict=True))
        for page in stream.pull(cursor, until)
        for record in page.records
        for row in stream.rows(record)
    ]


@pytest.mark.parametrize("name", NAMES)
class TestListed(StreamContract):
    """Comments and mentions are written and deleted all the time."""

    @pytest.fixture
    def case(self, double: WeiboDouble, name: str) -> Case:
        stream = opened(double, overlap=30)[name]
        wall = double.wall
        wall.add(name, UNTIL - stream.lag, "刚好", 77)

        def move() -> None:
            """Somebody deletes a late entry, somebody writes a new one."""
            shown = wall.newest_first(name)
            gone = shown[2]
            wall.lists[name].remove(gone)
            case.moved.add((stream.kind, f"{stream.prefix}{gone.number}"))
            wall.add(name, UNTIL + MINUTE, "新的", 78)

        def refuse() -> None:
            def echo(seen: Seen) -> Answer:
                said = f"{seen.query} {PHONE}"
                body = {"request": "/2/x", "error_code": 10014, "error": said}
                return Answer(body, 403)

            double.overrule = echo

        case = Case(
            stream,
            UNTIL,
            "happened_at",
            fail=lambda number: double.fail_with({}, 500, times=5, after=number - 1),
            refuse=refuse,
            secrets=lambda: [TOKEN, PHONE],
            move=move,
        )
        return case


def test_a_comment_becomes_a_typed_row(double: WeiboDouble) -> None:
    wall = double.wall
    wall.lists.clear()
    entry = wall.add("comments", datetime(2026, 1, 1, tzinfo=UTC), "赞", 1_404_376_560)
    assert entry.number > 2**53
    stream = opened(double)["comments"]
    (row,) = rows(stream, None, NOW)
    place = row.pop("place")
    assert place == "comments/to_me, from the newest down"
    assert row == {
        "problem": None,
        "kind": "comment",
        "interaction_key": str(entry.number),
        "happened_at": datetime(2026, 1, 1, tzinfo=UTC),
        "account": str(ACCOUNT),
        "more_identifiers": '[{"kind":"weibo_uid","scope":"","value":"1404376560"}]',
        "body": "赞",
        "code": None,
    }


def test_a_pull_asks_only_for_what_is_newer(double: WeiboDouble) -> None:
    stream = opened(double)["comments"]
    cursor = [page.cursor for page in stream.pull(None, NOW) if page.cursor][-1]
    double.seen.clear()
    double.wall.now = NOW + timedelta(hours=1)
    double.wall.add("comments", NOW + MINUTE, "新的", 5)
    found = rows(stream, cursor, NOW + timedelta(hours=1))
    assert [row["body"] for row in found] == ["新的"]
    (call,) = double.seen
    assert call.query["since_id"] == cursor
    assert "max_id" not in call.query


def test_what_the_index_learns_of_late_is_not_skipped(double: WeiboDouble) -> None:
    """An entry of nine minutes ago turns up after its neighbours were read."""
    stream = opened(double)["comments"]
    double.wall.add("comments", NOW - 2 * MINUTE, "早到", 5)
    cursor = [page.cursor for page in stream.pull(None, NOW) if page.cursor][-1]
    double.wall.add("comments", NOW - 9 * MINUTE, "迟到", 6)
    bodies = [row["body"] for row in rows(stream, cursor, NOW + MINUTE)]
    assert bodies == ["早到", "迟到"]


def test_what_the_account_wrote_itself_is_no_interaction(double: WeiboDouble) -> None:
    double.wall.add("comments", NOW - timedelta(hours=1), "谢谢支持", ACCOUNT)
    assert len(rows(opened(double)["comments"], None, NOW)) == 12


def test_nothing_older_than_since_is_read(double: WeiboDouble) -> None:
    since = NOW - timedelta(hours=7)
    stream = opened(double, since=since)["comments"]
    found = rows(stream, None, NOW)
    assert len(found) == 3
    assert all(row["happened_at"] >= since for row in found)
    assert len(double.seen) == 2


def test_more_than_weibo_shows_is_told(double: WeiboDouble) -> None:
    double.wall.lists.clear()
    double.wall.fill("comments", 1_100, MINUTE)
    stream = opened(double, page_size=200, since=SINCE)["comments"]
    assert len(rows(stream, None, NOW + timedelta(hours=1))) == 1_000
    assert "cannot be had" in stream.notes[0]


def test_a_ration_that_is_used_up_is_left_alone(double: WeiboDouble) -> None:
    double.ration = 1
    with pytest.raises(SourceUnavailable, match=r"code 10023.*a later run goes on"):
        rows(opened(double)["comments"], None, NOW)
    assert len(double.seen) == 2


def test_an_expired_token_asks_for_another_authorisation(double: WeiboDouble) -> None:
    double.token = None
    with pytest.raises(SourceRefused, match=r"code 21315.*set access_token"):
        opened(double)["mentions"].check()
    assert len(double.seen) == 1


@pytest.mark.parametrize("body", [{}, {"comments": None}, {"comments": {}}])
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    double: WeiboDouble, body: Any
) -> None:
    double.fail_with(body, times=9)
    with pytest.raises(SourceUnavailable, match="holds no comments"):
        rows(opened(double)["comments"], None, NOW)


def test_only_configured_streams_are_there(double: WeiboDouble) -> None:
    assert list(opened(double, streams=("messages",))) == ["messages"]
    assert callbacks("weibo", config(app_secret=None)) is None


# What is pushed.


def receiver(**settings: Any) -> WeiboCallbacks:
    found = callbacks("weibo", config(**settings))
    assert found is not None
    found.clock = lambda: NOW
    return found


def request(push: Any, at: datetime = NOW, **options: Any) -> Request:
    query, body = signed(push, at, **options)
    return Request("POST", query, {}, body)


def test_the_published_signature_is_accepted() -> None:
    """Application secret `demo`, from Weibo's own sample."""
    weibo = receiver(app_secret="demo")
    weibo.clock = lambda: datetime.fromtimestamp(1639017506, UTC)
    query = {
        "signature": "233dae8d74f45a1ad1f5671a974c485ccd1ac3c5",
        "timestamp": "1639017506000",
        "nonce": "57155157",
        "echostr": "hello",
    }
    assert weibo.receive(Request("GET", query, {}, b"")).answer == b"hello"
    query["nonce"] = "57155158"
    with pytest.raises(CallbackRefused):
        weibo.receive(Request("GET", query, {}, b""))


@pytest.mark.parametrize(
    ("kind", "text", "data", "wanted"),
    [
        ("text", "在吗", {}, ("message", "在吗", None)),
        ("event", "关注事件消息", {"subtype": "follow"}, ("follow", None, None)),
        ("event", "取消", {"subtype": "unfollow"}, ("unfollow", None, None)),
        (
            "event",
            "扫描",
            {"subtype": "scan_follow", "key": "store-7", "ticket": "T"},
            ("follow", None, "store-7"),
        ),
        ("event", "", {"subtype": "scan", "key": "p-1"}, ("scan", None, "p-1")),
        ("event", "", {"subtype": "click", "key": "menu"}, ("click", None, None)),
        (
            "mention",
            "@我们",
            {"subtype": "status", "key": "11142488790"},
            ("mention", "@我们", None),
        ),
    ],
)
def test_a_push_becomes_a_typed_row(
    kind: str, text: str, data: dict[str, str], wanted: tuple[str, str, str]
) -> None:
    at = datetime(2012, 7, 16, 10, 9, 20, tzinfo=UTC)
    push = pushed(at, 2_489_518_277, kind, text, **data)
    received = receiver().receive(request(push))
    assert received.answer == b""
    stream = Messages("weibo", config())
    (record,) = received.records["messages"]
    kept = stream.record_of(json.loads(stream.raw(record)))
    (values,) = stream.rows(kept)
    row = dict(zip(stream.columns, values, strict=True))
    assert (row["kind"], row["body"], row["code"]) == wanted
    assert row["problem"] is None
    assert row["happened_at"] == at
    assert row["account"] == str(ACCOUNT)
    assert "2489518277" in row["more_identifiers"]


def test_a_mention_has_the_key_that_its_list_gives_it(double: WeiboDouble) -> None:
    entry = double.wall.lists["mentions"][0]
    listed = rows(opened(double)["mentions"], None, NOW)
    push = pushed(NOW, 5, "mention", "@", subtype="status", key=str(entry.number))
    (values,) = Messages("weibo", config()).rows(push)
    assert values[3] in {row["interaction_key"] for row in listed}


def test_messages_of_one_second_are_told_apart_and_repeats_are_not() -> None:
    stream = Messages("weibo", config())
    keys = [
        next(iter(stream.rows(pushed(NOW, 5, "text", text))))[3]
        for text in ("在吗", "在吗", "在不在")
    ]
    assert keys[0] == keys[1] != keys[2]


def test_odd_pushes_make_a_problem_and_never_an_error() -> None:
    stream = Messages("weibo", config())
    for odd in ({}, {"type": []}, {"type": "event", "data": {"subtype": []}}):
        (row,) = stream.rows(stream.record_of(odd))
        assert row[3] is None and "type:" in str(row[1])


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (request(pushed(NOW, 5, "text"), secret="other"), "the signature is wrong"),
        (request(pushed(NOW, 5, "text"), NOW - 11 * MINUTE), "too far from now"),
        (request(pushed(NOW, 5, "text"), NOW + 11 * MINUTE), "too far from now"),
        (request("hello"), "no JSON object"),
        (request({**pushed(NOW, 5, "text"), "receiver_id": 1}), "another account"),
        (Request("POST", {}, {}, b"{}"), "the signature is wrong"),
        (Request("POST", {"signature": "é"}, {}, b"{}"), "the signature is wrong"),
    ],
)
def test_what_is_not_from_weibo_is_refused(told: Request, said: str) -> None:
    with pytest.raises(CallbackRefused, match=said) as caught:
        receiver().receive(told)
    assert APP_SECRET not in str(caught.value)


def test_a_kind_of_push_that_is_new_is_answered_and_left_alone() -> None:
    assert receiver().receive(request(pushed(NOW, 5, "hologram"))).records == {}


def test_it_pulls_nothing_and_moves_no_cursor() -> None:
    stream = Messages("weibo", config())
    assert list(stream.pull(None, NOW)) == []
    stream.check()
