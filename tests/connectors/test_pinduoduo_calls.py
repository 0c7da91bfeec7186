"""Signatures, tokens, throttles, windows: what goes wrong between Pinduoduo's pages."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.client import Pace
from connectors.pinduoduo.client import as_text
from connectors.sandbox.pinduoduo import CLIENT_SECRET, sign
from connectors.sandbox.pinduoduo_json import error, order_number
from connectors.signing import wrapped_md5
from tests.connectors.busy_shop import AS_OF, SINCE, UNTIL, Clock, make_busy, pulled
from tests.connectors.pinduoduo_shop import PinduoduoShop, pinduoduo_shop

# P1 is published by Pinduoduo; P2 was computed from its rules.
VECTORS = [
    (
        "testSecret",
        {
            "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211",
            "client_id": "1",
            "data_type": "XML",
            "order_status": "1",
            "page": "1",
            "page_size": "10",
            "timestamp": "1480411125",
            "type": "pdd.order.number.list.get",
        },
        "E4DE3ED21002510DED352819E7AE6775",
    ),
    (
        "pdd_demo_secret",
        {
            "type": "pdd.order.number.list.increment.get",
            "client_id": "pdd_demo_client",
            "access_token": "pdd_demo_token",
            "timestamp": "1767283200",
            "data_type": "JSON",
            "version": "V1",
            "is_lucky_flag": "0",
            "order_status": "5",
            "refund_status": "5",
            "start_updated_at": "1767281400",
            "end_updated_at": "1767283200",
            "page": "1",
            "page_size": "100",
            "use_has_next": "true",
        },
        "1561114CE2DCE34CE627BE1D5E290012",
    ),
]


@pytest.fixture
def shop() -> Iterator[PinduoduoShop]:
    with pinduoduo_shop() as running:
        make_busy(running.world, running.world.orders)
        make_busy(running.world, running.world.refunds)
        yield running


@pytest.mark.parametrize("secret, params, signature", VECTORS)
def test_the_published_signatures_are_reproduced(
    secret: str, params: dict[str, str], signature: str
) -> None:
    assert wrapped_md5(params, secret) == signature
    assert sign({**params, "sign": "?"}, secret) == signature


@pytest.mark.parametrize(
    "value, text",
    [(True, "true"), (5, "5"), ("真", "真"), ([{"a": "真"}, 1], '[{"a":"真"},1]')],
)
def test_what_is_signed_is_what_is_sent(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_each_try_is_signed_with_its_own_time(shop: PinduoduoShop) -> None:
    stream = shop.streams()["orders"]
    times = iter(range(100))
    start = datetime.now(UTC)
    stream.client.clock = lambda: start + timedelta(seconds=next(times))
    shop.double.fail_with({}, 502, times=2)
    list(stream.pages(SINCE, SINCE + timedelta(minutes=1)))
    tries = [seen.form() for seen in shop.double.seen[:3]]
    assert len({one["timestamp"] for one in tries}) == 3
    assert len({one["sign"] for one in tries}) == 3


def test_a_wrong_secret_is_told_with_the_way_out(shop: PinduoduoShop) -> None:
    with pytest.raises(SourceRefused, match=r"code 20004.*check client_id and client_"):
        shop.streams(client_secret="another-secret")["orders"].check()


def test_a_clock_that_is_wrong_is_refused(shop: PinduoduoShop) -> None:
    stream = shop.streams()["orders"]
    stream.client.clock = lambda: datetime.now(UTC) - timedelta(minutes=11)
    with pytest.raises(SourceRefused, match="code 20003"):
        stream.check()


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


def test_the_quota_of_calls_is_waited_for(shop: PinduoduoShop) -> None:
    """70031, told with HTTP 200 and without a time to wait."""
    wanted = pulled(shop.streams()["orders"])
    stream = shop.streams()["orders"]
    clock = Clock()
    shop.double.clock = clock.seconds
    stream.client.clock, stream.client._sleep = clock.now, clock.sleep
    shop.double.calls_a_minute = 10
    assert pulled(stream) == wanted
    assert clock.slept > 0


@pytest.mark.parametrize("code", [52101, 70031, 52102, 70033, 50000, 52002])
def test_a_busy_code_is_tried_again(shop: PinduoduoShop, code: int) -> None:
    shop.double.fail_with(error(code, "系统繁忙").body)
    assert pulled(shop.streams()["orders"])
    assert len(shop.waits) == 1


@pytest.mark.parametrize("code", [20005, 20031, 70032, 70036, 12345])
def test_other_codes_need_a_person_at_once(shop: PinduoduoShop, code: int) -> None:
    shop.double.fail_with(error(code, "不行").body)
    with pytest.raises(SourceRefused, match=f"page 1: code {code}: 不行"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.seen) == 1


@pytest.mark.parametrize("act", ["reset", "half"])
def test_an_answer_that_breaks_off_is_asked_for_again(
    shop: PinduoduoShop, act: Any
) -> None:
    wanted = pulled(shop.streams()["refunds"])
    shop.double.fail(act, after=2)
    assert pulled(shop.streams()["refunds"]) == wanted
    assert len(shop.waits) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"order_sn_increment_get_response": {"total_count": 3}},
        {"order_sn_increment_get_response": {"order_sn_list": []}},
        {"order_sn_list_increment_get_response": {}},
        {},
        ["?"],
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    shop: PinduoduoShop, body: Any
) -> None:
    shop.double.fail_with(body, times=99)
    with pytest.raises(SourceUnavailable, match=r"holds no|no object"):
        pulled(shop.streams()["orders"])


def test_no_question_spans_more_than_half_an_hour(shop: PinduoduoShop) -> None:
    """The double refuses more, as Pinduoduo does."""
    odd = SINCE + timedelta(seconds=7, microseconds=5)
    assert pulled(shop.streams(since=odd, overlap=timedelta(minutes=15))["orders"])
    spans = [
        int(seen.form()["end_updated_at"]) - int(seen.form()["start_updated_at"])
        for seen in shop.double.seen
    ]
    assert 1750 < max(spans) <= 1800


def test_pages_are_read_from_the_last_to_the_first(shop: PinduoduoShop) -> None:
    list(
        shop.streams(page_size=2)["orders"].pages(SINCE, SINCE + timedelta(minutes=25))
    )
    pages = [int(seen.form()["page"]) for seen in shop.double.seen]
    assert pages[0] == 1
    assert pages[1:] == list(range(len(pages) - 1, 0, -1))
    assert len(pages) > 3
    assert {seen.form()["use_has_next"] for seen in shop.double.seen} == {"false"}


def test_all_that_the_shop_has_is_pulled(shop: PinduoduoShop) -> None:
    """Compared with the double's own memory, not with another pull."""
    since = UNTIL - timedelta(days=4)
    end = UNTIL - timedelta(seconds=60)
    wanted = {
        order_number(one.key)
        for one in shop.world.orders
        if (state := one.at(AS_OF)) and since <= state["updated"] < end
    }
    assert len(wanted) > 40
    found = {row["order_number"] for row in pulled(shop.streams(since=since)["orders"])}
    assert found == wanted


