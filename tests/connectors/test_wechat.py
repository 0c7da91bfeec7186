"""WeChat's followers: read round by round while people come and leave."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import SourceUnavailable
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.wechat_official import APP, SECRET
from tests.connectors.busy_shop import pulled
from tests.connectors.contract import Case, StreamContract, key_of
from tests.connectors.wechat_account import (
    HOUR,
    NOW,
    UNTIL,
    Account,
    account,
    opened,
)

PHONE = "13800000001"
DETAILS = "user/info/batchget"


@pytest.fixture
def wechat() -> Iterator[Account]:
    with account() as running:
        yield running


@pytest.mark.parametrize("name", ["users", "follows"])
class TestFollowers(StreamContract):
    """People follow, leave, and get tags all the time."""

    @pytest.fixture
    def case(self, wechat: Account, name: str) -> Case:
        stream, double = opened(wechat)[name], wechat.double

        def move() -> None:
            """Somebody near the start leaves, somebody new comes."""
            here = [one for one in double.followers.values() if one.is_here]
            gone = here[1]
            record = {"openid": gone.openid, "unionid": gone.unionid, "subscribe": 1}
            case.moved.add(key_of(stream, {**record, "subscribe_time": gone.at}))
            gone.is_here = False
            double.follow(f"oNew{len(double.followers)}", int(NOW.timestamp()))

        def refuse() -> None:
            def echo(seen: Seen) -> Answer:
                said = f"not you {seen.query} {seen.body.decode()} {PHONE}"
                return Answer({"errcode": 48001, "errmsg": said})

            double.overrule = echo

        case = Case(
            stream,
            UNTIL,
            None,
            fail=lambda number: double.fail_with(
                {}, 500, times=5, after=number - 1, path=DETAILS
            ),
            refuse=refuse,
            secrets=lambda: [SECRET, double.token or "no token yet", PHONE],
            move=move,
        )
        return case


def test_a_follower_becomes_a_typed_row(wechat: Account) -> None:
    wechat.double.followers.clear()
    facts: Any = {"unionid": "uOne", "code": "store-7", "remark": "常客", "tags": [101]}
    wechat.double.follow("oOne", 1767240000, scene="ADD_SCENE_QR_CODE", **facts)
    (row,) = pulled(opened(wechat)["users"])
    assert row == {
        "place": "user/info/batchget, page 1",
        "problem": None,
        "more_identifiers": f'[{{"kind":"openid","scope":"{APP}","value":"oOne"}},'
        '{"kind":"unionid","scope":"","value":"uOne"}]',
        "name": None,
        "gender": None,
        "language": "zh",
        "tags": '{"VIP":null,"remark":"常客","subscribe_scene":"ADD_SCENE_QR_CODE"}',
        "consents": '{"wechat":true}',
        "registered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
        "updated_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
    }


def test_a_follow_tells_the_code_that_brought_them(wechat: Account) -> None:
    wechat.double.followers.clear()
    wechat.double.follow("oOne", 1767240000, code="store-7", unionid="uOne")
    (row,) = pulled(opened(wechat)["follows"])
    assert (row["kind"], row["code"]) == ("follow", "store-7")
    assert row["interaction_key"] == f"oOne-{1767240000 // HOUR}"
    assert row["account"] == APP
    assert '"uOne"' in row["more_identifiers"]


def test_a_code_that_is_a_number_is_told_too(wechat: Account) -> None:
    follows = opened(wechat)["follows"]
    record = {"subscribe": 1, "openid": "o", "subscribe_time": 1, "qr_scene_str": ""}
    codes = [next(follows.rows({**record, "qr_scene": one}))[-1] for one in (0, 98765)]
    assert codes == [None, "98765"]


def test_those_who_followed_before_since_are_customers_but_no_news(
    wechat: Account,
) -> None:
    since = UNTIL - timedelta(hours=5)
    found = opened(wechat, since=since)
    assert len(pulled(found["users"])) == 14
    news = pulled(found["follows"])
    assert len(news) == 2
    assert all(row["happened_at"] >= since for row in news)


def test_whoever_has_left_meanwhile_gave_their_consent_back(wechat: Account) -> None:
    """The list still had them, the details do not any more."""
    stream = opened(wechat)["users"]

    def leave(path: str) -> None:
        if path == DETAILS:
            wechat.double.followers["oDemo0001"].is_here = False

    wechat.double.before = leave
    row = next(one for one in pulled(stream) if "oDemo0001" in one["more_identifiers"])
    assert row["problem"] is None
    assert (row["consents"], row["tags"]) == ('{"wechat":false}', None)
    wechat.double.followers["oDemo0001"].is_here = True
    follows = pulled(opened(wechat)["follows"])
    assert len(follows) == 13 and "oDemo0001" not in str(follows)


def test_a_pull_brings_the_new_ones_without_reading_all_again(wechat: Account) -> None:
    stream = opened(wechat)["users"]
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    wechat.double.follow("oNew", int(NOW.timestamp()))
    wechat.double.seen.clear()
    (row,) = pulled(stream, cursor, NOW)
    assert "oNew" in row["more_identifiers"]
    assert len(wechat.double.calls(DETAILS)) == 1


def test_everybody_is_read_again_after_a_day(wechat: Account) -> None:
    stream = opened(wechat)["users"]
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    wechat.double.followers["oDemo0000"].remark = "新备注"
    day = timedelta(days=1)
    assert pulled(stream, cursor, UNTIL + day - timedelta(seconds=1)) == []
    rows = pulled(stream, cursor, UNTIL + day)
    assert len(rows) == 14
    assert "新备注" in rows[0]["tags"]


def test_a_round_goes_on_when_the_one_it_stopped_at_has_left(wechat: Account) -> None:
    stream, wanted = opened(wechat)["users"], {f"oDemo{n:04d}" for n in range(14)}
    pages = stream.pull(None, UNTIL)
    first = next(pages)
    stopped = first.records[-1]["openid"]
    wechat.double.followers[stopped].is_here = False
    seen = {one["openid"] for one in first.records}
    for page in stream.pull(first.cursor, UNTIL):
        seen |= {one["openid"] for one in page.records}
    assert seen == wanted


def test_longer_lists_come_in_several_pages(wechat: Account) -> None:
    wechat.double.page = 5
    assert len(pulled(opened(wechat)["users"])) == 14
    asked = [seen.query["next_openid"] for seen in wechat.double.calls("user/get")]
    assert asked == ["", "oDemo0004", "oDemo0009", "oDemo0013"]


def test_a_list_that_does_not_move_is_an_error(wechat: Account) -> None:
    def same(seen: Seen) -> Answer | None:
        if not seen.path.endswith("user/get"):
            return None
        return Answer({"total": 1, "count": 1, "data": {"openid": ["oDemo0000"]}})

    wechat.double.overrule = same
    with pytest.raises(SourceUnavailable, match="does not move"):
        pulled(opened(wechat)["users"])


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("user/get", {}, "holds no openid"),
        ("user/get", {"count": 1, "data": {}}, "holds no openid"),
        ("tags/get", {"tags": None}, "holds no tags"),
        (DETAILS, {}, "holds no user_info_list"),
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    wechat: Account, path: str, body: Any, said: str
) -> None:
    wechat.double.fail_with(body, path=path)
    with pytest.raises(SourceUnavailable, match=said):
        pulled(opened(wechat)["users"])


def test_only_configured_streams_are_there(wechat: Account) -> None:
    assert list(opened(wechat)) == ["users", "follows", "events"]
    assert list(opened(wechat, streams=["events"])) == ["events"]


def test_an_old_answer_with_a_name_still_reads(wechat: Account) -> None:
    """Until 2021 profiles had names; unionids came with a blank, once."""
    old = {
        "subscribe": 1,
        "openid": "o6",
        "nickname": "小满",
        "sex": 2,
        "language": "zh_CN",
        "subscribe_time": 1382694957,
        "unionid": " oUnion",
    }
    stream = opened(wechat)["users"]
    (values,) = stream.rows(json.loads(json.dumps(old)))
    row = dict(zip(stream.columns, values, strict=True))
    assert (row["name"], row["gender"], row["problem"]) == ("小满", "female", None)
    assert '"value":"oUnion"' in row["more_identifiers"]
