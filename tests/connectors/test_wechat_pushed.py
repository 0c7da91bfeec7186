"""WeChat's pushes: verified, opened, read; who left is forgotten."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import CallbackRefused, Request, Stream
from connectors.sandbox.wechat_official import AES_KEY, APP, WeChatOfficialDouble
from connectors.sandbox.wechat_push import seal, sign, xml
from connectors.wechat import callbacks
from tests.connectors.contract import mangled
from tests.connectors.wechat_account import (
    HOUR,
    NOW,
    Account,
    account,
    config,
    door,
    opened,
    sealed,
)

AT = int(NOW.timestamp()) - 60

# Published with its signature.
EVENT = (
    b"<xml><ToUserName><![CDATA[gh_testaccount01]]></ToUserName><FromUserName>"
    b"<![CDATA[oTestOpenid0000000000000001]]></FromUserName><CreateTime>1700000000"
    b"</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[SCAN]]></Event>"
    b"<EventKey><![CDATA[order-1001]]></EventKey><Ticket><![CDATA[TICKET01]]></Ticket>"
    b"</xml>"
)
SEALED = (
    "Q3stYC6hdFzMh9T8HCvyDAkU3dQFBEXZgML7ONMDT/Eo9V7kkeOhGaX4deHcLBaAzLtGAuMsNvdbzzo12n"
    "s904T1ktXOcdNnwwMr++kMtu5uvbv5/d9i2BU5kWRsq2fZ3NgvaecX9Y8lS3uoSzQqRGm65oMs5C6RfydY"
    "DoTD2nXcCM93HQEjpizYw4LB9deDnFdalNu65oojPcL78aARDylCtzq3kEqdz3FM1XqSZFP84o3PbTjkum"
    "rseSVqPM0Vqay1RRrZG5CfTZgkZQ4BQPJy0SFchTAxJZD6DYmOtkuc25lP1N4HW+VWsVTvHOZJek4WUx1M"
    "WQdeINcK3wt6hpKlpKZ6hWoWd+o2eVtx5JNiyi8B73+n44fk89aZ/G6G7Vey5QLvIdMAEtJ/JvK10+pq4W"
    "SX2RBOouJhnPUEAIKb9LDtmGizOEgxEOhXS3zEXu3BcLUWU1y5S5aaWiS46+o3sxxQYw6sGuT9PCZtPP34"
    "VCEqACmCztXODZB3TC/F"
)
VECTOR = {"timestamp": "1700000001", "nonce": "nonce-1"}
PUBLIC = "899cf89e464efb63f54ddac96b0a0a235f53aa78"
DIGEST = "59cab380a5bed0e498fcae1b15708aac1bab0228"


@pytest.fixture
def wechat() -> Iterator[Account]:
    with account() as running:
        yield running


@pytest.fixture
def double(wechat: Account) -> WeChatOfficialDouble:
    return wechat.double


@pytest.fixture
def events(wechat: Account) -> Stream:
    found: Stream = opened(wechat)["events"]
    return found


def told(events: Stream, request: Request, **settings: Any) -> dict[str, Any]:
    """The row of one push, by column, after it was kept as text."""
    (record,) = door(**settings).receive(request).records["events"]
    again = events.record_of(json.loads(events.raw(record)))
    (row,) = events.rows(again)
    return dict(zip(events.columns, row, strict=True))


@pytest.mark.parametrize(
    ("token", "stamp", "nonce", "signature"),
    [
        (
            "AAAAA",
            "1714037059",
            "486452656",
            "899cf89e464efb63f54ddac96b0a0a235f53aa78",
        ),
        (
            "testtoken",
            "1700000000",
            "nonce-0",
            "6f5d98f3f2a86d486c5dd1c483359d25b60164c8",
        ),
    ],
)
def test_the_published_signatures_are_accepted(
    token: str, stamp: str, nonce: str, signature: str
) -> None:
    at = datetime.fromtimestamp(int(stamp), UTC)
    query = {"timestamp": stamp, "nonce": nonce, "echostr": "hello"}
    asked = Request("GET", {**query, "signature": signature}, {}, b"")
    assert door(at, callback_token=token).receive(asked).answer == b"hello"
    assert sign(token, stamp, nonce) == signature
    with pytest.raises(CallbackRefused, match="the signature is wrong"):
        door(at, callback_token="other").receive(asked)


def test_the_published_cipher_text_is_opened(events: Stream) -> None:
    at = datetime.fromtimestamp(1_700_000_001, UTC)
    signature = sign("testtoken", VECTOR["timestamp"], VECTOR["nonce"])
    query = {**VECTOR, "signature": signature, "msg_signature": DIGEST}
    keys = {"callback_token": "testtoken", "app_id": "wx0123456789abcdef"}
    body = xml({"ToUserName": "gh_testaccount01", "Encrypt": SEALED})
    receiver = door(at, **keys)
    (record,) = receiver.receive(Request("POST", query, {}, body)).records["events"]
    (row,) = events.rows(record)
    assert row[2:5] == (
        "scan",
        "oTestOpenid0000000000000001-1700000000-SCAN-order-1001",
        datetime.fromtimestamp(1_700_000_000, UTC),
    )
    assert row[-1] == "order-1001"


def test_the_double_enciphers_as_it_was_published() -> None:
    noise = b"0123456789abcdef"
    assert seal(EVENT, AES_KEY, "wx0123456789abcdef", noise) == SEALED
    assert sign("testtoken", VECTOR["timestamp"], VECTOR["nonce"], SEALED) == DIGEST


@pytest.mark.parametrize("is_sealed", [True, False])
@pytest.mark.parametrize(
    ("event", "more", "kind", "key", "body", "code"),
    [
        ("subscribe", {"EventKey": ""}, "follow", AT // HOUR, None, None),
        ("subscribe", {"EventKey": "qrscene_p-1"}, "follow", AT // HOUR, None, "p-1"),
        (
            "subscribe",
            {"EventKey": "last_trade_no_4"},
            "follow",
            AT // HOUR,
            None,
            None,
        ),
        ("unsubscribe", {}, "unfollow", f"{AT}-unsubscribe", None, None),
        ("SCAN", {"EventKey": "p-1"}, "scan", f"{AT}-SCAN-p-1", None, "p-1"),
        ("CLICK", {"EventKey": "sale"}, "click", f"{AT}-CLICK-sale", "sale", None),
        (
            "VIEW",
            {"EventKey": "https://x.cn/a"},
            "view",
            f"{AT}-VIEW-https://x.cn/a",
            "https://x.cn/a",
            None,
        ),
        (
            "user_authorization_revoke",
            {},
            "unauthorize",
            f"{AT}-user_authorization_revoke",
            None,
            None,
        ),
    ],
)
def test_each_event_is_an_interaction_of_its_kind(
    double: WeChatOfficialDouble,
    events: Stream,
    event: str,
    more: dict[str, str],
    kind: str,
    key: object,
    body: str | None,
    code: str | None,
    is_sealed: bool,
) -> None:
    pushed = double.pushed(double.event("oDemo0003", event, AT, **more), is_sealed)
    keys = {} if is_sealed else {"encoding_aes_key": None}
    assert told(events, Request("POST", pushed[0], {}, pushed[1]), **keys) == {
        "place": None,
        "problem": None,
        "kind": kind,
        "interaction_key": f"oDemo0003-{key}",
        "happened_at": NOW - timedelta(minutes=1),
        "account": APP,
        "more_identifiers": f'[{{"kind":"openid","scope":"{APP}",'
        '"value":"oDemo0003"}]',
        "body": body,
        "code": code,
    }


def test_a_message_becomes_a_typed_row(
    double: WeChatOfficialDouble, events: Stream
) -> None:
    number = 1_234_567_890_123_456
    request = sealed(double, double.message("oDemo0003", "怎么退货？", AT, number))
    row = told(events, request)
    assert (row["kind"], row["interaction_key"]) == ("message", str(number))
    assert row["body"] == "怎么退货？"


def test_a_character_that_xml_does_not_have_is_left_out(
    double: WeChatOfficialDouble, events: Stream
) -> None:
    request = sealed(double, double.message("oDemo0003", "在\x00吗\x0b", AT, 1))
    assert told(events, request)["body"] == "在吗"


def test_a_receipt_tells_what_became_of_a_message_and_names_nobody(
    double: WeChatOfficialDouble, events: Stream
) -> None:
    """It must not pass for a sign of life."""
    more = {"MsgID": 200163836, "Status": "failed:user block"}
    fields = double.event("oDemo0003", "TEMPLATESENDJOBFINISH", AT, **more)
    row = told(events, sealed(double, fields))
    assert (row["kind"], row["body"]) == ("receipt", "failed:user block")
    assert row["interaction_key"].endswith("-TEMPLATESENDJOBFINISH-200163836")
    assert row["more_identifiers"] is None


def test_a_scan_of_one_of_our_codes_brings_its_parameter(
    wechat: Account, double: WeChatOfficialDouble, events: Stream
) -> None:
    double.codes["T"] = "parcel-42"
    news = told(events, sealed(double, double.scan("oNew", "T", AT)))
    again = told(events, sealed(double, double.scan("oNew", "T", AT)))
    assert (news["kind"], news["code"]) == ("follow", "parcel-42")
    assert (again["kind"], again["code"]) == ("scan", "parcel-42")


def test_a_follow_that_is_pushed_and_listed_has_one_key(
    wechat: Account, double: WeChatOfficialDouble, events: Stream
) -> None:
    """Whatever is lost of the two; the list may tell another second."""
    double.codes["T"] = "parcel-42"
    pushed = told(events, sealed(double, double.scan("oNew", "T", AT)))
    double.followers["oNew"].at += 2
    stream = opened(wechat)["follows"]
    listed = [
        dict(zip(stream.columns, row, strict=True))
        for page in stream.pull(None, NOW)
        for record in page.records
        for row in stream.rows(record)
    ]
    (same,) = [one for one in listed if '"oNew"' in one["more_identifiers"]]
    for column in ("kind", "interaction_key", "account", "code"):
        assert same[column] == pushed[column]


def test_whoever_leaves_is_forgotten_and_gave_the_consent_back(
    wechat: Account, double: WeChatOfficialDouble
) -> None:
    request = sealed(double, double.event("oDemo0003", "unsubscribe", AT))
    received = door().receive(request)
    users = opened(wechat)["users"]
    (record,) = received.records["users"]
    (values,) = users.rows(users.record_of(json.loads(users.raw(record))))
    row = dict(zip(users.columns, values, strict=True))
    assert row["consents"] == '{"wechat":false}'
    assert row["updated_at"] == NOW - timedelta(minutes=1)
    assert (row["problem"], row["tags"], row["registered_at"]) == (None, None, None)
    only = door(streams=["events"]).receive(request)
    assert list(only.records) == ["events"]


@pytest.mark.parametrize(
    "fields",
    [
        {"MsgType": "event", "Event": "LOCATION"},
        {"MsgType": "hologram"},
        {"MsgType": "event", "Event": {"x": "y"}},
        {},
    ],
)
def test_what_is_new_or_no_act_of_a_customer_is_only_thanked_for(
    double: WeChatOfficialDouble, fields: Any
) -> None:
    received = door().receive(sealed(double, fields))
    assert (received.records, received.answer) == ({}, b"success")


def test_a_push_that_comes_again_has_the_same_key(
    double: WeChatOfficialDouble, events: Stream
) -> None:
    click = double.event("oDemo0003", "CLICK", AT, EventKey="sale")
    rows = [told(events, sealed(double, click)) for _ in range(2)]
    assert rows[0] == rows[1]


def test_odd_values_make_a_problem_and_never_an_error(
    wechat: Account, double: WeChatOfficialDouble, events: Stream
) -> None:
    fields = double.event("oDemo0003", "subscribe", AT, EventKey="qrscene_p-1")
    received = door().receive(sealed(double, fields))
    users, follows = opened(wechat)["users"], opened(wechat)["follows"]
    for odd in mangled(dict(received.records["events"][0])):
        for stream in (events, users, follows):
            (row,) = stream.rows(stream.record_of(odd))
            assert len(row) == len(stream.columns)


def test_without_a_token_nothing_can_be_pushed() -> None:
    keys = {"callback_token": None, "encoding_aes_key": None}
    assert callbacks("wechat", config(**keys)) is None


def test_a_pushed_stream_has_no_pages(events: Stream) -> None:
    assert list(events.pull(None, NOW)) == []
    events.check()
