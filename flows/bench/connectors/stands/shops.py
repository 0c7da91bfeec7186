"""Shops: orders that change all the time, read by the time of their change."""

from pathlib import Path
from typing import Any

from connectors.sandbox import (
    douyin,
    douyin_json,
    jd,
    pinduoduo,
    shopify,
    taobao,
    woocommerce,
    woocommerce_keys,
    youzan,
    youzan_json,
)
from connectors.sandbox.server import Double
from connectors.sandbox.youzan_world import World
from flows.bench.connectors.stands.stand import AS_OF, UNTIL, Settings, Stand, since

# More points than any reader spends.
PLENTY = 1e9


def busy_world(records: int) -> World:
    """A shop of which so many orders changed lately, evenly spread."""
    begin = since(records)
    world = World(11, AS_OF, records)
    some = [one for one in world.orders if one.at(begin)][:records]
    for number, story in enumerate(some):
        world.touch(story, begin + (UNTIL - begin) * number / len(some))
    return world


def _of_youzan(double: Any, folder: Path) -> Settings:
    return {
        "base_url": double.url,
        "client_id": youzan.CLIENT_ID,
        "client_secret": youzan.CLIENT_SECRET,
        "grant_id": youzan_json.SHOP,
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


def _shopify(records: int) -> Double:
    """With a bucket that keeps nobody waiting: waits are of no interest here."""
    double = shopify.ShopifyDouble(busy_world(records))
    double.maximum = double.restore = double.points = PLENTY
    return double


def _of_shopify(double: Any, folder: Path) -> Settings:
    return {"base_url": double.url, "access_token": double.access}


def _woocommerce(records: int) -> Double:
    """Called as over HTTPS, which is what shops do; a signature would serve once."""
    double = woocommerce.WooDouble(busy_world(records))
    double.sees_https = True
    return double


def _of_woocommerce(double: Any, folder: Path) -> Settings:
    return {
        "base_url": double.url,
        "consumer_key": woocommerce_keys.KEY,
        "consumer_secret": woocommerce_keys.SECRET,
        "auth": "basic",
    }


def _orders(name: str, opened: Any, settings: Any) -> Stand:
    return Stand(name, name, "orders", opened, settings)


SHOPS = (
    _orders("youzan", lambda many: youzan.YouzanDouble(busy_world(many)), _of_youzan),
    _orders("douyin", lambda many: douyin.DouyinDouble(busy_world(many)), _of_douyin),
    _orders(
        "pinduoduo",
        lambda many: pinduoduo.PinduoduoDouble(busy_world(many)),
        _of_pinduoduo,
    ),
    _orders("taobao", lambda many: taobao.TaobaoDouble(busy_world(many)), _of_taobao),
    _orders("jd", lambda many: jd.JdDouble(busy_world(many)), _of_jd),
    _orders("shopify", _shopify, _of_shopify),
    _orders("woocommerce", _woocommerce, _of_woocommerce),
)
