"""Douyin's tokens: asked for, renewed once, kept where they must be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.base import SourceRefused
from connectors.client import Pace
from connectors.sandbox.douyin_json import error
from tests.connectors.busy_shop import make_busy, pulled
from tests.connectors.douyin_shop import DouyinShop, douyin_shop


@pytest.fixture
def shop() -> Iterator[DouyinShop]:
    with douyin_shop() as running:
        make_busy(running.world, running.world.orders)
        yield running


def test_a_shop_that_did_not_agree_is_told(shop: DouyinShop) -> None:
    with pytest.raises(
        SourceRefused, match=r"token/create: code 50001.*check app_key, app_secret, sho"
    ):
        shop.streams(shop_id="99")["orders"].check()


def test_one_token_serves_all_streams_of_a_run(shop: DouyinShop) -> None:
    for stream in shop.streams().values():
        pulled(stream)
    (call,) = shop.double.calls("token")
    assert call.json() == {
        "code": "",
        "grant_type": "authorization_self",
        "shop_id": "10000002",
    }
    assert "access_token" not in call.query


def test_a_token_that_ends_in_the_middle_is_renewed_once(shop: DouyinShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    shop.double.seen.clear()
    called: list[str] = []

    def end_once(name: str, params: Any) -> None:
        called.append(name)
        if len(called) == 4:
            shop.double.expire_tokens()

    shop.double.before = end_once
    assert pulled(shop.streams()["orders"]) == wanted
    paths = [seen.path for seen in shop.double.calls("token")]
    assert paths == ["/token/create", "/token/refresh"]
    assert shop.waits == []


def test_a_self_use_application_needs_no_refresh_token_for_ever(
    shop: DouyinShop,
) -> None:
    """Fourteen days without a run end both tokens."""
    stream = shop.streams()["orders"]
    pulled(stream)
    shop.double.authorise()
    shop.double.expire_tokens()
    assert pulled(stream)
    paths = [seen.path for seen in shop.double.calls("token")]
    assert paths == ["/token/create", "/token/refresh", "/token/create"]


def test_a_renewal_whose_answer_is_lost_begins_anew(shop: DouyinShop) -> None:
    stream = shop.streams()["orders"]
    pulled(stream)
    stream.client.pace = Pace(read_timeout=0.2)
    shop.double.expire_tokens()
    shop.double.seen.clear()
    shop.double.fail("silent", path="token")
    assert pulled(stream)
    paths = [seen.path for seen in shop.double.calls("token")]
    assert paths == ["/token/refresh", "/token/refresh", "/token/create"]


@pytest.mark.parametrize("kind", ["expired", "no-existed", "invalid"])
def test_a_token_that_is_refused_for_good_needs_a_person(
    shop: DouyinShop, kind: str
) -> None:
    refusal = error(40003, f"isv.access-token-{kind}", "access_token").body
    shop.double.fail_with(refusal, times=99, path="order")
    with pytest.raises(SourceRefused, match=f"40003 isv.access-token-{kind}"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.calls("order")) == 2


def test_a_tool_keeps_its_renewed_tokens_in_a_file(
    shop: DouyinShop, tmp_path: Path
) -> None:
    access, refresh = shop.double.authorise()
    tool = {
        "app_kind": "tool",
        "access_token": access,
        "refresh_token": refresh,
        "token_file": tmp_path / "douyin.json",
    }
    shop.double.expire_tokens()
    assert pulled(shop.streams(**tool)["orders"])
    assert pulled(shop.streams(**tool)["refunds"])
    assert [seen.path for seen in shop.double.calls("token")] == ["/token/refresh"]


def test_a_tool_whose_tokens_have_ended_is_authorised_again(
    shop: DouyinShop, tmp_path: Path
) -> None:
    tool = {
        "app_kind": "tool",
        "access_token": "an-old-token",
        "refresh_token": "an-old-refresh-token",
        "token_file": tmp_path / "douyin.json",
    }
    with pytest.raises(SourceRefused, match=r"token/refresh: code 50001") as caught:
        pulled(shop.streams(**tool)["orders"])
    assert "an-old" not in str(caught.value)


def test_a_tool_needs_its_tokens(shop: DouyinShop) -> None:
    with pytest.raises(ValueError, match="tool needs access_token, refresh_token, tok"):
        shop.config(app_kind="tool")
