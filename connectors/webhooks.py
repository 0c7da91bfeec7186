"""Webhooks that are one JSON object, signed with a secret over its bytes."""

import hmac
from base64 import b64encode
from typing import Any, ClassVar

import orjson

from connectors.base import CallbackRefused, Callbacks, Request


class SignedWebhooks(Callbacks):
    """Verifies and reads; a platform says what a topic is about."""

    header: ClassVar[str]
    """What holds the signature."""
    secret_key: ClassVar[str]
    """What the sources file calls the secret."""

    def __init__(self, source: str, secret: str) -> None:
        self.source = source
        self._secret = secret

    def read(self, request: Request) -> dict[str, Any]:
        """The object that the platform has signed.

        Raises:
            CallbackRefused: somebody else has, or it is no object.
        """
        wanted = signature(request.body, self._secret)
        given = request.headers.get(self.header.lower(), "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self.refusal(
                f"{self.header} is wrong: check {self.secret_key}, or it is not the "
                "shop that calls"
            )
        try:
            read = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            read = None
        if not isinstance(read, dict):
            raise self.refusal("the body is no JSON object")
        return read

    def refusal(self, reason: str) -> CallbackRefused:
        """The error for `reason`, with the source that was called."""
        return CallbackRefused(f"{self.source}: {reason}")


def signature(body: bytes, secret: str) -> str:
    """Base64 of HMAC-SHA256 over the body as it came."""
    return b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
