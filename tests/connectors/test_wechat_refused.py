"""Pushes that WeChat did not send, or that must not be read; and lost ones."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import CallbackRefused, Request
from connectors.sandbox.server import Answer, Double, Seen
from connectors.sandbox.wechat_official import AES_KEY, WeChatOfficialDouble
from connectors.sandbox.wechat_push import deliver, plain_push
from tests.connectors.wechat_account import NOW, account, door, sealed

AT = int(NOW.timestamp()) - 60


@pytest.fixture
def double() -> Iterator[WeChatOfficialDouble]:
    with account() as running:
        yield running.double


def test_what_is_not_from_wechat_is_refused(double: WeChatOfficialDouble) -> None:
    good = sealed(double, double.message("oDemo0003", "在吗", AT, 1))
    for name, said in (
        ("signature", "the signature is wrong"),
        ("msg_signature", "the msg_signature is wrong"),
        ("nonce", "the signature is wrong"),
    ):
        for value in ("", "0" * 40, "签"):
            bad = Request("POST", {**good.query, name: value}, {}, good.body)
            with pytest.raises(CallbackRefused, match=said) as caught:
                door().receive(bad)
            assert "demo-callback-token" not in str(caught.value)
    with pytest.raises(CallbackRefused, match="msg_signature is wrong"):
        other = sealed(double, double.message("oDemo0003", "退款", AT, 2))
        door().receive(Request("POST", good.query, {}, other.body))


def test_an_old_push_is_refused(double: WeChatOfficialDouble) -> None:
    request = sealed(double, double.message("oDemo0003", "在吗", AT, 1))
    for minutes in (11, -11):
        with pytest.raises(CallbackRefused, match="too far from now"):
            door(NOW + timedelta(minutes=minutes)).receive(request)


def test_a_push_for_another_app_or_key_is_refused(double: WeChatOfficialDouble) -> None:
    request = sealed(double, double.message("oDemo0003", "在吗", AT, 1))
    with pytest.raises(CallbackRefused, match="for another receiver"):
        door(app_id="wxother").receive(request)
    with pytest.raises(CallbackRefused, match="check encoding_aes_key"):
        door(encoding_aes_key=AES_KEY[::-1]).receive(request)
    with pytest.raises(CallbackRefused, match="set encoding_aes_key"):
        door(encoding_aes_key=None).receive(request)


def test_a_plain_push_is_refused_where_enciphered_ones_are_wanted(
    double: WeChatOfficialDouble,
) -> None:
    query, body = double.pushed(double.message("oDemo0003", "在吗", AT, 1))
    with pytest.raises(CallbackRefused, match="it is not enciphered"):
        door().receive(Request("POST", query, {}, body))


BOMB = b"""<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>
<xml><MsgType>&b;</MsgType></xml>"""
THIEF = b"""<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>
<xml><MsgType>&a;</MsgType></xml>"""


@pytest.mark.parametrize(
    "body", [BOMB, THIEF, b"<!DOCTYPE x><xml/>", b"", b"{}", b"<xml>", b"\xff<xml/>"]
)
def test_xml_that_is_none_or_does_harm_is_refused(
    double: WeChatOfficialDouble, body: bytes
) -> None:
    query, _ = plain_push({}, "demo-callback-token", NOW.timestamp())
    with pytest.raises(CallbackRefused, match="the body is no plain XML"):
        door(encoding_aes_key=None).receive(Request("POST", query, {}, body))


def test_deep_xml_is_cut_off(double: WeChatOfficialDouble) -> None:
    query, _ = plain_push({}, "demo-callback-token", NOW.timestamp())
    deep = b"<a>" * 5_000 + b"</a>" * 5_000
    body = b"<xml><MsgType>text</MsgType><MsgId>1</MsgId>" + deep + b"</xml>"
    received = door(encoding_aes_key=None).receive(Request("POST", query, {}, body))
    assert len(json.dumps(received.records["events"][0])) < 200


class Door(Double):
    """A web door that lets `refused` pushes go unheard, then takes what comes."""

    refused = 0

    def __init__(self) -> None:
        super().__init__()
        self.receiver = door()
        self.keys: list[Any] = []

    def answer(self, request: Seen) -> Answer:
        self.refused -= 1
        if self.refused >= 0:
            return Answer(b"busy", 503)
        asked = Request(request.method, request.query, request.headers, request.body)
        received = self.receiver.receive(asked)
        found = [one.get("MsgId") for one in received.records["events"]]
        self.keys.extend(found)
        return Answer(received.answer)


def test_the_double_pushes_three_times_and_then_no_more(
    double: WeChatOfficialDouble,
) -> None:
    pushed = double.pushed(double.message("oDemo0003", "在吗", AT, 7), is_sealed=True)
    with Door() as listening:
        listening.refused = 2
        assert deliver(listening.url, *pushed) == [b"success"]
        assert deliver(listening.url, *pushed, copies=2) == [b"success"] * 2
        assert listening.keys == ["7", "7", "7"]
        listening.fail("silent", times=3)
        assert deliver(listening.url, *pushed, patience=0.1) == [None]
