"""OAuth 1.0a without a token, as WooCommerce wants it over plain HTTP."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

DIGESTS = {"HMAC-SHA256": "sha256", "HMAC-SHA1": "sha1"}


def signature(method: str, url: str, params: Mapping[str, str], secret: str) -> str:
    """The value of `oauth_signature`; `url` has no query, `params` are all of it."""
    encoded = sorted((_encoded(name), _encoded(params[name])) for name in params)
    query = "&".join(f"{name}={value}" for name, value in encoded)
    text = "&".join((method, _encoded(url), _encoded(query)))
    # Half of the key is the secret of a token, which there is none of.
    key = f"{secret}&".encode()
    digest = hmac.digest(key, text.encode(), DIGESTS[params["oauth_signature_method"]])
    return b64encode(digest).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="")
