"""How the double's site knows who calls: a password over HTTPS, else OAuth 1.0a."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote, unquote

from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.woocommerce_json import unauthorised

KEY = "ck_demo0123456789abcdef0123456789abcdef0123"
SECRET = "cs_demo0123456789abcdef0123456789abcdef0123"
QUARTER = 900
OAUTH = ("consumer_key", "timestamp", "nonce", "signature_method", "signature")
DIGESTS = {"HMAC-SHA256": hashlib.sha256, "HMAC-SHA1": hashlib.sha1}


class Site(Protocol):
    """Where it is, what time it is there, and whether PHP knows of TLS."""

    sees_https: bool
    clock: Callable[[], float]

    @property
    def url(self) -> str: ...


class Keys:
    """One key that may read, and the nonces that were used with it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._nonces: set[str] = set()

    def stranger(self, request: Seen) -> Answer | None:
        """Why the call is refused; passwords are looked at only over HTTPS."""
        query = request.query
        if self._site.sees_https:
            given = _password(request) or (
                query.get("consumer_key"),
                query.get("consumer_secret"),
            )
            if given == (KEY, SECRET):
                return None
            if given[0] is not None:
                whose = "key" if given[0] != KEY else "secret"
                return unauthorised(f"Consumer {whose} is invalid.")
        return self._unsigned(request)

    def _unsigned(self, request: Seen) -> Answer | None:
        query, now = request.query, self._site.clock()
        missing = [name for name in OAUTH if f"oauth_{name}" not in query]
        if len(missing) == len(OAUTH):
            said = "Sorry, you cannot list resources."
            return unauthorised(said, "cannot_view")
        if missing:
            said = f"Missing OAuth parameter oauth_{missing[0]}"
            return unauthorised(said, "authentication_missing_parameter")
        if query["oauth_consumer_key"] != KEY:
            return unauthorised("Consumer key is invalid.")
        if query["oauth_signature_method"] not in DIGESTS:
            return unauthorised("Invalid signature - signature method is invalid.")
        wanted = sign(request.method, f"{self._site.url}{request.path}", query, SECRET)
        if not hmac.compare_digest(query["oauth_signature"], wanted):
            said = "Invalid signature - provided signature does not match."
            return unauthorised(said)
        if abs(now - int(query["oauth_timestamp"])) > QUARTER:
            return unauthorised("Invalid timestamp.")
        if query["oauth_nonce"] in self._nonces:
            said = "Invalid nonce - nonce has already been used."
            return unauthorised(said)
        self._nonces.add(query["oauth_nonce"])
        return None


def sign(method: str, url: str, query: Mapping[str, str], secret: str) -> str:
    """As the plugin does it: encode each part, join with what is already encoded."""
    pieces = [
        "%3D".join(quote(quote(unquote(one), "~"), "~") for one in (name, value))
        for name, value in sorted(query.items())
        if name != "oauth_signature"
    ]
    text = f"{method}&{quote(url, '~')}&{'%26'.join(pieces)}"
    digest = DIGESTS[query["oauth_signature_method"]]
    code = hmac.new(f"{secret}&".encode(), text.encode(), digest).digest()
    return base64.b64encode(code).decode()


def _password(request: Seen) -> tuple[str, str] | None:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return None
    key, _, secret = base64.b64decode(given).decode().partition(":")
    return key, secret
