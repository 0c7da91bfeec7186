"""What Youzan pushes about orders: checked by its signature, read as orders are."""

import hmac
from base64 import b64decode
from hashlib import md5
from typing import Any
from urllib.parse import unquote_plus

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from connectors.base import CallbackRefused, Callbacks, Received, Request
from connectors.paging import Found
from connectors.values import part, text
from connectors.youzan.config import Config

THANKS = b'{"code":0,"msg":"success"}'
# Youzan's own, the same for every application.
INITIAL_VECTOR = b"0102030405060708"


class YouzanCallbacks(Callbacks):
    """Takes pushed orders. All else is thanked for and left to the next pull.

    A push may come twice, late, out of order or not at all: what it tells is loaded
    if it is newer, and the pull brings whatever did not come.
    """

    def __init__(self, source: str, config: Config) -> None:
        self.source = source
        self.config = config
        self._secret = config.client_secret.get_secret_value()

    def receive(self, request: Request) -> Received:
        """The order of one push, if it tells a whole one."""
        self._verify(request)
        push = self._read(request.body)
        order = self._order(push.get("msg"))
        # Youzan's console sends test messages about orders that are nobody's.
        if order is None or push.get("test") is True:
            return Received({}, THANKS, "application/json")
        return Received({"orders": [order]}, THANKS, "application/json")

    def _verify(self, request: Request) -> None:
        signed = self.config.client_id.encode() + request.body + self._secret.encode()
        wanted = md5(signed, usedforsecurity=False).hexdigest()
        given = request.headers.get("event-sign", "")
        if not hmac.compare_digest(wanted.encode(), given.lower().encode()):
            raise self._refusal(
                "Event-Sign is wrong: check client_id and client_secret, or it is not "
                "Youzan"
            )

    def _read(self, body: bytes) -> dict[str, Any]:
        push = _json(body)
        if push is None:
            raise self._refusal("the body is no JSON object")
        shop = text(push.get("kdt_id"))
        if shop is not None and shop != str(self.config.grant_id):
            raise self._refusal("it is about another shop: check grant_id")
        return push

    def _order(self, message: Any) -> Found | None:
        """`{"full_order_info": …}`; None where the message holds none."""
        read = part({"": self._opened(message)}, "")
        info = part(part(read, "full_order_info"), "order_info")
        if not text(info.get("tid")) or not info.get("update_time"):
            return None
        order = {"full_order_info": read["full_order_info"]}
        return Found(order, f"pushed by Youzan, {text(info['tid'])}")

    def _opened(self, message: Any) -> Any:
        """The JSON of `msg`: an object, or URL-encoded text, or that enciphered."""
        if not isinstance(message, str):
            return message
        written = unquote_plus(message)
        if written.lstrip().startswith("{"):
            return _json(written.encode(errors="replace"))
        # Base64 has plus signs, which the URL's encoding may have eaten.
        return _json(deciphered(written.replace(" ", "+"), self._secret))

    def _refusal(self, reason: str) -> CallbackRefused:
        return CallbackRefused(f"{self.source}: {reason}")


def deciphered(written: str, secret: str) -> bytes:
    """The plain text of a message in AES-128-CBC; empty where it is none."""
    try:
        cipher = Cipher(algorithms.AES(secret[:16].encode()), modes.CBC(INITIAL_VECTOR))
        opener, unpadder = cipher.decryptor(), PKCS7(128).unpadder()
        padded = opener.update(b64decode(written)) + opener.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return b""


def _json(written: bytes) -> dict[str, Any] | None:
    try:
        read = orjson.loads(written)
    except orjson.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None
