"""WeChat's tokens and troubles: renewed once, waited out, left, or told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.sandbox.server import Answer
from connectors.sandbox.wechat_tokens import failed
from tests.connectors.busy_shop import pulled
from tests.connectors.wechat_account import UNTIL, Account, account, opened

DETAILS = "user/info/batchget"


@pytest.fixture
def wechat() -> Iterator[Account]:
    with account() as running:
        yield running


def test_one_token_serves_all_calls_until_it_is_about_to_end(wechat: Account) -> None:
    users = opened(wechat)["users"]
    pulled(users)
    assert len(wechat.double.calls("stable_token")) == 1
    wechat.now += timedelta(hours=1, minutes=56)
    pulled(users)
    assert len(wechat.double.calls("stable_token")) == 2
    assert wechat.double.forced == []


def test_a_token_that_is_about_to_end_is_not_ended_by_force(wechat: Account) -> None:
    """WeChat has another five minutes before, and not sooner."""
    users = opened(wechat)["users"]
    pulled(users)
    wechat.now += timedelta(hours=1, minutes=52)
    for _ in range(2):
        pulled(users)
    assert len(wechat.double.calls("stable_token")) == 2
    wechat.now += timedelta(minutes=9)
    assert len(pulled(users)) == 14
    assert len(wechat.double.calls("stable_token")) == 3
    assert wechat.double.forced == []


@pytest.mark.parametrize("end", ["expire_token", "supersede_token"])
def test_a_token_that_ends_in_the_middle_is_renewed_once(
    wechat: Account, end: str
) -> None:
    def in_the_middle(path: str) -> None:
        if path == DETAILS and len(wechat.double.calls(DETAILS)) == 2:
            getattr(wechat.double, end)()

    wechat.double.before = in_the_middle
    assert len(pulled(opened(wechat)["users"])) == 14
    assert len(wechat.double.calls("stable_token")) == 2
    assert wechat.double.forced == []
    assert wechat.waits == []


def test_a_token_that_is_refused_and_given_again_is_renewed_by_force(
    wechat: Account,
) -> None:
    """WeChat goes on giving what its other servers do not know."""
    users = opened(wechat)["users"]
    pulled(users)
    wechat.double.fail_with({"errcode": 40001, "errmsg": "not latest"}, path="user/get")
    assert len(pulled(users)) == 14
    assert len(wechat.double.forced) == 1


def test_a_token_that_is_refused_again_is_about_the_secret(wechat: Account) -> None:
    wechat.double.fail_with({"errcode": 40001}, path="user/get", times=9)
    with pytest.raises(SourceRefused, match=r"code 40001.*check secret"):
        pulled(opened(wechat)["users"])
    assert len(wechat.double.calls("user/get")) == 2


def test_wrong_credentials_are_told_by_their_name(wechat: Account) -> None:
    with pytest.raises(SourceRefused, match=r"code 40125.*check secret") as caught:
        opened(wechat, secret="another-secret-0001")["users"].check()
    assert "another-secret" not in str(caught.value)
    with pytest.raises(SourceRefused, match=r"code 40013.*check app_id"):
        opened(wechat, app_id="wxother")["users"].check()


def test_an_address_that_is_not_whitelisted_is_told(wechat: Account) -> None:
    wechat.double.is_whitelisted = False
    with pytest.raises(SourceRefused, match=r"code 40164.*IP whitelist"):
        opened(wechat)["users"].check()


def test_a_day_s_quota_that_is_used_up_is_left_to_tomorrow(wechat: Account) -> None:
    wechat.double.quota[DETAILS] = 2
    stored = 0
    with pytest.raises(SourceUnavailable, match=r"code 45009.*tomorrow"):
        for page in opened(wechat)["users"].pull(None, UNTIL):
            stored += len(page.records)
    assert stored == 6
    assert len(wechat.double.calls(DETAILS)) == 3
    assert wechat.waits == []


@pytest.mark.parametrize(
    "fault",
    [
        {"answer": Answer({"errcode": -1, "errmsg": "system error"})},
        {"answer": Answer({"errcode": 45011, "errmsg": "api minute-quota"})},
        {"answer": Answer(b"busy", 503, {"Retry-After": "2"})},
        {"answer": Answer({}, 429, {"Retry-After": "2"})},
        {"act": "reset"},
        {"act": "silent"},
        {"act": "half"},
    ],
)
def test_what_passes_is_tried_again(wechat: Account, fault: Any) -> None:
    wechat.double.fail(**fault, path=DETAILS)
    assert len(pulled(opened(wechat)["users"])) == 14
    assert len(wechat.waits) == 1


@pytest.mark.parametrize("code", [-1, 45011])
def test_what_does_not_pass_is_left_to_a_later_run(wechat: Account, code: int) -> None:
    wechat.double.overrule = lambda seen: (
        failed(code) if seen.path.endswith("user/get") else None
    )
    with pytest.raises(SourceUnavailable, match=f"code {code}:.*5 tries"):
        opened(wechat)["users"].check()


def test_a_platform_that_is_away_is_tried_again_later(wechat: Account) -> None:
    users = opened(wechat)["users"]
    wechat.double.stop()
    with pytest.raises(SourceUnavailable, match="no connection"):
        users.check()
