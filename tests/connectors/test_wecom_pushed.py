"""WeCom's pushes: opened, read, and made good by the lists when they are lost."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import CallbackRefused, Request, Stream
from connectors.sandbox.server import Answer, Double, Seen
from connectors.sandbox.wechat_push import deliver, seal, sign, xml
from connectors.sandbox.wecom_corp import AES_KEY, CORP
from connectors.wecom import callbacks
from tests.connectors.busy_shop import pulled
from tests.connectors.contract import mangled
from tests.connectors.wecom_corp import (
    AT,
    HOUR,
    NOW,
    OpenedCorp,
    config,
    corp,
    door,
    push,
)

# Published with their digests.
PUBLIC = {
    "callback_token": "123456",
    "encoding_aes_key": "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
    "corp_id": "wx49f0ab532d5d035a",
}
PUBLIC_QUERY = {
    "timestamp": "1411443780",
    "nonce": "437374425",
    "msg_signature": "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96",
    "echostr": "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9B"
    "v41n7hOchLF6p+Q==",
}
COMPOSED = {
    "callback_token": "wecomtoken",
    "encoding_aes_key": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "corp_id": "ww0123456789abcdef",
}
COMPOSED_QUERY = {
    "timestamp": "1700000002",
    "nonce": "nonce-2",
    "msg_signature": "1177211d879d027d052b1804da39b14fbef256d3",
    "echostr": "DpQeJfnf/MGZ/+GTIspwVDQ0XG9qQuxpjwfeZ2DQU3szS5PGUqmcHfgd6uv9qe62LUUoYdC"
    "GDuvFUpv1Dxo1vw==",
}
SEALED = (
    "jn1L23DB+6ELqJ+6bruv2yJCzy29t3GuRtoW1s9lIMdfvmS/0DMSYSGjZRCS2eQ/dn3FZVjxvkHOLI97qR"
    "cj+ZVJAUU8uzHqs8+LfkoFljj0fSbLqO00HVoWX0qIkCB+52njHtqrxHrYLqTvI1v6fcZHbi0zYqHlu7E1"
    "1L5IvGyvw8SN4HX9MA5cyKHgWF3J1Na8sOo4INP9XknxHj4PUSndloO8NOQ6bdVYK/94RDBF3DpKRuXd5l"
    "GdHhuXGtMBb7yRZl60lk/rewzbo6MLWUXHPL789feOqQMCMqpQDI6BMEG4YIvntADVI3LoBT+1Ixw0O4tU"
    "IemQcIWCwGhT2gy70eJ2NwGmzrjUEEE13DcHiQdWFaiSyuzxs9OvyfW7Qa2/YEkDsEGX0lQdp5yTYJTvIX"
    "8dgaXhdI27VMEdlTz715OYER160AqYwzGO4Yfz2RpIkbhO0OXAFWkjN2+bz+v6PYgWrsk8EMlT390n3vR/"
    "uhCMUzYPZj889AKu07dcjMgYLFV23ia65sMH1MxraQ81ZHgFNF27ihX4QYVsH9IuHza6k2w/HvSnU8IysY"
    "x/oOz6g6eoULbfUiEr4tLTxysOePZfCR1B7pdq1MA1b/xu+cGgzIpLhCWfVDkZmlxbluQGP93ueT+csK/u"
    "1eRY/ApIWDFdIcdn3/S9c+/ZmkE="
)


@pytest.fixture
def wecom() -> Iterator[OpenedCorp]:
    with corp() as opened:
        yield opened


@pytest.fixture
def events(wecom: OpenedCorp) -> Stream:
    found: Stream = wecom.streams()["events"]
    return found


def rows(stream: Any, records: Any) -> list[dict[str, Any]]:
    """The rows of pushed records, after they were kept as text."""
    kept = [stream.record_of(json.loads(stream.raw(one))) for one in records]
    return [
        dict(zip(stream.columns, row, strict=True))
        for record in kept
        for row in stream.rows(record)
    ]


@pytest.mark.parametrize(
    ("keys", "query", "plain"),
    [
        (PUBLIC, PUBLIC_QUERY, b"5927782489442352469"),
        (COMPOSED, COMPOSED_QUERY, b"1234567890123456789"),
    ],
)
def test_the_published_questions_are_answered(
    keys: dict[str, str], query: dict[str, str], plain: bytes
) -> None:
    at = datetime.fromtimestamp(int(query["timestamp"]), UTC)
    assert door(at, **keys).receive(Request("GET", query, {}, b"")).answer == plain
    # As a query is read whose plus signs nobody encoded.
    eaten = {**query, "echostr": query["echostr"].replace("+", " ")}
    assert door(at, **keys).receive(Request("GET", eaten, {}, b"")).answer == plain
    with pytest.raises(CallbackRefused, match="msg_signature is wrong"):
        other = {**keys, "callback_token": "other"}
        door(at, **other).receive(Request("GET", query, {}, b""))


def test_the_published_event_is_read(events: Stream) -> None:
    query = {
        "timestamp": "1700000003",
        "nonce": "nonce-3",
        "msg_signature": "98b4c4954bfbd48eea3574cf0060ffb587a7b839",
    }
    body = xml({"ToUserName": "x", "AgentID": "1", "Encrypt": SEALED})
    at = datetime.fromtimestamp(1_700_000_003, UTC)
    received = door(at, **COMPOSED).receive(Request("POST", query, {}, body))
    (row,) = rows(events, received.records["events"])
    assert (row["kind"], row["account"], row["code"]) == (
        "follow",
        "zhangsan",
        "store-7",
    )
    assert row["interaction_key"] == f"zhangsan-wmTESTexternal0001-{1700000003 // HOUR}"
    assert row["happened_at"] == at
    assert sign("wecomtoken", "1700000003", "nonce-3", SEALED) == query["msg_signature"]


def test_the_double_enciphers_as_it_was_published() -> None:
    noise, corp_id = b"fedcba9876543210", "ww0123456789abcdef"
    assert (
        seal(b"1234567890123456789", AES_KEY, corp_id, noise)
        == (COMPOSED_QUERY["echostr"])
    )


def test_a_removed_member_is_an_unfollow_and_an_end(
    wecom: OpenedCorp, events: Stream
) -> None:
    """The customer ended it: what was noted goes, and the consent."""
    fields = wecom.double.changed("del_follow_user", "lisi", "wmDemo0000", AT)
    received = door().receive(push(wecom.double, fields))
    assert received.answer == b""
    (row,) = rows(events, received.records["events"])
    assert (row["kind"], row["account"]) == ("unfollow", "lisi")
    assert row["interaction_key"] == f"del_follow_user-lisi-wmDemo0000-{AT}"
    assert row["more_identifiers"] == (
        f'[{{"kind":"external_userid","scope":"{CORP}","value":"wmDemo0000"}}]'
    )
    (profile,) = rows(wecom.streams()["contacts"], received.records["contacts"])
    assert profile["consents"] == '{"wecom":false}'
    assert (profile["tags"], profile["problem"]) == (None, None)
    assert profile["updated_at"] == NOW - timedelta(minutes=1)


@pytest.mark.parametrize("more", [{}, {"Source": "DELETE_BY_TRANSFER"}])
def test_staff_who_end_a_contact_do_not_speak_for_the_customer(
    wecom: OpenedCorp, more: dict[str, str]
) -> None:
    change = "del_external_contact"
    fields = wecom.double.changed(change, "lisi", "wmDemo0000", AT, **more)
    received = door().receive(push(wecom.double, fields))
    assert list(received.records) == ["contacts"]
    (profile,) = rows(wecom.streams()["contacts"], received.records["contacts"])
    assert (profile["consents"], profile["tags"]) == (None, None)


@pytest.mark.parametrize(
    "detail, kind", [("add_member", "join"), ("del_member", "leave")]
)
def test_each_guest_who_comes_or_goes_is_a_row(
    wecom: OpenedCorp, events: Stream, detail: str, kind: str
) -> None:
    people = ["wmGuest00", "woGuest01", "zhangsan"]
    fields = wecom.double.moved("wrDemo0", detail, people, AT)
    received = door().receive(push(wecom.double, fields))
    found = rows(events, received.records["events"])
    assert [row["kind"] for row in found] == [kind, kind]
    assert {row["account"] for row in found} == {"wrDemo0"}
    keys = [row["interaction_key"] for row in found]
    if kind == "join":
        assert keys == [f"wrDemo0-{one}-{AT // HOUR}" for one in people[:2]]
    else:
        assert keys == [f"wrDemo0-v2-{one}" for one in people[:2]]


def test_one_guest_is_read_as_several_are(wecom: OpenedCorp, events: Stream) -> None:
    fields = wecom.double.moved("wrDemo0", "del_member", ["wmGuest00"], AT)
    received = door().receive(push(wecom.double, fields))
    assert len(rows(events, received.records["events"])) == 1
    counted = {**fields, "MemChangeList": ""}
    assert door().receive(push(wecom.double, counted)).records == {}


def test_who_joins_by_a_code_is_left_to_the_list_that_knows_it(
    wecom: OpenedCorp,
) -> None:
    fields = wecom.double.moved("wrDemo0", "add_member", ["wmNew"], AT, scene=3)
    assert door().receive(push(wecom.double, fields)).records == {}
    wecom.double.chats["wrDemo0"].members[-1].state = "poster-9"
    listed = pulled(wecom.streams()["joins"], until=NOW)
    assert [row["code"] for row in listed if "wmNew" in row["interaction_key"]] == [
        "poster-9"
    ]


@pytest.mark.parametrize(
    "fields",
    [
        {"Event": "change_external_contact", "ChangeType": "edit_external_contact"},
        {"Event": "change_external_contact", "ChangeType": "add_half_external_contact"},
        {"Event": "change_external_contact", "ChangeType": "transfer_fail"},
        {"Event": "change_external_chat", "ChangeType": "dismiss"},
        {"Event": "change_external_chat", "ChangeType": "update", "UpdateDetail": "x"},
        {"Event": "change_external_tag", "ChangeType": "create"},
        {"Event": "kf_msg_or_event"},
        {},
    ],
)
def test_what_no_customer_does_is_only_answered(
    wecom: OpenedCorp, fields: dict[str, str]
) -> None:
    received = door().receive(push(wecom.double, fields))
    assert (received.records, received.answer) == ({}, b"")


def test_what_is_pushed_and_listed_has_one_key(
    wecom: OpenedCorp, events: Stream
) -> None:
    """Whichever of the two is lost; the list may tell another second."""
    wecom.double.ways["w"] = {"user": ["lisi"], "state": "store-9"}
    followed = wecom.double.scan("w", "wmNew", AT)
    joined = wecom.double.moved("wrDemo0", "add_member", ["wmNew"], AT)
    wecom.double.contacts[-1].at += 2
    pushed = [
        row
        for fields in (followed, joined)
        for row in rows(
            events, door().receive(push(wecom.double, fields)).records["events"]
        )
    ]
    streams = wecom.streams()
    listed = [
        row
        for name in ("follows", "joins")
        for row in pulled(streams[name], until=NOW)
        if '"wmNew"' in row["more_identifiers"]
    ]
    for column in ("kind", "interaction_key", "account", "code"):
        assert [one[column] for one in pushed] == [one[column] for one in listed]
    assert [one["code"] for one in listed] == ["store-9", None]


def test_only_what_is_configured_is_told(wecom: OpenedCorp) -> None:
    fields = wecom.double.changed("del_follow_user", "lisi", "wmDemo0000", AT)
    received = door(streams=["contacts"]).receive(push(wecom.double, fields))
    assert list(received.records) == ["contacts"]


def test_what_is_not_from_wecom_is_refused(wecom: OpenedCorp) -> None:
    good = push(wecom.double, wecom.double.changed("del_follow_user", "a", "wmB", AT))
    for query, body, said in (
        ({**good.query, "nonce": "2"}, good.body, "msg_signature is wrong"),
        ({}, good.body, "msg_signature is wrong"),
        (good.query, xml({"Encrypt": "AAAA"}), "msg_signature is wrong"),
        (good.query, xml({"MsgType": "event"}), "it is not enciphered"),
        (good.query, b"{}", "no plain XML"),
    ):
        with pytest.raises(CallbackRefused, match=said):
            door().receive(Request("POST", query, {}, body))
    with pytest.raises(CallbackRefused, match="too far from now"):
        door(NOW + timedelta(hours=1)).receive(good)
    with pytest.raises(CallbackRefused, match="another receiver"):
        door(corp_id="wwother").receive(good)
    with pytest.raises(CallbackRefused, match="it is not enciphered"):
        door().receive(Request("GET", {}, {}, b""))


def test_odd_values_make_a_problem_and_never_an_error(
    wecom: OpenedCorp, events: Stream
) -> None:
    fields = wecom.double.moved("wrDemo0", "del_member", ["wmGuest00"], AT)
    ended = wecom.double.changed("del_follow_user", "lisi", "wmDemo0000", AT)
    records = [
        *door().receive(push(wecom.double, fields)).records["events"],
        *door().receive(push(wecom.double, ended)).records["events"],
    ]
    for record in records:
        for odd in mangled(dict(record)):
            (row,) = events.rows(events.record_of(odd))
            assert len(row) == len(events.columns)
    for odd in mangled(fields):
        door().receive(push(wecom.double, odd if isinstance(odd, dict) else {}))


def test_without_a_key_nothing_can_be_pushed() -> None:
    assert callbacks("wecom", config(encoding_aes_key=None)) is None


class Door(Double):
    """A web door that is away for a while; `kept` is what it took."""

    def __init__(self) -> None:
        super().__init__()
        self.receiver = door()
        self.kept: list[Any] = []

    def answer(self, request: Seen) -> Answer:
        asked = Request(request.method, request.query, request.headers, request.body)
        received = self.receiver.receive(asked)
        self.kept += received.records["events"]
        return Answer(received.answer)


def test_lost_repeated_and_late_pushes_come_to_the_same(
    wecom: OpenedCorp, events: Stream
) -> None:
    """One is lost, one comes thrice, and they come in the wrong order."""
    wecom.double.ways["w"] = {"user": ["lisi"], "state": "store-9"}
    told = [
        wecom.double.pushed(wecom.double.scan("w", f"wmNew{one}", AT - one))
        for one in range(3)
    ]
    with Door() as listening:
        listening.fail("reset", times=3)
        assert deliver(listening.url, *told[0]) == [None]
        listening.fail("silent")
        assert deliver(listening.url, *told[2], patience=0.2, copies=2) == [b"", b""]
        assert deliver(listening.url, *told[1]) == [b""]
    pushed = {row["interaction_key"] for row in rows(events, listening.kept)}
    listed = pulled(wecom.streams()["follows"], until=NOW)
    news = {row["interaction_key"] for row in listed if "wmNew" in str(row)}
    assert (len(listening.kept), len(pushed)) == (4, 2)
    assert len(pushed | news) == len(news) == 3
