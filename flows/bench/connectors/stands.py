"""What stands opposite each connector: a busy double, and the settings to read it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.sandbox import (
    douyin,
    douyin_json,
    jd,
    pinduoduo,
    taobao,
    weibo,
    youzan,
    youzan_json,
)
from connectors.sandbox.server import Double
from connectors.sandbox.youzan_world import CHINA, World

AS_OF = datetime(2011, 12, 10, 9, tzinfo=CHINA)
UNTIL = AS_OF - timedelta(hours=1)
# A busy shop: so many orders change in an hour.
AN_HOUR = 500

Settings = dict[str, Any]


@dataclass(frozen=True)
class Stand:
    """`opened` gives the double for so many records; `settings` those to read it."""

    name: str
    connector: str
    stream: str
    opened: Callable[[int], Double]
    settings: Callable[[Any, Path], Settings]
    grows: bool = True
    """Whether more history means more records; some platforms show only the newest."""


def since(records: int) -> datetime:
    """When the changes begin, of which there are so many until `UNTIL`."""
    return UNTIL - timedelta(hours=records / AN_HOUR)


def busy_world(records: int) -> World:
    """A shop of which so many orders changed lately, evenly spread."""
    begin = since(records)
    world = World(11, AS_OF, records)
    some = [one for one in world.orders if one.at(begin)][:records]
    for number, story in enumerate(some):
        world.touch(story, begin + (UNTIL - begin) * number / len(some))
    return world


def _wall(records: int) -> Double:
    wall = weibo.Wall(AS_OF)
    wall.fill("comments", min(records, weibo.SHOWN), timedelta(minutes=1))
    return weibo.WeiboDouble(wall)


def _of_youzan(double: Any, folder: Path) -> Settings:
    return {
        "base_url": double.url,
        "client_id": youzan.CLIENT_ID,
        "client_secret": youzan.CLIENT_SECRET,
        "grant_id": youzan_json.SHOP,
    }


def _of_weibo(double: Any, folder: Path) -> Settings:
    return {
        "base_url": f"{double.url}/2",
        "access_token": weibo.TOKEN,
        "account": weibo.ACCOUNT,
        "page_size": 50,
    }


def _of_douyin(double: Any, folder: Path) -> Settings:
    return {
        "base_url": double.url,
        "app_key": douyin.APP_KEY,
        "app_secret": douyin.APP_SECRET,
        "shop_id": str(douyin_json.SHOP),
    }


def _of_pinduoduo(double: Any, folder: Path) -> Settings:
    return {
        "base_url": f"{double.url}/api/router",
        "client_id": pinduoduo.CLIENT_ID,
        "client_secret": pinduoduo.CLIENT_SECRET,
        "access_token": double.access,
    }


def _of_taobao(double: Any, folder: Path) -> Settings:
    return {
        "base_url": f"{double.url}/router/rest",
        "token_url": f"{double.url}/token",
        "app_key": taobao.APP_KEY,
        "app_secret": taobao.APP_SECRET,
        "access_token": double.access,
    }


def _of_jd(double: Any, folder: Path) -> Settings:
    return {
        "base_url": f"{double.url}/routerjson",
        "token_url": f"{double.url}/oauth2/refresh_token",
        "app_key": jd.APP_KEY,
        "app_secret": jd.APP_SECRET,
        "access_token": double.access,
    }


STANDS = (
    Stand(
        "youzan",
        "youzan",
        "orders",
        lambda records: youzan.YouzanDouble(busy_world(records)),
        _of_youzan,
    ),
    Stand("weibo", "weibo", "comments", _wall, _of_weibo, grows=False),
    Stand(
        "douyin",
        "douyin",
        "orders",
        lambda records: douyin.DouyinDouble(busy_world(records)),
        _of_douyin,
    ),
    Stand(
        "pinduoduo",
        "pinduoduo",
        "orders",
        lambda records: pinduoduo.PinduoduoDouble(busy_world(records)),
        _of_pinduoduo,
    ),
    Stand(
        "taobao",
        "taobao",
        "orders",
        lambda records: taobao.TaobaoDouble(busy_world(records)),
        _of_taobao,
    ),
    Stand(
        "jd",
        "jd",
        "orders",
        lambda records: jd.JdDouble(busy_world(records)),
        _of_jd,
    ),
)
