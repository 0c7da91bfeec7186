"""WeCom's tokens and troubles: renewed once, waited out, left, or told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.sandbox.server import Answer
from connectors.sandbox.wecom import failed
from tests.connectors.busy_shop import pulled
from tests.connectors.wecom_corp import OpenedCorp, corp

BATCH = "batch/get_by_user"


@pytest.fixture
def wecom() -> Iterator[OpenedCorp]:
    with corp() as opened:
        yield opened


def test_one_token_serves_all_calls_until_it_is_about_to_end(wecom: OpenedCorp) -> None:
    contacts = wecom.streams()["contacts"]
    pulled(contacts)
    assert len(wecom.double.calls("gettoken")) == 1
    wecom.now += timedelta(hours=1, minutes=55)
    pulled(contacts)
    pulled(contacts)
    # WeCom has no other before it ends, so it is asked once.
    assert len(wecom.double.calls("gettoken")) == 2
    wecom.now += timedelta(minutes=6)
    assert len(pulled(contacts)) == 15
    assert len(wecom.double.calls("gettoken")) == 3


def test_a_token_that_ends_in_the_middle_is_renewed_once(wecom: OpenedCorp) -> None:
    def in_the_middle(path: str) -> None:
        if path.endswith(BATCH) and len(wecom.double.calls(BATCH)) == 2:
            wecom.double.expire_token()

    wecom.double.before = in_the_middle
    assert len(pulled(wecom.streams()["contacts"])) == 15
    assert len(wecom.double.calls("gettoken")) == 2
    assert wecom.waits == []


def test_a_token_that_is_refused_again_is_told(wecom: OpenedCorp) -> None:
    wecom.double.fail_with({"errcode": 40014}, path=BATCH, times=9)
    with pytest.raises(SourceRefused, match="code 40014"):
        pulled(wecom.streams()["contacts"])
    assert len(wecom.double.calls(BATCH)) == 2


def test_wrong_credentials_are_told_by_their_name(wecom: OpenedCorp) -> None:
    with pytest.raises(SourceRefused, match=r"code 40001.*check secret") as caught:
        wecom.streams(secret="another-secret-0001")["joins"].check()
    assert "another-secret" not in str(caught.value)
    with pytest.raises(SourceRefused, match=r"code 40013.*check corp_id"):
        wecom.streams(corp_id="wwother")["joins"].check()
    wecom.double.is_trusted = False
    with pytest.raises(SourceRefused, match=r"code 60020.*trusted addresses"):
        wecom.streams()["joins"].check()


def test_a_minute_s_quota_is_waited_out(wecom: OpenedCorp) -> None:
    wecom.double.calls_a_minute = 4

    def sleep(seconds: float) -> None:
        wecom.now += timedelta(seconds=seconds)
        wecom.waits.append(seconds)

    stream = wecom.streams()["contacts"]
    stream.client._sleep = sleep
    assert len(pulled(stream)) == 15
    assert set(wecom.waits) == {60.0}


@pytest.mark.parametrize(
    "fault",
    [
        {"answer": Answer({"errcode": -1, "errmsg": "system busy"})},
        {"answer": Answer({"errcode": 45033, "errmsg": "concurrency"})},
        {"answer": Answer(b"busy", 503, {"Retry-After": "2"})},
        {"answer": Answer({}, 429, {"Retry-After": "2"})},
        {"act": "reset"},
        {"act": "silent"},
        {"act": "half"},
    ],
)
def test_what_passes_is_tried_again(wecom: OpenedCorp, fault: Any) -> None:
    wecom.double.fail(**fault, path=BATCH)
    assert len(pulled(wecom.streams()["contacts"])) == 15
    assert len(wecom.waits) == 1


@pytest.mark.parametrize("code", [-1, 45009, 45033])
def test_what_does_not_pass_is_left_to_a_later_run(
    wecom: OpenedCorp, code: int
) -> None:
    wecom.double.overrule = lambda seen: (
        failed(code) if seen.path.endswith(BATCH) else None
    )
    with pytest.raises(SourceUnavailable, match=f"code {code}:.*5 tries"):
        wecom.streams()["contacts"].check()


def test_a_platform_that_is_away_is_tried_again_later(wecom: OpenedCorp) -> None:
    joins = wecom.streams()["joins"]
    wecom.double.stop()
    with pytest.raises(SourceUnavailable, match="no connection"):
        joins.check()
