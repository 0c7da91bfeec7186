"""Pinduoduo's tokens: renewed once, kept between runs, never shown."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import SourceRefused
from connectors.client import Pace
from connectors.sandbox.pinduoduo_json import error
from tests.connectors.busy_shop import make_busy, pulled
from tests.connectors.pinduoduo_shop import PinduoduoShop, pinduoduo_shop


@pytest.fixture
def shop() -> Iterator[PinduoduoShop]:
    with pinduoduo_shop() as running:
        make_busy(running.world, running.world.orders)
        yield running


def test_a_token_that_ends_in_the_middle_is_renewed_once(shop: PinduoduoShop) -> None:
    wanted = pulled(shop.streams()["orders"])
    called: list[str] = []

    def end_once(name: str, params: Any) -> None:
        called.append(name)
        if len(called) == 3:
            shop.double.expire_tokens()

    shop.double.before = end_once
    assert pulled(shop.streams()["orders"]) == wanted
    assert called.count("pdd.pop.auth.token.refresh") == 1
    assert shop.waits == []


def test_a_renewed_token_outlives_the_process(
    shop: PinduoduoShop, tmp_path: Path
) -> None:
    given = {"access_token": shop.double.access, "refresh_token": shop.double.refresh}
    file = tmp_path / "tokens" / "pdd.json"
    shop.double.expire_tokens()
    pulled(shop.streams(token_file=file, **given)["orders"])
    assert file.stat().st_mode & 0o777 == 0o600
    refreshed = len(shop.double.calls("router"))
    pulled(shop.streams(token_file=file, **given)["orders"])
    later = [seen.form()["type"] for seen in shop.double.seen[refreshed:]]
    assert set(later) == {"pdd.order.number.list.increment.get"}


def test_two_processes_renew_a_token_once(shop: PinduoduoShop, tmp_path: Path) -> None:
    given = {"access_token": shop.double.access, "refresh_token": shop.double.refresh}
    one, two = (
        shop.streams(token_file=tmp_path / "pdd.json", **given)["orders"]
        for _ in range(2)
    )
    pulled(one)
    pulled(two)
    shop.double.expire_tokens()
    pulled(one)
    pulled(two)
    types = [seen.form()["type"] for seen in shop.double.seen]
    assert types.count("pdd.pop.auth.token.refresh") == 1


def test_a_new_token_in_the_sources_file_beats_the_kept_one(
    shop: PinduoduoShop, tmp_path: Path
) -> None:
    file = tmp_path / "pdd.json"
    given = {"access_token": shop.double.access, "refresh_token": shop.double.refresh}
    shop.double.expire_tokens()
    pulled(shop.streams(token_file=file, **given)["orders"])
    kept = json.loads(file.read_text())["access_token"]
    shop.double.access, shop.double.refresh = shop.double.authorise()
    pulled(shop.streams(token_file=file)["orders"])
    used = shop.double.seen[-1].form()["access_token"]
    assert used == shop.double.access != kept


def test_a_token_that_is_about_to_end_is_replaced_before(shop: PinduoduoShop) -> None:
    stream = shop.streams()["orders"]
    shop.double.expire_tokens()
    pulled(stream)
    ahead = datetime.now(UTC) + timedelta(hours=23, minutes=55)
    stream.client.clock = lambda: ahead
    shop.double.clock = ahead.timestamp
    shop.double.seen.clear()
    pulled(stream)
    types = [seen.form()["type"] for seen in shop.double.seen]
    assert types.index("pdd.pop.auth.token.refresh") == 0
    assert types.count("pdd.pop.auth.token.refresh") == 1


def test_a_refresh_token_needs_a_file_that_outlives_the_process(
    shop: PinduoduoShop,
) -> None:
    with pytest.raises(ValueError, match="refresh_token works once: set token_file"):
        shop.streams(token_file=None)


@pytest.mark.parametrize("refresh", [None, "not-the-refresh-token"])
def test_a_token_that_cannot_be_renewed_needs_a_person(
    shop: PinduoduoShop, refresh: str | None
) -> None:
    shop.double.expire_tokens()
    with pytest.raises(SourceRefused, match="authorise the application again") as no:
        pulled(shop.streams(refresh_token=refresh)["orders"])
    assert "not-the-refresh-token" not in str(no.value)
    assert not [one for one in shop.double.secrets if one in str(no.value)]


def test_a_token_file_that_cannot_be_used_is_named(
    shop: PinduoduoShop, tmp_path: Path
) -> None:
    file = tmp_path / "pdd.json"
    file.write_text("{}")
    with pytest.raises(SourceRefused, match=r"pdd_main: the token file '.*delete it"):
        shop.streams(token_file=file)["orders"].check()
    shop.double.expire_tokens()
    with pytest.raises(SourceRefused, match="cannot be written"):
        shop.streams(token_file=file / "pdd.json")["orders"].check()


def test_a_renewal_whose_answer_is_lost_needs_a_person(shop: PinduoduoShop) -> None:
    """Pinduoduo has renewed, and the refresh token that we still have works once."""
    stream = shop.streams()["orders"]
    stream.client.pace = Pace(read_timeout=0.2)
    shop.double.expire_tokens()
    shop.double.fail("silent", after=1)
    with pytest.raises(SourceRefused, match="authorise the application again"):
        pulled(stream)
    types = [seen.form()["type"] for seen in shop.double.seen]
    assert types.count("pdd.pop.auth.token.refresh") == 2


def test_an_error_shows_no_kept_token_and_no_cipher_text(
    shop: PinduoduoShop, tmp_path: Path
) -> None:
    given = {"access_token": shop.double.access, "refresh_token": shop.double.refresh}
    file = tmp_path / "pdd.json"
    shop.double.expire_tokens()
    pulled(shop.streams(token_file=file, **given)["orders"])
    kept = json.loads(file.read_text())
    stream = shop.streams(token_file=file, **given)["orders"]
    said = (
        f"{kept['access_token']} {kept['refresh_token']} ~demoCipher~1~ #demoCipher#2#"
    )
    shop.double.fail_with(error(20031, said).body)
    with pytest.raises(SourceRefused) as caught:
        stream.check()
    assert "code 20031: *** *** *** ***" in str(caught.value)
