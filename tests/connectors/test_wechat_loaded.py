"""What WeChat and WeCom tell, all the way to customers, tags and consents."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connectors.base import Request
from connectors.sandbox.wechat_official import (
    AES_KEY,
    APP,
    CALLBACK_TOKEN,
    SECRET,
    WeChatOfficialDouble,
)
from connectors.sandbox.wecom import SECRET as CORP_SECRET
from connectors.sandbox.wecom import WeComDouble
from connectors.sandbox.wecom_corp import CALLBACK_TOKEN as CORP_TOKEN
from connectors.sandbox.wecom_corp import CORP
from connectors.sandbox.wecom_json import Contact, Tag
from tasks import sources
from tasks.ingest.inbox import receive
from tasks.ingest.land import land
from tasks.ingest.load import Counts, load
from tasks.ingest.validate import validate
from tasks.people import facts, tags
from tasks.people.identify import identify

NOW = datetime.now(UTC).replace(microsecond=0)
STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")
AT = int(NOW.timestamp()) - 7_200


@pytest.fixture
def wechat() -> Iterator[WeChatOfficialDouble]:
    with WeChatOfficialDouble() as double:
        yield double


@pytest.fixture
def wecom() -> Iterator[WeComDouble]:
    with WeComDouble() as double:
        double.staff = ["lisi", "zhangsan"]
        double.tags = [Tag("et1", "等级", "VIP"), Tag("et2", "口味", "绿茶")]
        yield double


@pytest.fixture
def file(tmp_path: Path, wechat: WeChatOfficialDouble, wecom: WeComDouble) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(f"""
account:
  connector: wechat
  base_url: {wechat.url}
  app_id: {APP}
  secret: {SECRET}
  since: 2026-01-01
  reread: 0
  callback_token: {CALLBACK_TOKEN}
  encoding_aes_key: {AES_KEY}
corp:
  connector: wecom
  base_url: {wecom.url}
  corp_id: {CORP}
  secret: {CORP_SECRET}
  since: 2026-01-01
  callback_token: {CORP_TOKEN}
  encoding_aes_key: {AES_KEY}
""")
    return path


def ingested(engine: Engine, file: Path, source: str, name: str) -> Counts:
    """As the flow does it, without Prefect."""
    stream = sources.stream(sources.load(file), source, name)
    batch_id = land(engine, stream, datetime.now(UTC) + timedelta(minutes=2))
    validate(engine, batch_id)
    return load(engine, batch_id)


def get(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_the_tags_of_all_members_are_one_customer_s(
    engine: Engine, file: Path, wecom: WeComDouble
) -> None:
    wecom.contacts = [
        Contact("lisi", "wmOne", AT, unionid="uOne", tags=["et1"], remark="老客"),
        Contact("zhangsan", "wmOne", AT + 60, unionid="uOne", tags=["et2"]),
    ]
    assert ingested(engine, file, "corp", "contacts") == Counts(2, 2, 0, 0)
    identify(engine, NOW)
    facts.refresh(engine, NOW, standards=STANDARDS)
    tags.refresh(engine, NOW)
    assert len(get(engine, "select from customers")) == 1
    given = get(engine, 'select tag, value from tags order by tag collate "C"')
    assert given == [("remark", "老客"), ("口味/绿茶", ""), ("等级/VIP", "")]


def test_a_unionid_joins_a_follower_and_a_contact(
    engine: Engine, file: Path, wechat: WeChatOfficialDouble, wecom: WeComDouble
) -> None:
    wechat.follow("oOne", AT, unionid="uOne", code="parcel-42")
    wecom.contacts = [Contact("lisi", "wmOne", AT, unionid="uOne", state="store-7")]
    for source, names in (("account", "users"), ("corp", "contacts")):
        assert ingested(engine, file, source, names).loaded == 1
    for source in ("account", "corp"):
        assert ingested(engine, file, source, "follows").loaded == 1
    identify(engine, NOW)
    found = get(engine, "select count(distinct customer_id), count(*) from identifiers")
    assert found == [(1, 4)]
    codes = "select kind, code, customer_id is not null from interactions order by code"
    assert get(engine, codes) == [
        ("follow", "parcel-42", True),
        ("follow", "store-7", True),
    ]


def test_a_follow_that_is_pushed_and_listed_is_loaded_once(
    engine: Engine, file: Path, wechat: WeChatOfficialDouble
) -> None:
    wechat.codes["T"] = "parcel-42"
    query, body = wechat.pushed(wechat.scan("oOne", "T", AT), is_sealed=True)
    receive(engine, "account", Request("POST", query, {}, body), NOW, file)
    assert ingested(engine, file, "account", "events") == Counts(1, 1, 0, 0)
    assert ingested(engine, file, "account", "follows") == Counts(1, 0, 1, 0)
    assert get(engine, "select kind, code from interactions") == [
        ("follow", "parcel-42")
    ]


def test_whoever_leaves_is_not_brought_back_by_an_older_list(
    engine: Engine, file: Path, wechat: WeChatOfficialDouble
) -> None:
    follower = wechat.follow("oOne", AT, remark="常客")
    ingested(engine, file, "account", "users")
    consents = "select is_granted from consents order by consent_id"
    assert get(engine, consents) == [(True,)]
    query, body = wechat.pushed(wechat.event("oOne", "unsubscribe", AT + 60), True)
    receive(engine, "account", Request("POST", query, {}, body), NOW, file)
    # The list does not know it yet.
    follower.is_here = True
    ingested(engine, file, "account", "users")
    assert get(engine, consents) == [(True,), (False,)]
    assert get(engine, "select tags, registered_at from profiles") == [(None, None)]
    # Later she follows again.
    follower.at = AT + 3_600
    ingested(engine, file, "account", "users")
    assert get(engine, consents) == [(True,), (False,), (True,)]
