"""JD's tokens: renewed ahead of their end, kept between runs, never shown."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused
from tests.connectors.busy_shop import Clock, make_busy, pulled
from tests.connectors.jd_shop import JdShop, jd_shop

DAY = 86_400


@pytest.fixture
def shop() -> Iterator[JdShop]:
    with jd_shop() as running:
        make_busy(running.world, running.paid)
        yield running


def timed(shop: JdShop, clock: Clock, **settings: Any) -> Any:
    """The orders of a shop whose time of day is that of `clock`."""
    shop.double.clock = clock.seconds
    stream = shop.streams(**settings)["orders"]
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    return stream


def test_a_token_that_is_refused_in_the_middle_is_renewed_once(shop: JdShop) -> None:
    wanted = pulled(shop.streams(page_size=5)["orders"])
    called: list[str] = []

    def revoke_once(name: str, params: Any) -> None:
        called.append(name)
        if len(called) == 3:
            shop.double.revoke_tokens()

    shop.double.before = revoke_once
    assert pulled(shop.streams(page_size=5)["orders"]) == wanted
    assert len(shop.double.calls("refresh_token")) == 1
    assert shop.waits == []


def test_which_code_means_a_token_has_ended_is_a_setting(shop: JdShop) -> None:
    shop.double.revoke_tokens()
    with pytest.raises(SourceRefused, match=r"code 19: token已过期.*authorise the app"):
        pulled(shop.streams(token_codes=["1004"])["orders"])
    assert shop.double.calls("refresh_token") == []


def test_a_renewed_token_outlives_the_process(shop: JdShop) -> None:
    given = {"access_token": shop.double.access, "refresh_token": shop.double.refresh}
    shop.double.revoke_tokens()
    pulled(shop.streams(**given)["orders"])
    pulled(shop.streams(**given)["orders"])
    assert len(shop.double.calls("refresh_token")) == 1


def test_a_token_is_renewed_while_it_still_can_be(shop: JdShop) -> None:
    """A pull a day; the token would end between two of them."""
    clock = Clock()
    shop.double.life = 30 * DAY
    shop.double.revoke_tokens()
    given = {"access_token": shop.double.access, "refresh_token": shop.double.refresh}
    pulled(timed(shop, clock, **given))
    kept = json.loads(shop.token_file.read_text())
    assert datetime.fromisoformat(kept["ends"]) == clock.now() + timedelta(days=28)
    for _ in range(90):
        clock.sleep(DAY)
        timed(shop, clock, **given).check()
    assert len(shop.double.calls("refresh_token")) == 4


def test_a_token_that_has_ended_needs_a_person(shop: JdShop) -> None:
    clock = Clock()
    stream = timed(shop, clock)
    clock.sleep(366 * DAY)
    with pytest.raises(SourceRefused, match=r"400, refresh_token已失效; authorise the"):
        pulled(stream)


def test_a_short_life_is_not_renewed_with_every_call(shop: JdShop) -> None:
    clock = Clock()
    shop.double.life = DAY
    shop.double.revoke_tokens()
    stream = timed(shop, clock)
    pulled(stream)
    pulled(stream)
    assert len(shop.double.calls("refresh_token")) == 1
    clock.sleep(DAY / 2)
    pulled(stream)
    assert len(shop.double.calls("refresh_token")) == 2


def test_an_end_that_is_known_is_met_before_it_comes(shop: JdShop) -> None:
    soon = datetime.now(UTC) + timedelta(hours=47)
    pulled(shop.streams(access_token_ends=soon)["orders"])
    paths = [seen.path for seen in shop.double.seen]
    assert paths[:2] == ["/oauth2/refresh_token", "/routerjson"]


@pytest.mark.parametrize("refresh", [None, "not-the-refresh-token"])
def test_a_token_that_cannot_be_renewed_needs_a_person(
    shop: JdShop, refresh: str | None
) -> None:
    shop.double.revoke_tokens()
    with pytest.raises(SourceRefused, match="authorise the application again") as no:
        pulled(shop.streams(refresh_token=refresh)["orders"])
    assert "not-the-refresh-token" not in str(no.value)
    assert not [one for one in shop.double.secrets if one in str(no.value)]
