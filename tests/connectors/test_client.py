"""The shared client: patient where it helps, silent about secrets and people."""

import gzip
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.client import Call, Client, Cure, Pace, Reply, Trouble
from connectors.sandbox.server import Answer, Double, Seen

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRET = "s3cret/of+the=shop"


class Platform(Double):
    """Answers with the number of the request."""

    def answer(self, request: Seen) -> Answer:
        return Answer({"number": len(self.seen)})


class Signing(Client):
    """A platform that signs each try and names trouble in the body."""

    tokens = 1
    tries = 0

    def sign(self, call: Call) -> Call:
        self.tries += 1
        token = f"token-{self.tokens:04d}"
        self.hide(token)
        return replace(call, params={"access_token": token, "try": str(self.tries)})

    def trouble(self, reply: Reply) -> Trouble | None:
        error = reply.body.get("error")
        if error == "token":
            return Trouble(Cure.TOKEN, "token expired", code="token")
        if error == "busy":
            return Trouble(Cure.WAIT, "busy", wait=reply.body.get("seconds"))
        return Trouble(Cure.PERSON, error, "look there", code="no") if error else None

    def renew(self, refused: Call) -> None:
        self.tokens += 1


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(waits: list[float]) -> Signing:
    return Signing(
        "shop_one",
        Pace(tries=4, read_timeout=5),
        secrets=[SECRET],
        sleep=waits.append,
        clock=lambda: NOW,
        jitter=lambda low, high: (low + high) / 2,
    )


def call(platform: Platform, page: int = 7) -> Call:
    return Call("orders.list 2.0", f"{platform.url}/orders", page, json={"page": page})


