"""How Chinese shop platforms sign the parameters of a call."""

from collections.abc import Mapping
from hashlib import md5


def joined(params: Mapping[str, str]) -> str:
    """All names with their values, sorted by name, nothing between them."""
    return "".join(f"{name}{params[name]}" for name in sorted(params))


def wrapped_md5(params: Mapping[str, str], secret: str) -> str:
    """MD5 of the joined parameters between two copies of the secret, in capitals."""
    text = f"{secret}{joined(params)}{secret}"
    return md5(text.encode(), usedforsecurity=False).hexdigest().upper()
