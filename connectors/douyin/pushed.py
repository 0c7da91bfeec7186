"""What Douyin pushes about orders and cases: a hint, on which they are asked for."""

import hmac
import logging
from collections import defaultdict
from collections.abc import Iterator
from hashlib import md5
from typing import Any

import orjson

from connectors.base import (
    CallbackRefused,
    Callbacks,
    Received,
    Record,
    Request,
    SourceError,
)
from connectors.client import Pace
from connectors.douyin.client import DouyinClient
from connectors.douyin.config import Config
from connectors.douyin.orders import Orders
from connectors.douyin.refunds import Refunds
from connectors.values import text

log = logging.getLogger(__name__)

HEARD = b'{"code":0,"msg":"success"}'
# A case names its order too, which it has changed.
SUBJECTS = ((Orders.name, "p_id"), (Refunds.name, "aftersale_id"))


class DouyinCallbacks(Callbacks):
    """Verifies pushes with the application's secret.

    A push says little and comes in any order, so what it is about is asked for at
    once, within `callback_patience`. What does not arrive in time is no loss: the
    next pull brings it.
    """

    def __init__(self, source: str, config: Config) -> None:
        self.source = source
        self.config = config
        pace = Pace(tries=1, connect_timeout=1, read_timeout=1)
        self.client = DouyinClient(source, config, pace=pace)
        kinds = (Orders, Refunds)
        self._streams = {one.name: one(source, config, self.client) for one in kinds}
        self._secret = config.app_secret.get_secret_value()

    def receive(self, request: Request) -> Received:
        """The orders and cases that the messages of one push are about."""
        self._verify(request)
        records: dict[str, list[Record]] = defaultdict(list)
        ends = self.client.clock().timestamp() + self.config.callback_patience
        for stream, number in dict.fromkeys(self._subjects(request.body)):
            if self.client.clock().timestamp() >= ends:
                log.info("%s: more was pushed than can be asked for now", self.source)
                break
            records[stream] += self._found(stream, number)
        return Received(dict(records), HEARD, "application/json")

    def _verify(self, request: Request) -> None:
        key = self.config.app_key
        if request.headers.get("app-id") != key:
            raise self._refusal("it is for another application: check app_key")
        signed = key.encode() + request.body + self._secret.encode()
        wanted = md5(signed, usedforsecurity=False).hexdigest()
        given = request.headers.get("event-sign", "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self._refusal(
                "the signature is wrong: check app_secret, or it is not Douyin that "
                "calls"
            )

    def _subjects(self, body: bytes) -> Iterator[tuple[str, str]]:
        """Stream and number of what each message is about."""
        try:
            messages = orjson.loads(body)
        except orjson.JSONDecodeError:
            messages = None
        if not isinstance(messages, list):
            raise self._refusal("the body is no JSON list of messages")
        for message in messages:
            data = _data(message)
            shop = text(data.get("shop_id"))
            if shop not in (None, self.config.shop_id):
                continue
            for stream, field in SUBJECTS:
                number = text(data.get(field))
                if number and stream in self.config.streams:
                    yield stream, number

    def _found(self, stream: str, number: str) -> list[Record]:
        try:
            return self._streams[stream].find(number)
        except SourceError as error:
            log.info("%s; the next pull brings it", error)
            return []

    def _refusal(self, reason: str) -> CallbackRefused:
        return CallbackRefused(f"{self.source}: {reason}")


def _data(message: Any) -> dict[str, Any]:
    """What a message says: an object, or the text of one."""
    data = message.get("data") if isinstance(message, dict) else None
    if isinstance(data, str):
        try:
            data = orjson.loads(data)
        except orjson.JSONDecodeError:
            data = None
    return data if isinstance(data, dict) else {}
