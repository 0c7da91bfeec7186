"""Tokens, refusals, cipher texts and deep lists: what goes wrong between the pages."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceRefused, SourceUnavailable
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.youzan_json import closed
from tests.connectors.youzan_shop import AS_OF, CONTACT, UNTIL, Shop


def pulled(stream: Any, cursor: str | None = None) -> list[dict[str, Any]]:
    """The rows of one pull, by column."""
    return [
        dict(zip(stream.columns, row, strict=True))
        for page in stream.pull(cursor, UNTIL)
        for record in page.records
        for row in stream.rows(record)
    ]


def test_one_token_serves_all_streams_of_a_run(shop: Shop) -> None:
    for stream in shop.streams().values():
        pulled(stream)
    assert shop.double.token_calls == 1
    assert shop.double.calls("/auth/token")[0].json()["refresh"] is False


@pytest.mark.parametrize("end", ["expire_tokens", "forget_tokens"])
def test_a_token_that_ends_in_the_middle_is_renewed_once(shop: Shop, end: str) -> None:
    """Codes 4202 and 4203."""
    wanted = pulled(shop.streams()["orders"])
    shop.double.seen.clear()
    called: list[str] = []

    def end_once(name: str, body: Any) -> None:
        called.append(name)
        if len(called) == 3:
            getattr(shop.double, end)()

    shop.double.before = end_once
    assert pulled(shop.streams()["orders"]) == wanted
    # One for the new client, one for the token that had ended.
    asked = [one.json()["refresh"] for one in shop.double.calls("/auth/token")]
    assert asked == [False, False]
    assert shop.waits == []


def test_a_token_that_youzan_takes_for_good_is_replaced_by_force(shop: Shop) -> None:
    stream = shop.streams()["orders"]
    shop.double.fail_with({"gw_err_resp": {"err_code": 4203, "err_msg": "?"}})
    shop.double.faults[0].path = "sold"
    pulled(stream)
    refresh = [one.json()["refresh"] for one in shop.double.calls("/auth/token")]
    assert refresh == [False, False, True]


def test_a_token_that_is_about_to_end_is_replaced_before(shop: Shop) -> None:
    """Asked gently, Youzan would give the same one again, with each call."""
    stream = shop.streams()["orders"]
    pulled(stream)
    stream.client.clock = lambda: datetime.now(UTC) + timedelta(days=7, minutes=-5)
    pulled(stream)
    asked = [one.json()["refresh"] for one in shop.double.calls("/auth/token")]
    assert asked == [False, True]
    used = shop.double.calls("/api/")[-1].query["access_token"]
    assert used == shop.double.tokens[-1]


@pytest.mark.parametrize("key", ["client_id", "client_secret", "grant_id"])
def test_refused_credentials_name_the_keys_to_check(shop: Shop, key: str) -> None:
    stream = shop.streams(**{key: "12345678"})["orders"]
    with pytest.raises(SourceRefused) as caught:
        stream.check()
    said = str(caught.value)
    assert "youzan_main: auth/token: code 4004" in said
    assert "check client_id, client_secret and grant_id" in said
    assert "12345678" not in said


def test_it_waits_as_long_as_youzan_asks(shop: Shop) -> None:
    wanted = pulled(shop.streams()["refunds"])
    shop.double.fail_with(b"busy", 503, after=2, path="refund", Retry_After="1")
    assert pulled(shop.streams()["refunds"]) == wanted
    assert shop.waits == [1.0]


def test_a_throttle_in_a_good_status_is_tried_again(shop: Shop) -> None:
    busy = {"code": 141500203, "success": False, "message": "api rate limiting"}
    shop.double.fail_with(busy, path="refund")
    assert pulled(shop.streams()["refunds"])
    assert len(shop.waits) == 1


def test_a_page_that_is_not_json_names_the_call_and_page(shop: Shop) -> None:
    shop.double.fail_with(b"<html>", times=9, path="sold", Content_Type="text/html")
    with pytest.raises(
        SourceUnavailable,
        match=r"youzan_main: youzan.trades.sold.get 4.0.4, page 1: the answer is not "
        r"JSON \(text/html, 6 bytes\)",
    ):
        pulled(shop.streams()["orders"])


@pytest.mark.parametrize(
    "body",
    [
        {"code": 200, "success": True, "data": {"total_results": 3}},
        {"code": 200, "success": True, "data": {"full_order_info_list": []}},
        {"code": 200, "success": True, "data": []},
        {"code": 200, "success": True},
        ["?"],
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    shop: Shop, body: Any
) -> None:
    shop.double.fail_with(body, times=99, path="sold")
    with pytest.raises(SourceUnavailable, match=r"holds no|neither|no object"):
        pulled(shop.streams()["orders"])


def test_an_empty_list_may_be_missing(shop: Shop) -> None:
    nothing = {"code": 200, "success": True, "data": {"total_results": 0}}
    shop.double.fail_with(nothing, times=999, path="sold")
    assert pulled(shop.streams()["orders"]) == []


def test_an_unlisted_code_needs_a_person(shop: Shop) -> None:
    shop.double.fail_with({"error_response": {"code": 53001, "msg": "no tid"}}, times=9)
    shop.double.faults[0].path = "sold"
    with pytest.raises(SourceRefused, match=r"code 53001: no tid; the call lacks"):
        pulled(shop.streams()["orders"])
    assert len(shop.double.calls("sold")) == 1


def test_phones_and_names_are_decrypted_once_a_page(shop: Shop) -> None:
    long_ago = AS_OF - timedelta(days=400)
    rows = pulled(shop.streams(since=long_ago)["orders"])
    of_contact = [row for row in rows if row["phone"] == CONTACT.phone]
    assert of_contact
    assert {row["buyer_name"] for row in of_contact} == {CONTACT.name}
    assert all(row["phone"] for row in rows)
    asked = [seen.json()["sources"] for seen in shop.double.calls("decrypt")]
    assert len(asked) <= len(shop.double.calls("sold"))
    assert all(len(set(sources)) == len(sources) for sources in asked)


def test_only_cipher_texts_are_decrypted(shop: Shop) -> None:
    """One empty text would spoil the batch, and old orders have plain ones."""
    plainly(shop, {"buyer_phone": ""}, {"buyer_phone": "138****0000"})
    rows = pulled(shop.streams()["orders"])
    assert None in {row["phone"] for row in rows}
    asked = [seen.json()["sources"] for seen in shop.double.calls("decrypt")]
    assert all(one.endswith("$1$") for sources in asked for one in sources)


def test_a_cipher_text_is_asked_for_once_and_nothing_else_is(shop: Shop) -> None:
    client = shop.streams()["orders"].client
    cipher = closed("13800000001")
    assert client.decrypt(["", "13900000000", cipher, cipher]) == {
        cipher: "13800000001"
    }
    assert shop.double.calls("decrypt")[0].json() == {"sources": [cipher]}
    assert client.decrypt(["", "13900000000"]) == {}
    assert len(shop.double.calls("decrypt")) == 1


def test_without_decrypt_nothing_is_asked_and_no_cipher_is_a_phone(shop: Shop) -> None:
    rows = pulled(shop.streams(decrypt=False)["orders"])
    assert {row["phone"] for row in rows} == {None}
    assert shop.double.calls("decrypt") == []


def plainly(shop: Shop, *buyers: dict[str, str]) -> None:
    """The first orders of each page get these values of `buyer_info`."""
    answer = shop.double.answer

    def overrule(seen: Seen) -> Answer | None:
        if "sold" not in seen.path:
            return None
        given = answer(seen)
        listed = given.body.get("data", {}).get("full_order_info_list", [])
        for one, buyer in zip(listed, buyers, strict=False):
            one["full_order_info"]["buyer_info"].update(buyer)
        return given

    shop.double.overrule = overrule


@pytest.mark.parametrize("name", ["orders", "refunds", "customers"])
def test_a_window_too_full_to_page_is_halved(shop: Shop, name: str) -> None:
    wanted = keys(shop.streams()[name])
    stream = shop.streams(page_size=2)[name]
    stream.max_window = timedelta(days=365)
    stream.deepest_page = 4
    assert len(wanted) > 8
    shop.double.seen.clear()
    assert keys(stream) == wanted
    pages = [one.json()["page_no"] for one in shop.double.calls(stream.api)]
    assert 1 < max(pages) <= 4


def keys(stream: Any) -> set[str]:
    """What one pull brings, and nothing twice."""
    pages = stream.pull(None, UNTIL)
    found = [stream.version_of(one) for page in pages for one in page.records]
    assert len(set(found)) == len(found)
    return {key for key, _ in found}


@pytest.mark.parametrize("name", ["orders", "refunds", "reviews", "customers"])
def test_no_page_is_larger_than_youzan_allows(shop: Shop, name: str) -> None:
    assert pulled(shop.streams(page_size=100)[name])


def test_records_without_a_key_are_never_taken_for_each_other(shop: Shop) -> None:
    """They cannot be loaded, but quarantine shall have them all."""
    odd = {"order_info": {"update_time": "2011-12-01 10:00:00"}}
    body = {"total_results": 2, "full_order_info_list": [{"full_order_info": odd}] * 2}
    whole = {"code": 200, "success": True, "data": body}
    shop.double.fail_with(whole, path="sold")
    assert len(pulled(shop.streams(since=UNTIL - timedelta(days=3))["orders"])) == 2


@pytest.mark.parametrize("name", ["orders", "refunds", "reviews", "customers"])
def test_all_that_the_shop_has_is_pulled(shop: Shop, name: str) -> None:
    """Compared with the double's own memory, not with another pull."""
    stream = shop.streams(page_size=3, since=AS_OF - timedelta(days=430))[name]
    end = UNTIL - stream.lag
    wanted = set()
    for story in getattr(shop.world, name, []):
        state = story.at(AS_OF)
        if state and state["created" if name == "reviews" else "updated"] < end:
            wanted.add(int(story.key) if name == "reviews" else story.key)
    if name == "customers":
        wanted = {one.open_id for one in shop.world.people if one.created < end}
    assert len(wanted) > 20
    assert keys(stream) == wanted