def test_what_the_index_learns_late_is_found_by_the_next_pull(
    shop: PinduoduoShop,
) -> None:
    stream = shop.streams()["orders"]
    shop.double.now = UNTIL
    shop.double.index_lag = timedelta(seconds=90)
    first = list(stream.pull(None, UNTIL))
    cursor = [page.cursor for page in first if page.cursor][-1]
    late = shop.world.orders[3]
    shop.world.touch(late, UNTIL - timedelta(seconds=75))
    shop.double.now = UNTIL + timedelta(minutes=5)
    again = pulled(stream, cursor, UNTIL + timedelta(minutes=5))
    assert order_number(late.key) in {row["order_number"] for row in again}


def test_history_that_pinduoduo_does_not_give_is_said_and_left_out(
    shop: PinduoduoShop,
) -> None:
    shop.double.now = UNTIL
    stream = shop.streams(since=UNTIL - timedelta(days=400), history=timedelta(days=2))
    orders = stream["orders"]
    assert pulled(orders)
    assert "nothing older than 2 days can be asked for" in orders.notes[0]
    list(orders.pull((UNTIL - timedelta(hours=1)).isoformat(), UNTIL))
    assert orders.notes == []


def test_more_than_ninety_days_are_refused_by_the_double(shop: PinduoduoShop) -> None:
    shop.double.now = UNTIL
    stream = shop.streams(since=UNTIL - timedelta(days=91), history=None)["orders"]
    with pytest.raises(SourceRefused, match="最近90天"):
        pulled(stream)


def test_no_secret_of_the_shop_is_ever_sent_in_an_address(shop: PinduoduoShop) -> None:
    pulled(shop.streams()["orders"])
    assert all(seen.query == {} and seen.method == "POST" for seen in shop.double.seen)
    assert all(CLIENT_SECRET not in seen.body.decode() for seen in shop.double.seen)
