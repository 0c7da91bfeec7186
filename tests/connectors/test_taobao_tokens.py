"""Taobao's sessions: renewed once, kept between runs, never shown."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused
from connectors.client import Pace
from tests.connectors.busy_shop import make_busy, pulled
from tests.connectors.taobao_shop import TaobaoShop, taobao_shop


@pytest.fixture
def shop() -> Iterator[TaobaoShop]:
    with taobao_shop() as running:
        make_busy(running.world, running.world.orders)
        yield running


def given(shop: TaobaoShop) -> dict[str, str]:
    """The tokens as somebody wrote them down today."""
    return {"access_token": shop.double.access, "refresh_token": shop.double.refresh}


def test_a_session_that_ends_in_the_middle_is_renewed_once(shop: TaobaoShop) -> None:
    wanted = pulled(shop.streams(page_size=5)["orders"])
    called: list[str] = []

    def end_once(name: str, params: Any) -> None:
        called.append(name)
        if len(called) == 3:
            shop.double.expire_tokens()

    shop.double.before = end_once
    assert pulled(shop.streams(page_size=5)["orders"]) == wanted
    assert len(shop.double.calls("/token")) == 1
    assert shop.waits == []


def test_a_renewed_session_outlives_the_process(shop: TaobaoShop) -> None:
    tokens = given(shop)
    shop.double.expire_tokens()
    pulled(shop.streams(**tokens)["orders"])
    assert shop.token_file.stat().st_mode & 0o777 == 0o600
    pulled(shop.streams(**tokens)["orders"])
    assert len(shop.double.calls("/token")) == 1


def test_its_life_is_read_from_the_answer(shop: TaobaoShop) -> None:
    tokens = given(shop)
    shop.double.expire_tokens()
    stream = shop.streams(**tokens)["orders"]
    pulled(stream)
    kept = json.loads(shop.token_file.read_text())
    left = datetime.fromisoformat(kept["ends"]) - datetime.now(UTC)
    assert timedelta(days=364) < left < timedelta(days=366)
    ahead = datetime.now(UTC) + timedelta(days=364, hours=23, minutes=55)
    stream.client.clock = lambda: ahead
    shop.double.clock = ahead.timestamp
    pulled(stream)
    assert len(shop.double.calls("/token")) == 2


def test_an_end_that_is_known_is_met_before_it_comes(shop: TaobaoShop) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    pulled(shop.streams(access_token_ends=soon)["orders"])
    assert [seen.path for seen in shop.double.seen][:2] == ["/token", "/router/rest"]


@pytest.mark.parametrize("refresh", [None, "not-the-refresh-token"])
def test_a_session_that_cannot_be_renewed_needs_a_person(
    shop: TaobaoShop, refresh: str | None
) -> None:
    shop.double.expire_tokens()
    with pytest.raises(SourceRefused, match="authorise the application again") as no:
        pulled(shop.streams(refresh_token=refresh)["orders"])
    assert "not-the-refresh-token" not in str(no.value)
    assert not [one for one in shop.double.secrets if one in str(no.value)]


def test_a_renewal_waits_for_a_gateway_that_is_down(shop: TaobaoShop) -> None:
    shop.double.expire_tokens()
    shop.double.fail_with({"error": "server_error"}, 503, path="/token")
    assert pulled(shop.streams()["orders"])
    assert len(shop.waits) == 1


def test_a_renewal_whose_answer_is_lost_needs_a_person(shop: TaobaoShop) -> None:
    """Taobao has renewed, and the refresh token that we still have works once."""
    stream = shop.streams()["orders"]
    stream.client.pace = Pace(read_timeout=0.2)
    shop.double.expire_tokens()
    shop.double.fail("silent", path="/token")
    with pytest.raises(SourceRefused, match="authorise the application again"):
        pulled(stream)
    assert len(shop.double.calls("/token")) == 2


def test_an_answer_without_a_token_is_said_so(shop: TaobaoShop) -> None:
    shop.double.expire_tokens()
    shop.double.fail_with({"code": 500, "msg": "系统错误"}, path="/token")
    with pytest.raises(SourceRefused, match="no token in the answer, 500, 系统错误"):
        pulled(shop.streams()["orders"])


def test_a_refresh_token_needs_a_file_that_outlives_the_process(
    shop: TaobaoShop,
) -> None:
    with pytest.raises(ValueError, match="refresh_token works once: set token_file"):
        shop.streams(token_file=None)
