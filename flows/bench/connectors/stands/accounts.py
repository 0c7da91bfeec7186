"""Accounts: people who follow, contacts of staff, comments."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.sandbox import douyin_account, wechat_official, wecom, weibo
from connectors.sandbox.server import Double
from connectors.sandbox.wecom_corp import CORP
from connectors.sandbox.wecom_json import Contact, Tag
from flows.bench.connectors.stands.stand import AN_HOUR, AS_OF, UNTIL, Settings, Stand

# Of each member of staff.
CONTACTS = 50
A_LONG_TIME = timedelta(days=100)


def _weibo(records: int) -> Double:
    wall = weibo.Wall(AS_OF)
    wall.fill("comments", min(records, weibo.SHOWN), timedelta(minutes=1))
    return weibo.WeiboDouble(wall)


def _of_weibo(double: Any, folder: Path) -> Settings:
    return {
        "base_url": f"{double.url}/2",
        "access_token": weibo.TOKEN,
        "account": weibo.ACCOUNT,
        "page_size": 50,
    }


def _wechat(records: int) -> Double:
    double = wechat_official.WeChatOfficialDouble()
    double.tags[101] = "VIP"
    for number in range(records):
        double.follow(
            f"oDemo{number:06d}",
            _at(records - number),
            unionid=f"uDemo{number:06d}",
            code=f"store-{number % 3}",
            scene="ADD_SCENE_QR_CODE",
            tags=[101] if number % 2 else [],
        )
    return double


def _of_wechat(double: Any, folder: Path) -> Settings:
    return {
        "base_url": double.url,
        "app_id": wechat_official.APP,
        "secret": wechat_official.SECRET,
    }


def _wecom(records: int) -> Double:
    double = wecom.WeComDouble()
    double.tags = [Tag("et1", "等级", "VIP")]
    double.staff = [f"staff{number:04d}" for number in range(-(-records // CONTACTS))]
    double.contacts = [
        Contact(
            double.staff[number // CONTACTS],
            f"wmDemo{number:06d}",
            _at(records - number),
            name=f"客户{number}",
            unionid=f"uDemo{number:06d}",
            state=f"store-{number % 3}",
            remark="老客户",
            tags=["et1"] if number % 2 else [],
        )
        for number in range(records)
    ]
    return double


def _of_wecom(double: Any, folder: Path) -> Settings:
    return {"base_url": double.url, "corp_id": CORP, "secret": wecom.SECRET}


def _douyin_account(records: int) -> Double:
    each = records // len(douyin_account.VIDEOS)
    return douyin_account.DouyinAccountDouble(UNTIL, each)


def _of_douyin_account(double: Any, folder: Path) -> Settings:
    return {
        "base_url": double.url,
        "client_key": douyin_account.CLIENT_KEY,
        "client_secret": douyin_account.CLIENT_SECRET,
        "account": douyin_account.ACCOUNT,
        "streams": ["comments"],
        "videos": list(douyin_account.VIDEOS),
        "access_token": double.access,
        "refresh_token": double.refresh,
        "token_file": str(folder / "tokens.json"),
        # However many there are, the double spreads them over two months.
        "since": (UNTIL - A_LONG_TIME).isoformat(),
    }


def _at(ago: int) -> int:
    """Seconds since 1970 of what happened so many others ago."""
    return int((UNTIL - timedelta(hours=ago / AN_HOUR)).timestamp())


ACCOUNTS = (
    Stand("weibo", "weibo", "comments", _weibo, _of_weibo, grows=False),
    Stand("wechat", "wechat", "users", _wechat, _of_wechat, fold=5),
    Stand("wecom", "wecom", "contacts", _wecom, _of_wecom),
    Stand(
        "douyin account",
        "douyin_account",
        "comments",
        _douyin_account,
        _of_douyin_account,
    ),
)
