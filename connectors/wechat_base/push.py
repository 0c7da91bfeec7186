"""What WeChat and WeCom push: verified by a digest, opened with AES, read as XML."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.base import CallbackRefused, Callbacks
from connectors.values import Problems, epoch
from connectors.wechat_base.config import AccountConfig

# Their texts have lists of items within an element; nothing goes deeper.
DEEPEST = 5
# People write characters that XML does not have, and the platforms pass them on.
NO_XML = bytes({*range(32)} - {*b"\t\n\r"})


class PushDoor(Callbacks):
    """Verifies and opens pushes to one account; `clock` is an attribute for tests.

    `receiver` is whom an enciphered push names at its end: the app, the corp.
    """

    def __init__(self, source: str, config: AccountConfig, receiver: str) -> None:
        assert config.callback_token is not None
        self.source = source
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._age = config.callback_age
        self._token = config.callback_token.get_secret_value()
        key = config.encoding_aes_key
        self._opener = Opener(key.get_secret_value(), receiver) if key else None

    def verify(self, query: Mapping[str, str], name: str, *more: str) -> None:
        """That `name` in the query is the digest of the token, the time and `more`."""
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        wanted = digest(self._token, stamp, nonce, *more)
        given = query.get(name, "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self.refusal(
                f"the {name} is wrong: check callback_token, or it is not the platform "
                "that calls"
            )
        at = epoch(stamp, "timestamp", Problems())
        if at is None or abs(self.clock() - at) > self._age:
            raise self.refusal(
                "the timestamp is too far from now: somebody repeats an old push, or "
                "a clock is wrong; callback_age says how far is allowed"
            )

    def opened(self, query: Mapping[str, str], sealed: Any) -> bytes:
        """The plain text of what came enciphered, once its digest is right."""
        if self._opener is None or not isinstance(sealed, str):
            raise self.refusal(
                "it is not enciphered, as encoding_aes_key wants it: choose the safe "
                "mode in the platform's console"
            )
        # Base64 has plus signs, which a query that is badly encoded loses.
        written = sealed.strip().replace(" ", "+")
        self.verify(query, "msg_signature", written)
        try:
            return self._opener.open(written)
        except ValueError as error:
            raise self.refusal(str(error)) from None

    def parsed(self, written: bytes) -> dict[str, Any]:
        """The elements of an XML text by name."""
        try:
            root = fromstring(written.translate(None, NO_XML), forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError):
            raise self.refusal(
                "the body is no plain XML: choose XML as the format of pushes in the "
                "platform's console"
            ) from None
        found = _value(root, DEEPEST)
        return found if isinstance(found, dict) else {}

    def refusal(self, reason: str) -> CallbackRefused:
        """What to raise for a push that is not taken."""
        return CallbackRefused(f"{self.source}: {reason}")


class Opener:
    """AES-256-CBC with one key, which gives the initial vector too."""

    def __init__(self, encoding_aes_key: str, receiver: str) -> None:
        # The last character of a key has bits that mean nothing.
        key = b64decode(f"{encoding_aes_key}=")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._receiver = receiver.encode()

    def open(self, written: str) -> bytes:
        """The message between 16 random bytes, its length, and its receiver.

        Raises:
            ValueError: it cannot be opened, or is for another receiver.
        """
        opener, unpadder = self._cipher.decryptor(), PKCS7(256).unpadder()
        try:
            padded = opener.update(b64decode(written)) + opener.finalize()
            plain = unpadder.update(padded) + unpadder.finalize()
        except ValueError:
            said = "it cannot be deciphered: check encoding_aes_key"
            raise ValueError(said) from None
        end = 20 + int.from_bytes(plain[16:20], "big")
        if plain[end:] != self._receiver:
            raise ValueError("it is for another receiver: check the id of the account")
        return plain[20:end]


def digest(*parts: str) -> str:
    """SHA-1 of the parts in their order of characters, nothing between them."""
    text = "".join(sorted(parts)).encode()
    return sha1(text, usedforsecurity=False).hexdigest()


def _value(element: Element, depth: int) -> Any:
    """Text, or the elements within by name; several of one name are a list."""
    if not len(element) or depth == 0:
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in element:
        value = _value(child, depth - 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