def test_reviews_are_read_no_further_back_than_needed(shop: Shop) -> None:
    stream = shop.streams(page_size=1)["reviews"]
    cursor = last(stream.pull(None, UNTIL))
    everything = len(shop.double.calls(stream.api))
    shop.double.seen.clear()
    assert list(stream.pull(cursor, UNTIL + timedelta(hours=1)))
    assert len(shop.double.calls(stream.api)) < everything / 2


def test_a_review_that_was_edited_lately_is_pulled_again(shop: Shop) -> None:
    stream = shop.streams()["reviews"]
    read = UNTIL - timedelta(days=5)
    cursor = last(stream.pull(None, read))
    review = max(
        (
            one
            for one in shop.world.reviews
            if one.events[0][0] < read - stream.overlap - timedelta(days=1)
        ),
        key=lambda one: one.events[0][0],
    )
    shop.world.touch(review, UNTIL - timedelta(hours=5))
    assert review.key in {row["review_number"] for row in pulled(stream, cursor)}


def test_a_customer_that_is_gone_by_then_has_no_tags(shop: Shop) -> None:
    gone = {"error_response": {"code": 142400105, "msg": "客户不存在"}}
    shop.double.fail_with(gone, path="tag.relation")
    tags = [row["tags"] for row in pulled(shop.streams()["customers"])]
    assert tags[0] == "{}"
    assert any(json.loads(one) for one in tags)


