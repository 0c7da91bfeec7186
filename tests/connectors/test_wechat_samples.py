"""Answers of WeChat and WeCom as others recorded them, through our calls."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.base import SourceUnavailable
from connectors.client import Reply
from connectors.sandbox.server import Answer, Seen
from connectors.wechat import code_maker, tag_writer
from connectors.wechat.client import WeChatClient
from connectors.wecom import code_maker as corp_code_maker
from connectors.wecom.client import WeComClient, tags_of
from tests.connectors.busy_shop import pulled
from tests.connectors.wechat_account import Account, account, opened
from tests.connectors.wecom_corp import OpenedCorp, corp

SAMPLES = Path(__file__).parents[3] / "shared/data/api_fixtures/wechat"
pytestmark = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the recorded answers are not here"
)


@pytest.fixture
def wechat() -> Iterator[Account]:
    with account() as running:
        yield running


@pytest.fixture
def wecom() -> Iterator[OpenedCorp]:
    with corp() as running:
        yield running


def recorded(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def answering(double: Any, **files: str) -> None:
    """The double answers these calls, the slashes of which are `__`, as recorded."""
    bodies = {f"/{call.replace('__', '/')}": files[call] for call in files}

    def answer(seen: Seen) -> Answer | None:
        found = [file for call, file in bodies.items() if seen.path.endswith(call)]
        if seen.query.get("next_openid") or (seen.json() or {}).get("cursor"):
            # Nobody recorded what came behind.
            return Answer({"count": 0, "group_chat_list": []})
        return Answer(recorded(found[0])) if found else None

    double.overrule = answer


def test_followers(wechat: Account) -> None:
    openids = ["otvxTs4dckWG7imySrJd6jSi0CWE", "otvxTs_JZ6SEiP0imdhpi50fuSZg"]
    answering(wechat.double, user__get="user_get", batchget="user_info_batchget")
    here, gone = pulled(opened(wechat)["users"])
    assert here["name"] == "iWithery" and here["problem"] is gone["problem"] is None
    assert [one["consents"] for one in (here, gone)] == [
        '{"wechat":true}',
        '{"wechat":false}',
    ]
    for row, openid in zip((here, gone), openids, strict=True):
        assert openid in row["more_identifiers"]
    (row,) = opened(wechat)["users"].rows(recorded("user_info"))
    assert row[1] is None and '"o6_bmasdasdsad6_2sgVt7hMZOPfL"' in str(row[2])


def test_a_code_and_a_token(wechat: Account) -> None:
    # The double knows no other token than its own, so it is asked nothing else.
    answering(wechat.double, stable_token="token", qrcode__create="qrcode_create")
    made = code_maker("wechat", wechat.config(), wechat.client()).make("x", "", None)
    assert made.url == "https://weixin.qq.com/q/kZgfwMTm72WWPkovabbI"
    assert wechat.double.seen[-1].query["access_token"] == "1234567890"


def test_an_answer_without_tags_is_a_named_error(wechat: Account) -> None:
    answering(wechat.double, tags__get="groups_get")
    with pytest.raises(SourceUnavailable, match="tags/get: the answer holds no tags"):
        list(tag_writer("wechat", wechat.config(), wechat.client()).write([]))


def test_contacts(wecom: OpenedCorp) -> None:
    calls = {
        "get_follow_user_list": "work/externalcontact_get_follow_user_list",
        "get_by_user": "work/externalcontact_batch_get_by_user",
    }
    answering(wecom.double, **calls)
    rows = pulled(wecom.streams()["contacts"])
    assert {row["problem"] for row in rows} == {None}
    assert {row["name"] for row in rows} == {"李四", "王五"}
    assert len(rows) == 4
    follows = pulled(wecom.streams(since="2010-01-01")["follows"])
    assert {row["code"] for row in follows} == {None, "外联二维码1"}


def test_groups(wecom: OpenedCorp) -> None:
    wecom.double.chats.clear()
    calls = {
        "groupchat__list": "work/externalcontact_groupchat_list",
        "groupchat__get": "work/externalcontact_groupchat_get",
    }
    answering(wecom.double, **calls)
    rows = pulled(wecom.streams(since="2010-01-01")["joins"])
    assert len(rows) == 2
    assert {row["problem"] for row in rows} == {None}
    assert all("wmOgQhDgAAuXFJGwbve4g4iXknfOAAAA" in str(row) for row in rows)


def test_a_contact_way_and_a_token(wecom: OpenedCorp) -> None:
    calls = {
        "gettoken": "work/gettoken",
        "add_contact_way": "work/externalcontact_add_contact_way",
        "get_contact_way": "work/externalcontact_get_contact_way",
    }
    answering(wecom.double, **calls)
    maker = corp_code_maker("wecom", wecom.config(code_staff=["a"]), wecom.client())
    assert maker is not None
    made = maker.make("x", "", None)
    assert made.reference == "42b34949e138eb6e027c123cba77fad7"
    assert made.url.startswith("http://p.qpic.cn/wwhead/")


def test_corp_tags() -> None:
    group = recorded("work/externalcontact_add_corp_tag")["tag_group"]
    assert [name for _, name, _ in tags_of(group)] == ["大鸟", "小菜"]


def test_every_recorded_answer_is_none_of_errors(
    wechat: Account, wecom: OpenedCorp
) -> None:
    clients: list[tuple[str, WeChatClient | WeComClient]] = [
        ("[tu]*.json", wechat.client()),
        ("work/externalcontact_*.json", wecom.client()),
    ]
    for pattern, client in clients:
        files = sorted(SAMPLES.glob(pattern))
        assert files
        for file in files:
            reply = Reply(200, {}, json.loads(file.read_bytes()))
            assert client.trouble(reply) is None, file.name
