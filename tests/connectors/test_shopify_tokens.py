"""Shopify's tokens: given or asked for, renewed once, kept where they must be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import SourceRefused
from connectors.sandbox.shopify_tokens import CLIENT_ID, CLIENT_SECRET
from tests.connectors.busy_shop import make_busy
from tests.connectors.shopify_shop import ShopifyShop, shopify_shop, told

ASKED = {"access_token": None, "client_id": CLIENT_ID}


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop() as running:
        make_busy(running.world, running.world.orders)
        yield running


def test_a_given_token_is_used_and_nothing_else_sent(shop: ShopifyShop) -> None:
    assert told(shop.streams()["orders"])
    for seen in shop.double.seen:
        assert seen.headers["x-shopify-access-token"] == shop.double.access
        assert CLIENT_SECRET not in str(seen)
        assert not seen.query


def test_a_token_is_asked_for_once_for_all_streams(shop: ShopifyShop) -> None:
    for stream in shop.streams(**ASKED).values():
        told(stream)
    (call,) = shop.double.calls("oauth")
    assert call.form()["grant_type"] == "client_credentials"
    assert "x-shopify-access-token" not in call.headers


def test_a_token_that_ends_in_the_middle_is_renewed_once(shop: ShopifyShop) -> None:
    wanted = told(shop.streams()["orders"])
    stream = shop.streams(page_size=5, **ASKED)["orders"]
    called: list[str] = []

    def end(name: str, _: Any) -> None:
        called.append(name)
        if len(called) == 3:
            shop.double.tokens.expire()

    shop.double.before = end
    assert told(stream) == wanted
    assert len(shop.double.calls("oauth")) == 2


def test_a_token_that_is_about_to_end_is_not_used(shop: ShopifyShop) -> None:
    stream = shop.streams(**ASKED)["orders"]
    stream.check()
    shop.clock.sleep(86_400 - 60)
    stream.check()
    assert len(shop.double.calls("oauth")) == 2
    assert len(shop.double.calls("graphql")) == 2


def test_a_given_token_that_is_refused_needs_a_person(shop: ShopifyShop) -> None:
    shop.double.tokens.expire()
    with pytest.raises(SourceRefused, match=r"token was refused.*set access_token"):
        shop.streams()["orders"].check()
    assert len(shop.double.seen) == 1


def test_the_wrong_secret_is_told_with_the_way_out(shop: ShopifyShop) -> None:
    with pytest.raises(
        SourceRefused, match=r"invalid_client; check client_id"
    ) as caught:
        shop.streams(**ASKED, client_secret="another-secret")["orders"].check()
    assert "another-secret" not in str(caught.value)


def test_a_token_that_lives_an_hour_is_renewed_and_kept(
    shop: ShopifyShop, tmp_path: Path
) -> None:
    access, refresh = shop.double.tokens.authorise()
    kept = tmp_path / "tokens.json"
    settings = {
        "client_id": CLIENT_ID,
        "access_token": access,
        "refresh_token": refresh,
        "token_file": kept,
    }
    shop.streams(**settings)["orders"].check()
    shop.double.tokens.expire()
    shop.streams(**settings)["orders"].check()
    # Another process: the given pair has been used up.
    shop.streams(**settings)["orders"].check()
    calls = [seen.form()["grant_type"] for seen in shop.double.calls("oauth")]
    assert calls == ["refresh_token"]
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "settings, said",
    [
        ({"access_token": None}, "needs access_token, or client_id and client_secret"),
        (
            {"access_token": None, "client_id": "a", "client_secret": None},
            "needs access",
        ),
        ({"refresh_token": "r", "client_id": "a"}, "refresh_token needs .* token_file"),
        ({"api_version": "2026-02"}, "api_version"),
        ({"base_url": "demo.myshopify.com"}, "base_url"),
    ],
)
def test_settings_that_cannot_work_are_told(
    shop: ShopifyShop, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        shop.config(**settings)