def test_a_good_reply_comes_back_at_once(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    reply = client.call(call(platform))
    assert reply.body == {"number": 1}
    assert platform.seen[0].json() == {"page": 7}
    assert waits == []


def test_it_obeys_retry_after_in_seconds(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    platform.fail_with({}, 503, Retry_After="2.5")
    assert client.call(call(platform)).body == {"number": 2}
    assert waits == [2.5]


def test_it_obeys_retry_after_as_a_date(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    until = format_datetime(NOW + timedelta(seconds=42), usegmt=True)
    platform.fail_with({}, 429, Retry_After=until)
    client.call(call(platform))
    assert waits == [42.0]


def test_it_leaves_a_long_wait_to_a_later_run(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    platform.fail_with({}, 429, Retry_After="3600")
    with pytest.raises(SourceUnavailable) as caught:
        client.call(call(platform))
    assert (waits, len(platform.seen)) == ([], 1)
    assert getattr(caught.value, "wait", None) == 3600


def test_it_backs_off_longer_each_time_and_then_gives_up(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    platform.fail_with({}, 500, times=99)
    with pytest.raises(
        SourceUnavailable, match=r"shop_one: orders.list 2.0, page 7: HTTP 500.*4 tries"
    ):
        client.call(call(platform))
    assert waits == [0.75, 1.5, 3.0]


def test_pauses_are_jittered(platform: Platform) -> None:
    waits: list[float] = []
    for _ in range(2):
        platform.fail_with({}, 500)
        Client("shop", sleep=waits.append).call(call(platform))
    assert waits[0] != waits[1]
    assert all(0.5 <= wait <= 1.0 for wait in waits)


def test_every_try_is_signed_anew(platform: Platform, client: Signing) -> None:
    platform.fail_with({}, 500, times=2)
    client.call(call(platform))
    assert [seen.query["try"] for seen in platform.seen] == ["1", "2", "3"]


def test_an_expired_token_is_renewed_once(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    platform.fail_with({"error": "token"})
    assert client.call(call(platform)).body == {"number": 2}
    tokens = [seen.query["access_token"] for seen in platform.seen]
    assert tokens == ["token-0001", "token-0002"]
    assert waits == []


def test_a_token_refused_twice_needs_a_person(
    platform: Platform, client: Signing
) -> None:
    platform.fail_with({"error": "token"}, times=9)
    with pytest.raises(SourceRefused, match="token expired"):
        client.call(call(platform))
    assert len(platform.seen) == 2


def test_http_401_renews_the_token_too(platform: Platform, client: Signing) -> None:
    platform.fail_with({}, 401)
    client.call(call(platform))
    assert platform.seen[1].query["access_token"] == "token-0002"


def test_a_throttle_inside_a_good_status_is_obeyed(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    platform.fail_with({"error": "busy", "seconds": 9})
    client.call(call(platform))
    assert waits == [9]


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_what_only_a_person_can_mend_is_not_tried_again(
    platform: Platform, client: Signing, status: int
) -> None:
    platform.fail_with({}, status, times=9)
    with pytest.raises(SourceRefused, match=f"HTTP {status}"):
        client.call(call(platform))
    assert len(platform.seen) == 1


def test_a_redirect_is_not_followed_with_the_token(
    platform: Platform, client: Signing
) -> None:
    platform.fail_with({}, 302, Location=f"{platform.url}/elsewhere")
    with pytest.raises(SourceRefused, match="correct base_url"):
        client.call(call(platform))
    assert platform.calls("/elsewhere") == []


def test_a_page_that_is_not_json_shows_its_kind_and_size_only(
    platform: Platform, client: Signing
) -> None:
    page = b"<html>Please log in, 13800001111"
    platform.fail_with(page, times=99, Content_Type="text/html; charset=utf-8")
    with pytest.raises(SourceUnavailable) as caught:
        client.call(call(platform))
    assert "page 7: the answer is not JSON (text/html, 32 bytes)" in str(caught.value)
    assert "log in" not in str(caught.value)


@pytest.mark.parametrize("size", [0, 10, 1_000_000])
def test_a_packed_answer_is_unpacked(
    platform: Platform, client: Signing, size: int
) -> None:
    packed = gzip.compress(b'{"text": "%s"}' % (b"x" * size))
    platform.fail_with(packed, Content_Encoding="gzip")
    assert client.call(call(platform)).body == {"text": "x" * size}


def test_an_answer_that_cannot_be_unpacked_is_tried_again(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    platform.fail_with(b"{}", Content_Encoding="gzip")
    assert client.call(call(platform)).body == {"number": 2}
    assert len(waits) == 1


def test_a_line_that_is_cut_is_tried_again(
    platform: Platform, client: Signing, waits: list[float]
) -> None:
    platform.fail("reset")
    platform.fail("half")
    assert client.call(call(platform)).body == {"number": 3}
    assert len(waits) == 2


def test_an_answer_that_never_comes_is_given_up(platform: Platform) -> None:
    client = Client("shop", Pace(tries=2, read_timeout=0.2), sleep=lambda _: None)
    platform.fail("silent", times=9)
    with pytest.raises(SourceUnavailable, match=r"no answer within 0\.2 s"):
        client.call(call(platform))
    assert len(platform.seen) == 2


def test_a_platform_that_is_down_is_named_without_its_address(
    platform: Platform, client: Signing
) -> None:
    down = call(platform)
    platform.stop()
    with pytest.raises(SourceUnavailable, match="no connection") as caught:
        client.call(down)
    assert "token-0001" not in str(caught.value)
    assert caught.value.__context__ is None


def test_an_address_that_is_none_needs_a_person(client: Signing) -> None:
    with pytest.raises(SourceRefused, match="check base_url"):
        client.call(Call("orders.list", "open.example.com/orders"))


def test_no_secret_and_nobody_is_in_an_error_or_a_log_line(
    platform: Platform, client: Signing, caplog: pytest.LogCaptureFixture
) -> None:
    private = [
        SECRET,
        "s3cret%2Fof%2Bthe%3Dshop",
        "token-0001",
        "13812345678",
        "+86 13812345678",
        "anna@example.com",
        "$c2VjcmV0cw==$1$",
    ]
    for each in private:
        platform.fail_with({"error": "busy"})
        platform.fail_with({"error": f"refused 客户{each}!"})
        with pytest.raises(SourceRefused) as caught:
            client.call(call(platform))
        assert each not in str(caught.value)
        assert "***!" in str(caught.value)
    platform.fail_with({"error": "busy"})
    client.call(call(platform))
    assert not any(each in caplog.text for each in private)


def test_an_order_number_is_no_phone(client: Signing) -> None:
    assert client.redact("order E20260101120000000000001 of 13812345678") == (
        "order E20260101120000000000001 of ***"
    )


def test_a_long_answer_is_cut(client: Signing) -> None:
    assert len(client.redact("x" * 5000)) <= 201


def test_the_proxy_of_the_environment_is_used(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", platform.url)
    monkeypatch.setenv("no_proxy", "near.example")
    client = Client("shop", pace=Pace(tries=1))
    reply = client.call(Call("orders", "http://shop.example/orders"))
    assert reply.body == {"number": 1}
    assert platform.seen[0].headers["host"] == "shop.example"
    with pytest.raises(SourceUnavailable):
        client.call(Call("orders", "http://near.example:1/orders"))
    assert len(platform.seen) == 1


def test_a_password_of_netrc_is_not_sent(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Client("shop").call(Call("orders", platform.url))
    assert "authorization" not in platform.seen[0].headers


@pytest.mark.parametrize("address", ["http://[shop", "http://", "shop"])
def test_an_address_that_cannot_be_read_needs_a_person(address: str) -> None:
    with pytest.raises(SourceRefused, match="check base_url"):
        Client("shop").call(Call("orders", address))
