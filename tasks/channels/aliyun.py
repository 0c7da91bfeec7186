"""Signs calls of Alibaba Cloud: ACS3-HMAC-SHA256, header form, empty body."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

NOTHING = hashlib.sha256(b"").hexdigest()


def query(params: Mapping[str, str]) -> str:
    """The parameters in canonical order and spelling (RFC 3986)."""
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in params.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def authorization(
    method: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    access_key: str,
    secret: str,
) -> str:
    """The Authorization header; `headers` are those signed, their names lower-case."""
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    signed = ";".join(names)
    request = f"{method}\n/\n{query(params)}\n{lines}\n{signed}\n{NOTHING}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    words = f"ACS3-HMAC-SHA256\n{digest}"
    signature = hmac.new(secret.encode(), words.encode(), hashlib.sha256).hexdigest()
    return (
        f"ACS3-HMAC-SHA256 Credential={access_key},SignedHeaders={signed},"
        f"Signature={signature}"
    )


def _quoted(value: str) -> str:
    return quote(value, safe="-_.~")
