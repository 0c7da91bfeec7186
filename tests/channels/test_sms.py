"""SMS by Alibaba Cloud: signed as published, classified, asked when in doubt."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.sms import SmsDouble
from tasks.channels import aliyun
from tasks.channels.base import Message, Outcome
from tasks.channels.sms import CODES, Sms, SmsAccount

TEMPLATES = {"thanks/hello": {"code": "SMS_1", "params": {"name": "name"}}}


@pytest.fixture
def double() -> Iterator[SmsDouble]:
    with SmsDouble() as opened:
        yield opened


def channel(double: SmsDouble, **changes: Any) -> Sms:
    given = {
        "access_key": "testId",
        "secret": "testSecret",
        "sign_name": "示例店",
        "templates": TEMPLATES,
        "url": double.url,
        "timeout": 1,
    }
    return Sms("shop", SmsAccount.model_validate(given | changes))


def message(number: int = 1, **changes: Any) -> Message:
    given = {
        "touch_id": number,
        "number": 1,
        "key": f"key{number}",
        "address": f"86138{number:08}",
        "campaign": "thanks",
        "step": "hello",
        "params": {"name": "小王"},
        "sent_at": datetime.now(UTC),
    }
    return Message(**given | changes)


def test_it_signs_as_the_published_example() -> None:
    params = {
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        "RegionId": "cn-shanghai",
    }
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": aliyun.NOTHING,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    words = ("POST", params, headers, "YourAccessKeyId", "YourAccessKeySecret")
    assert aliyun.authorization(*words).endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_it_signs_chinese_words_and_json() -> None:
    params = {
        "PhoneNumbers": "13800000000",
        "SignName": "示例店",
        "TemplateCode": "SMS_123456789",
        "TemplateParam": '{"name":"小王"}',
        "OutId": "outbox-42",
    }
    headers = {
        "host": "dysmsapi.aliyuncs.com",
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": aliyun.NOTHING,
        "x-acs-date": "2024-01-15T08:00:00Z",
        "x-acs-signature-nonce": "nonce-0001",
        "x-acs-version": "2017-05-25",
    }
    signed = aliyun.authorization("POST", params, headers, "testId", "testSecret")
    assert signed.endswith(
        "Signature=6df0eb02a58a55d61b81063bdb30fc239f17448420ce18af8c08aa12c57ca0ca"
    )


def test_a_message_arrives_with_its_key_and_values(double: SmsDouble) -> None:
    (result,) = channel(double).send([message()], lambda *_: True)
    assert result.outcome is Outcome.ACCEPTED and result.provider_id
    (sent,) = double.sent
    assert sent["OutId"] == "key1"
    assert sent["PhoneNumbers"] == "13800000001"
    assert json.loads(sent["TemplateParam"]) == {"name": "小王"}
    assert sent["SignName"] == "示例店"


def test_nothing_leaves_once_it_may_not(double: SmsDouble) -> None:
    allowed = iter([True, False, True])
    results = channel(double).send(
        [message(n) for n in (1, 2, 3)], lambda *_: next(allowed)
    )
    outcomes = [one.outcome for one in results]
    assert outcomes == [Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.NOT_SENT]
    assert len(double.sent) == 1


@pytest.mark.parametrize("code", [code for code in CODES if code != "OK"])
def test_each_code_has_its_meaning(double: SmsDouble, code: str) -> None:
    double.fail_with({"Code": code, "Message": "x", "RequestId": "R"})
    (result,) = channel(double).send([message()], lambda *_: True)
    assert (result.outcome, result.reason) == (CODES[code], code)
    assert double.sent == []


@pytest.mark.parametrize(
    ("act", "details", "outcome"),
    [
        ("silent", {}, Outcome.UNKNOWN_OUTCOME),
        ("reset", {}, Outcome.UNKNOWN_OUTCOME),
        ("half", {}, Outcome.UNKNOWN_OUTCOME),
    ],
)
def test_a_lost_answer_is_unknown(
    double: SmsDouble, act: Any, details: Any, outcome: Outcome
) -> None:
    double.fail(act, **details)
    (result,) = channel(double).send([message()], lambda *_: True)
    assert result.outcome is outcome


@pytest.mark.parametrize(
    ("body", "status"),
    [({"Code": "isv.NEVER_SEEN"}, 200), ({}, 500), (b"<html>", 502), ([1], 200)],
)
def test_an_answer_that_nobody_knows_is_unknown(
    double: SmsDouble, body: Any, status: int
) -> None:
    double.fail_with(body, status)
    (result,) = channel(double).send([message()], lambda *_: True)
    assert result.outcome is Outcome.UNKNOWN_OUTCOME


def test_a_refused_connection_has_not_sent(double: SmsDouble) -> None:
    double.stop()
    (result,) = channel(double).send([message()], lambda *_: True)
    assert result.outcome is Outcome.NOT_SENT and result.reason


def test_a_wrong_secret_is_a_matter_of_configuration(double: SmsDouble) -> None:
    (result,) = channel(double, secret="wrong").send([message()], lambda *_: True)
    assert result.outcome is Outcome.CONFIG
    assert result.reason == "SignatureDoesNotMatch"


def test_asking_finds_what_was_sent_and_what_was_not(double: SmsDouble) -> None:
    sms = channel(double)
    double.fail("silent")
    (lost,) = sms.send([message(1)], lambda *_: True)
    assert lost.outcome is Outcome.UNKNOWN_OUTCOME
    found, missing = sms.ask([message(1), message(2)])
    assert found.outcome is Outcome.ACCEPTED
    assert (missing.outcome, missing.reason) == (Outcome.NOT_SENT, "asked: not found")


def test_asking_reads_every_page(double: SmsDouble) -> None:
    sms = channel(double)
    same = [message(n, address="8613800000001") for n in range(1, 121)]
    list(sms.send(same, lambda *_: True))
    (result,) = sms.ask([same[-1]])
    assert result.outcome is Outcome.ACCEPTED


def test_an_answer_to_asking_that_fails_decides_nothing(double: SmsDouble) -> None:
    double.fail_with({}, 500, times=5)
    (result,) = channel(double).ask([message()])
    assert result.outcome is Outcome.UNKNOWN_OUTCOME


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"step": "other"}, "channels.yaml has no template for thanks/other"),
        ({"params": {}}, "audience.sql gives no name"),
        ({"params": {"name": None}}, "audience.sql gives no name"),
    ],
)
def test_what_is_missing_is_named(
    double: SmsDouble, changes: dict[str, Any], reason: str
) -> None:
    (result,) = channel(double).send([message(**changes)], lambda *_: True)
    assert (result.outcome, result.reason) == (Outcome.CONTENT_REJECTED, reason)


def test_the_secret_is_nowhere_to_be_read(double: SmsDouble, tmp_path: Path) -> None:
    assert "testSecret" not in repr(channel(double).settings)
