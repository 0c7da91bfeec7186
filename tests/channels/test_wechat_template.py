"""WeChat template messages: one token renewed once, a key that is recognised."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.sandbox.wechat import WeChatDouble
from tasks.channels.base import Message, Outcome
from tasks.channels.wechat_template import (
    CODES,
    TOKEN_EXPIRED,
    WeChatAccount,
    WeChatTemplateChannel,
)

TEMPLATES = {"thanks/hello": {"id": "T01", "data": {"thing1": "name"}}}


@pytest.fixture
def double() -> Iterator[WeChatDouble]:
    with WeChatDouble() as opened:
        yield opened


def channel(double: WeChatDouble, **changes: Any) -> WeChatTemplateChannel:
    given = {
        "app_id": "app1",
        "secret": "app1-secret",
        "templates": TEMPLATES,
        "api": double.url,
        "timeout": 1,
    }
    account = WeChatAccount.model_validate(given | changes)
    return WeChatTemplateChannel("shop", account)


def message(number: int = 1, **changes: Any) -> Message:
    given = {
        "touch_id": number,
        "number": 1,
        "key": f"key{number}",
        "address": f"openid{number}",
        "campaign": "thanks",
        "step": "hello",
        "params": {"name": "小王"},
    }
    return Message(**given | changes)


def go(*_: Message) -> bool:
    return True


def test_a_message_arrives_with_its_key_and_readable_words(
    double: WeChatDouble,
) -> None:
    (result,) = channel(double).send([message()], go)
    assert result.outcome is Outcome.ACCEPTED and result.provider_id
    (sent,) = double.sent
    assert sent["client_msg_id"] == "key1"
    assert sent["data"] == {"thing1": {"value": "小王"}}


def test_nobody_is_sent_a_value_that_is_not_there(double: WeChatDouble) -> None:
    for params in ({}, {"name": None}):
        (result,) = channel(double).send([message(params=params)], go)
        found = (result.outcome, result.reason)
        assert found == (Outcome.CONTENT_REJECTED, "audience.sql gives no name")
    assert double.sent == []


def test_one_token_serves_all_messages(double: WeChatDouble) -> None:
    list(channel(double).send([message(n) for n in range(5)], go))
    assert len(double.calls("stable_token")) == 1
    assert len(double.sent) == 5


def test_an_expired_token_is_renewed_once(double: WeChatDouble) -> None:
    wechat = channel(double)
    list(wechat.send([message(1)], go))
    double.expire_token()
    (result,) = wechat.send([message(2)], go)
    assert result.outcome is Outcome.ACCEPTED
    assert len(double.calls("stable_token")) == 2


@pytest.mark.parametrize("code", sorted(TOKEN_EXPIRED))
def test_a_token_that_is_new_and_refused_is_a_matter_of_configuration(
    double: WeChatDouble, code: int
) -> None:
    double.fail_with({"errcode": code}, times=9, path="template/send")
    (result,) = channel(double).send([message()], go)
    assert result.outcome is Outcome.CONFIG
    assert len(double.calls("template/send")) == 2


def test_wrong_credentials_are_a_matter_of_configuration(double: WeChatDouble) -> None:
    (result,) = channel(double, secret="wrong").send([message()], go)
    assert (result.outcome, result.reason) == (Outcome.CONFIG, "stable_token: 40125")


@pytest.mark.parametrize("code", sorted(set(CODES) - TOKEN_EXPIRED - {0}))
def test_each_code_has_its_meaning(double: WeChatDouble, code: int) -> None:
    double.fail_with({"errcode": code}, path="template/send")
    (result,) = channel(double).send([message()], go)
    assert (result.outcome, result.reason) == (CODES[code], str(code))


@pytest.mark.parametrize("act", ["silent", "reset", "half"])
def test_a_lost_answer_is_unknown_and_the_same_key_arrives_once(
    double: WeChatDouble, act: Any
) -> None:
    wechat = channel(double)
    double.fail(act, path="template/send")
    (lost,) = wechat.send([message()], go)
    assert lost.outcome is Outcome.UNKNOWN_OUTCOME
    (again,) = wechat.send([message(number=1)], go)
    assert again.outcome is Outcome.ACCEPTED
    assert len(double.sent) == 1


@pytest.mark.parametrize(
    ("body", "status"), [({}, 200), ({}, 500), (b"x", 502), ({"errcode": 99}, 200)]
)
def test_an_answer_that_nobody_knows_is_unknown(
    double: WeChatDouble, body: Any, status: int
) -> None:
    double.fail_with(body, status, path="template/send")
    (result,) = channel(double).send([message()], go)
    assert result.outcome is Outcome.UNKNOWN_OUTCOME


def test_who_follows_no_more_is_blocked(double: WeChatDouble) -> None:
    double.left.add("openid1")
    (result,) = channel(double).send([message()], go)
    assert result.outcome is Outcome.RECIPIENT_BLOCKED


def test_a_platform_that_is_away_has_not_sent(double: WeChatDouble) -> None:
    double.stop()
    (result,) = channel(double).send([message()], go)
    assert result.outcome is Outcome.NOT_SENT and result.reason


def test_nothing_leaves_once_it_may_not(double: WeChatDouble) -> None:
    allowed = iter([True, False])
    results = channel(double).send([message(1), message(2)], lambda *_: next(allowed))
    outcomes = [one.outcome for one in results]
    assert outcomes == [Outcome.ACCEPTED, Outcome.NOT_SENT]
    assert len(double.sent) == 1
