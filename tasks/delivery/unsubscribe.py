"""Signs the token of a one-click unsubscribe link, and reads it back."""

import base64
import hmac
import struct

SIGNATURE = 10
VERSION = "1"


def token(touch_id: int, secret: str) -> str:
    """Which message it was in, unforgeable without `secret`; 25 letters and signs."""
    number = struct.pack(">q", touch_id)
    signed = number + _signature(number, secret)
    return VERSION + base64.urlsafe_b64encode(signed).decode().rstrip("=")


def touch_id(given: str, secret: str) -> int | None:
    """The touch that a token was made for; None when we did not make it."""
    try:
        signed = base64.urlsafe_b64decode(given[1:] + "=" * (-len(given[1:]) % 4))
        (found,) = struct.unpack(">q", signed[:8])
    except (ValueError, struct.error):
        return None
    # Compared whole, so that no other spelling of a token counts.
    is_ours = hmac.compare_digest(token(found, secret).encode(), given.encode())
    return int(found) if is_ours else None


def _signature(number: bytes, secret: str) -> bytes:
    key = b"unsubscribe\0" + secret.encode()
    return hmac.digest(key, number, "sha256")[:SIGNATURE]
