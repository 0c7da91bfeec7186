"""Douyin's pushes about an account: verified, answered, one row each."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import CallbackRefused, Request, Stream
from connectors.douyin_account import Config, callbacks, streams
from connectors.douyin_account.pushed import AccountCallbacks
from connectors.sandbox.douyin_account import (
    ACCOUNT,
    CLIENT_KEY,
    CLIENT_SECRET,
    DouyinAccountDouble,
    sign,
)
from connectors.sandbox.server import Answer, Double, Seen
from tests.connectors.contract import mangled

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
# Published with its signature.
SECRET = "testsecret"
BODY = (
    b'{"event":"im_receive_msg","client_key":"testkey","from_user_id":"o-1",'
    b'"to_user_id":"o-2","content":"{\\"message_type\\":\\"text\\",\\"text\\":\\"hi\\"}",'
    b'"log_id":"L1"}'
)
SIGNATURE = "4bf5e0d289c77768c9a20b7a01df3b178e26540f"


def config(**settings: Any) -> Config:
    given = {"client_key": CLIENT_KEY, "client_secret": CLIENT_SECRET}
    shop = {"account": ACCOUNT, "since": "2026-01-01"}
    return Config.model_validate({**given, **shop, **settings})


@pytest.fixture
def door() -> AccountCallbacks:
    receiver = callbacks("douyin_video", config())
    receiver.clock = lambda: NOW
    return receiver


@pytest.fixture
def stream() -> Stream:
    (messages,) = streams("douyin_video", config())
    return messages


@pytest.fixture
def double() -> DouyinAccountDouble:
    """Not running: it only signs."""
    return DouyinAccountDouble(NOW)


def request(headers: dict[str, str], body: bytes) -> Request:
    return Request("POST", {}, headers, body)


def told(door: AccountCallbacks, stream: Stream, pushed: Any) -> dict[str, Any]:
    """The row of one push, by column."""
    (record,) = door.receive(request(*pushed)).records["messages"]
    again = stream.record_of(json.loads(stream.raw(record)))
    (row,) = stream.rows(again)
    return dict(zip(stream.columns, row, strict=True))


def test_the_published_signature_is_reproduced() -> None:
    receiver = callbacks("dy", config(client_key="testkey", client_secret=SECRET))
    received = receiver.receive(request({"x-douyin-signature": SIGNATURE}, BODY))
    (record,) = received.records["messages"]
    assert record["from_user_id"] == "o-1"
    assert sign(BODY, SECRET) == SIGNATURE


def test_a_message_becomes_a_typed_row(
    door: AccountCallbacks, stream: Stream, double: DouyinAccountDouble
) -> None:
    content = {
        "conversation_short_id": "@conv",
        "server_message_id": "@msg",
        "create_time": 1767240000123,
        "message_type": "text",
        "text": "还有货吗？",
    }
    pushed = double.pushed("im_receive_msg", content)
    assert told(door, stream, pushed) == {
        "place": None,
        "problem": None,
        "kind": "message",
        "interaction_key": pushed[0]["msg-id"],
        "happened_at": datetime(2026, 1, 1, 4, 0, 0, 123000, tzinfo=UTC),
        "account": ACCOUNT,
        "more_identifiers": '[{"kind":"openid","scope":"awdemoclientkey",'
        '"value":"o-somebody"}]',
        "body": "还有货吗？",
    }


@pytest.mark.parametrize("is_text", [True, False])
@pytest.mark.parametrize(
    "event, content, kind",
    [
        ("im_enter_direct_msg", {"create_time": 1767240000123}, "enter"),
        ("group_fans_event", {"create_time": 1767240000123}, "join"),
        ("new_follow_action", {"action_type": 1, "action_time": 1767240000}, "follow"),
        (
            "new_follow_action",
            {"action_type": 2, "action_time": 1767240000},
            "unfollow",
        ),
        ("new_video_digg", {"action_type": 1, "action_time": 1767240000}, "like"),
        ("new_video_digg", {"action_type": 2, "action_time": 1767240000}, "unlike"),
        ("authorize", {"scopes": ["im"]}, "authorize"),
        ("contract_unauthorize", {}, "unauthorize"),
    ],
)
def test_each_event_is_an_interaction_of_its_kind(
    door: AccountCallbacks,
    stream: Stream,
    double: DouyinAccountDouble,
    event: str,
    content: dict[str, Any],
    kind: str,
    is_text: bool,
) -> None:
    row = told(door, stream, double.pushed(event, content, is_text=is_text))
    assert (row["kind"], row["problem"], row["body"]) == (kind, None, None)
    # What tells no time happened when it was pushed.
    at = NOW if "authorize" in event else datetime(2026, 1, 1, 4, tzinfo=UTC)
    assert row["happened_at"].replace(microsecond=0) == at


def test_a_push_that_comes_again_has_the_same_key(
    door: AccountCallbacks, stream: Stream, double: DouyinAccountDouble
) -> None:
    pushed = double.pushed("new_video_digg", {"action_type": 1, "action_time": 5})
    (first,) = door.receive(request(*pushed)).records["messages"]
    door.clock = lambda: NOW.replace(hour=13)
    (again,) = door.receive(request(*pushed)).records["messages"]
    # Even to the letter, so that it waits in the inbox once.
    assert stream.raw(again) == stream.raw(first)
    assert told(door, stream, pushed)["interaction_key"] == pushed[0]["msg-id"]


@pytest.mark.parametrize(
    "headers, content, key",
    [
        ({"msg-id": "M1"}, {"server_message_id": "S1"}, "M1"),
        ({}, {"server_message_id": "S1"}, "S1"),
        ({}, {}, "L1"),
    ],
)
def test_the_key_is_the_first_number_that_there_is(
    door: AccountCallbacks,
    stream: Stream,
    headers: dict[str, str],
    content: dict[str, Any],
    key: str,
) -> None:
    event = {"event": "im_receive_msg", "from_user_id": "o-1", "log_id": "L1"}
    body = json.dumps({**event, "content": content}).encode()
    signed = {**headers, "x-douyin-signature": sign(body, CLIENT_SECRET)}
    assert told(door, stream, (signed, body))["interaction_key"] == key


@pytest.mark.parametrize("is_text", [True, False])
def test_the_question_whether_we_are_here_gets_its_echo(
    door: AccountCallbacks, double: DouyinAccountDouble, is_text: bool
) -> None:
    pushed = double.pushed("verify_webhook", {"challenge": 12345}, is_text=is_text)
    received = door.receive(request(*pushed))
    assert json.loads(received.answer) == {"challenge": 12345}
    assert received.content_type == "application/json"
    assert received.records == {}


@pytest.mark.parametrize(
    "event, who", [("im_send_msg", ACCOUNT), ("im_receive_msg", ACCOUNT), ("new", "o")]
)
def test_what_is_no_act_of_a_customer_is_only_answered(
    door: AccountCallbacks, double: DouyinAccountDouble, event: str, who: str
) -> None:
    received = door.receive(request(*double.pushed(event, {}, who=who)))
    assert received.records == {}


@pytest.mark.parametrize("given", ["", "0" * 40, "签"])
def test_what_is_not_signed_by_douyin_is_refused(
    door: AccountCallbacks, double: DouyinAccountDouble, given: str
) -> None:
    headers, body = double.pushed("new_follow_action", {})
    with pytest.raises(CallbackRefused, match="douyin_video: the signature is") as no:
        door.receive(request({**headers, "x-douyin-signature": given}, body))
    assert CLIENT_SECRET not in str(no.value)
    with pytest.raises(CallbackRefused):
        door.receive(request(headers, body + b" "))


@pytest.mark.parametrize(
    "body, reason",
    [
        (b"[]", "no JSON object"),
        (b"?", "no JSON object"),
        (b'{"event":"x","client_key":"another"}', "check client_key"),
    ],
)
def test_a_signed_body_that_is_not_for_us_is_refused(
    door: AccountCallbacks, body: bytes, reason: str
) -> None:
    signature = hashlib.sha1(
        CLIENT_SECRET.encode() + body, usedforsecurity=False
    ).hexdigest()
    with pytest.raises(CallbackRefused, match=reason):
        door.receive(request({"x-douyin-signature": signature}, body))


def test_odd_values_make_a_problem_and_never_an_error(
    door: AccountCallbacks, stream: Stream, double: DouyinAccountDouble
) -> None:
    pushed = double.pushed("new_video_digg", {"action_time": 5}, is_text=False)
    (record,) = door.receive(request(*pushed)).records["messages"]
    for odd in mangled(dict(record)):
        (row,) = stream.rows(stream.record_of(odd))
        assert len(row) == len(stream.columns)


def test_a_pushed_stream_has_no_pages(stream: Stream) -> None:
    assert stream.is_pushed
    assert list(stream.pull(None, NOW)) == []
    stream.check()


class Door(Double):
    """A web door that lets `refused` pushes go unheard."""

    refused = 0

    def answer(self, request: Seen) -> Answer:
        self.refused -= 1
        return Answer(b"busy", 503) if self.refused >= 0 else Answer(b"success")


@pytest.fixture
def listening() -> Iterator[Door]:
    with Door() as running:
        yield running


def test_the_double_pushes_three_times_and_then_no_more(
    listening: Door, double: DouyinAccountDouble
) -> None:
    pushed = double.pushed("new_follow_action", {})
    listening.refused = 2
    assert double.deliver(listening.url, *pushed) == b"success"
    assert len({seen.headers["msg-id"] for seen in listening.seen}) == 1
    listening.refused = 3
    assert double.deliver(listening.url, *pushed) is None
    assert len(listening.seen) == 6