def test_youzans_own_caps_are_never_reached(shop: Shop) -> None:
    """The double refuses page 101 as Youzan does."""
    stream = shop.streams(page_size=1, since=AS_OF - timedelta(days=400))["orders"]
    stream.max_window = timedelta(days=360)
    assert len(keys(stream)) > 200


def test_a_second_too_full_to_page_needs_a_person(shop: Shop) -> None:
    moment = UNTIL - timedelta(hours=1)
    for story in shop.world.orders:
        shop.world.touch(story, moment)
    with pytest.raises(
        SourceRefused, match=r"youzan_main: orders: \d+ records changed"
    ):
        pulled(shop.streams(page_size=1)["orders"])


def test_a_list_that_grows_while_it_is_read_is_read_again(shop: Shop) -> None:
    """Late additions to the index move records the other way."""
    wanted = keys(shop.streams()["orders"])
    stream = shop.streams(page_size=3)["orders"]
    stream.max_window = timedelta(days=30)
    lags = [timedelta(days=60), timedelta(days=40), timedelta(0)]

    def catch_up(name: str, body: Any) -> None:
        if "sold" in name and lags and body["page_no"] != 1:
            shop.double.index_lag = lags.pop(0)

    shop.double.before = catch_up
    assert keys(stream) == wanted


def test_a_list_that_grows_for_ever_is_given_up(shop: Shop) -> None:
    shop.double.index_lag = timedelta(days=100)

    def grow(name: str, body: Any) -> None:
        shop.double.index_lag -= timedelta(hours=6)

    shop.double.before = grow
    stream = shop.streams(page_size=3)["orders"]
    stream.max_window = timedelta(days=200)
    with pytest.raises(SourceUnavailable, match=r"grew in each of 5 .*`lag`"):
        pulled(stream)


def test_the_check_finds_out_the_unit_of_customer_times(shop: Shop) -> None:
    shop.streams()["customers"].check()
    shop.double.customer_times = "seconds"
    with pytest.raises(SourceRefused, match="set customer_times: seconds"):
        shop.streams()["customers"].check()
    shop.streams(customer_times="seconds")["customers"].check()


def test_old_customers_are_read_again_once_in_a_round(shop: Shop) -> None:
    """Points and tags change without a trace in the list."""
    stream = shop.streams(customer_round=timedelta(days=4))["customers"]
    start = AS_OF - timedelta(days=20)
    old = {key for page in stream.pull(None, start) for key in named(stream, page)}
    cursor = last(stream.pull(None, start))
    again: list[str] = []
    for day in range(1, 13):
        pages = list(stream.pull(cursor, start + timedelta(days=day)))
        again += [key for page in pages for key in named(stream, page)]
        cursor = last(pages)
    rounds = [again.count(key) for key in old]
    assert min(rounds) >= 2 and max(rounds) <= 3


def test_without_a_round_only_new_customers_are_read(shop: Shop) -> None:
    stream = shop.streams(customer_round=None)["customers"]
    start = AS_OF - timedelta(days=20)
    cursor = last(stream.pull(None, start))
    pages = stream.pull(cursor, start + timedelta(days=1))
    assert sum(len(page.records) for page in pages) < 5


def named(stream: Any, page: Any) -> list[str]:
    return [stream.version_of(record)[0] for record in page.records]


def last(pages: Any) -> str:
    return [page.cursor for page in pages if page.cursor][-1]
