"""The published client `wechatpy` talks to our doubles as to WeChat and WeCom."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from wechatpy import WeChatClient, parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.enterprise.client import WeChatClient as CorpClient
from wechatpy.enterprise.crypto import WeChatCrypto as CorpCrypto
from wechatpy.exceptions import InvalidSignatureException, WeChatClientException
from wechatpy.utils import check_signature

from connectors.sandbox.wechat_official import AES_KEY, APP, CALLBACK_TOKEN, SECRET
from connectors.sandbox.wecom import SECRET as CORP_SECRET
from connectors.sandbox.wecom_corp import AES_KEY as CORP_KEY
from connectors.sandbox.wecom_corp import CALLBACK_TOKEN as CORP_TOKEN
from connectors.sandbox.wecom_corp import CORP
from connectors.wechat_base.push import Opener
from tests.connectors.busy_shop import pulled
from tests.connectors.wechat_account import Account, account, door, opened
from tests.connectors.wecom_corp import AT, OpenedCorp, corp


@pytest.fixture
def wechat() -> Iterator[Account]:
    with account() as running:
        yield running


@pytest.fixture
def wecom() -> Iterator[OpenedCorp]:
    with corp() as running:
        yield running


def redirected(client: Any, url: str) -> Any:
    """The client with the double for its platform; it has both addresses built in."""
    client.API_BASE_URL = f"{url}/cgi-bin/"
    get = client._http.get

    def local(url: str, **options: Any) -> Any:
        return get(f"{base}{urlsplit(url).path}", **options)

    base = url
    client._http.get = local
    return client


def library(wechat: Account, secret: str = SECRET) -> Any:
    return redirected(WeChatClient(APP, secret), wechat.double.url)


def corp_library(wecom: OpenedCorp, secret: str = CORP_SECRET) -> Any:
    return redirected(CorpClient(CORP, secret), wecom.double.url)


def test_its_followers_are_those_of_our_stream(wechat: Account) -> None:
    wechat.double.page = 5
    client = library(wechat)
    openids = list(client.user.iter_followers())
    theirs = client.user.get_batch(openids)
    ours = [
        {name: value for name, value in record.items() if name != "tags"}
        for page in opened(wechat)["users"].pull(None, wechat.now)
        for record in page.records
    ]
    assert ours == theirs
    assert client.user.get(openids[0])["subscribe_time"] == theirs[0]["subscribe_time"]


def test_it_tags_and_makes_codes(wechat: Account) -> None:
    client = library(wechat)
    made = client.tag.create("周年庆")
    client.tag.tag_user(made["id"], ["oDemo0000"])
    assert client.tag.get_user_tag("oDemo0000") == [made["id"]]
    assert {one["name"] for one in client.tag.get()} >= {"周年庆", "VIP"}
    scene = {
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "a"}},
    }
    assert client.qrcode.create({**scene, "expire_seconds": 60})["expire_seconds"] == 60
    rows = pulled(opened(wechat)["users"])
    assert '"周年庆":null' in rows[0]["tags"]


def test_it_renews_a_token_that_another_server_ended(wechat: Account) -> None:
    client = library(wechat)
    client.tag.get()
    for end in (wechat.double.expire_token, wechat.double.supersede_token):
        end()
        assert client.tag.get()
    assert len(wechat.double.calls("/cgi-bin/token")) == 3


def test_it_is_told_its_errors(wechat: Account) -> None:
    with pytest.raises(WeChatClientException) as caught:
        library(wechat, "another-secret").tag.get()
    assert caught.value.errcode == 40125
    with pytest.raises(WeChatClientException) as caught:
        library(wechat).tag.tag_user(101, [f"oDemo{n:04d}" for n in range(51)])
    assert caught.value.errcode == 40032


@pytest.mark.parametrize("is_sealed", [True, False])
def test_it_reads_the_double_s_pushes(wechat: Account, is_sealed: bool) -> None:
    wechat.double.codes["T"] = "parcel-42"
    fields = wechat.double.scan("oNew", "T", AT)
    query, body = wechat.double.pushed(fields, is_sealed)
    stamp, nonce = query["timestamp"], query["nonce"]
    check_signature(CALLBACK_TOKEN, query["signature"], stamp, nonce)
    if is_sealed:
        crypto = WeChatCrypto(CALLBACK_TOKEN, AES_KEY, APP)
        with pytest.raises(InvalidSignatureException):
            crypto.decrypt_message(body, "0" * 40, stamp, nonce)
        body = crypto.decrypt_message(body, query["msg_signature"], stamp, nonce)
    read = parse_message(body)
    assert (read.event, read.source, read.scene_id) == (
        "subscribe_scan",
        "oNew",
        "parcel-42",
    )


def test_we_open_what_it_enciphers(wechat: Account) -> None:
    crypto = WeChatCrypto(CALLBACK_TOKEN, AES_KEY, APP)
    sealed = crypto.encrypt_message("<xml><A>真</A></xml>", "nonce-1", "1700000000")
    fields = door().parsed(sealed.encode())
    assert (
        Opener(AES_KEY, APP).open(fields["Encrypt"]) == "<xml><A>真</A></xml>".encode()
    )


def test_its_contacts_are_those_of_our_stream(wecom: OpenedCorp) -> None:
    client = corp_library(wecom)
    staff = client.external_contact.get_follow_user_list()["follow_user"]
    theirs = {
        (userid, person)
        for userid in staff
        for person in client.external_contact.list(userid)["external_userid"]
    }
    rows = pulled(wecom.streams()["follows"])
    ours = {tuple(row["interaction_key"].split("-")[:2]) for row in rows}
    assert ours == theirs
    got = client.external_contact.get("wmDemo0000")
    assert got["follow_user"][0]["state"] == "store-7"


def test_it_tags_contacts_and_makes_codes(wecom: OpenedCorp) -> None:
    contact = corp_library(wecom).external_contact
    made = contact.add_corp_tag(None, "会员", None, [{"name": "周年庆"}])
    number = made["tag_group"]["tag"][0]["id"]
    contact.mark_tag("lisi", "wmDemo0000", [number], [])
    rows = pulled(wecom.streams()["contacts"])
    assert '{"会员/周年庆":null}' in [row["tags"] for row in rows]
    way = contact.add_contact_way(1, 2, 1, "", True, "sale-1", ["lisi"], [])
    got = contact.get_contact_way(way["config_id"])
    assert got["contact_way"]["state"] == "sale-1"


def test_its_groups_are_those_of_our_stream(wecom: OpenedCorp) -> None:
    groups = corp_library(wecom).external_contact_group_chat
    listed = groups.list(limit=1000)["group_chat_list"]
    members = [
        one["userid"]
        for chat in listed
        for one in groups.get(chat["chat_id"])["group_chat"]["member_list"]
        if one["type"] == 2
    ]
    rows = pulled(wecom.streams()["joins"])
    assert [row["interaction_key"].split("-")[1] for row in rows] == members


def test_it_renews_the_token_of_a_corp(wecom: OpenedCorp) -> None:
    client = corp_library(wecom)
    client.external_contact.get_follow_user_list()
    wecom.double.expire_token()
    assert client.external_contact.get_follow_user_list()["errcode"] == 0
    with pytest.raises(WeChatClientException) as caught:
        corp_library(wecom, "another").external_contact.get_follow_user_list()
    assert caught.value.errcode == 40001


def test_it_opens_the_pushes_of_a_corp(wecom: OpenedCorp) -> None:
    fields = wecom.double.changed("del_follow_user", "lisi", "wmDemo0000", AT)
    query, body = wecom.double.pushed(fields)
    crypto = CorpCrypto(CORP_TOKEN, CORP_KEY, CORP)
    read = crypto.decrypt_message(
        body, query["msg_signature"], query["timestamp"], query["nonce"]
    )
    assert "<ExternalUserID><![CDATA[wmDemo0000]]></ExternalUserID>" in read
