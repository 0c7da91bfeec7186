"""How the doubles of WeChat and WeCom push: as XML, signed, in AES, with retries."""

import base64
import hashlib
import os
import struct
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

# A receiver of pushes that says neither this nor nothing has not understood.
THANKS = (b"", b"success")
TRIES = 3
PATIENCE = 5.0


def sign(*parts: str) -> str:
    """The SHA-1 of the sorted parts."""
    ordered = list(parts)
    ordered.sort()
    return hashlib.sha1("".join(ordered).encode()).hexdigest()


def seal(
    plain: bytes, encoding_aes_key: str, receiver: str, noise: bytes | None = None
) -> str:
    """`plain` as the platforms encipher it; `noise` is 16 bytes, random by itself."""
    key = base64.decodebytes(encoding_aes_key.encode() + b"=")
    noise = os.urandom(16) if noise is None else noise
    text = noise + struct.pack(">I", len(plain)) + plain + receiver.encode()
    missing = 32 - len(text) % 32
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    sealed = encryptor.update(text + bytes([missing]) * missing)
    return base64.standard_b64encode(sealed + encryptor.finalize()).decode()


def xml(fields: Mapping[str, Any]) -> bytes:
    """`<xml>…</xml>`: numbers bare, texts as CDATA, lists as repeated elements."""
    return f"<xml>{_elements(fields)}</xml>".encode()


def plain_push(
    fields: Mapping[str, Any], token: str, at: float, nonce: str = "nonce-1"
) -> tuple[dict[str, str], bytes]:
    """The query and body of a push in the plain mode."""
    stamp = str(int(at))
    signature = sign(token, stamp, nonce)
    query = {"signature": signature, "timestamp": stamp, "nonce": nonce}
    return {**query, "openid": str(fields.get("FromUserName"))}, xml(fields)


def sealed_push(
    fields: Mapping[str, Any],
    token: str,
    at: float,
    key: str,
    receiver: str,
    nonce: str = "nonce-1",
) -> tuple[dict[str, str], bytes]:
    """The query and body of a push in the safe mode."""
    query, body = plain_push(fields, token, at, nonce)
    sealed = seal(body, key, receiver)
    msg_signature = sign(token, query["timestamp"], nonce, sealed)
    more = {"encrypt_type": "aes", "msg_signature": msg_signature}
    outer = {"ToUserName": fields.get("ToUserName", receiver), "Encrypt": sealed}
    return {**query, **more}, xml(outer)


def deliver(
    url: str,
    query: Mapping[str, str],
    body: bytes,
    patience: float = PATIENCE,
    copies: int = 1,
) -> Sequence[bytes | None]:
    """Post it, again until it is thanked for; the last answer of each copy.

    Two `copies` are what a platform does whose first try was answered too late.
    """
    return [
        _deliver(f"{url}?{urlencode(query)}", body, patience) for _ in range(copies)
    ]


def _deliver(address: str, body: bytes, patience: float) -> bytes | None:
    heading = {"Content-Type": "text/xml"}
    for _ in range(TRIES):
        request = urllib.request.Request(address, body, heading)
        try:
            with urllib.request.urlopen(request, timeout=patience) as answer:
                said: bytes = answer.read()
        except (urllib.error.URLError, OSError):
            continue
        if said in THANKS:
            return said
    return None


def _elements(fields: Mapping[str, Any]) -> str:
    found = []
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            found.append(f"<{name}>{_content(one)}</{name}>")
    return "".join(found)


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    return str(value) if isinstance(value, int) else f"<![CDATA[{value}]]>"
