"""Builds an e-mail by hand, in microseconds, as correct as the standard library's.

RFC 5322 headers, RFC 2047 encoded words, RFC 2046 multipart/alternative, base64 bodies
with CRLF; nothing in it needs dot-stuffing, SMTPUTF8 or 8BITMIME.
"""

import re
from binascii import b2a_base64
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

# RFC 2047: an encoded word has at most 75 characters, a line that holds one 76.
LONGEST_LINE = 76
WRAPPING = len("=?utf-8?B??=")
UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
PLAIN = re.compile(r"[ -~]*")
ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255}")


class Unsendable(ValueError):
    """A header or address that cannot be written; the message holds no value of it."""


def header(name: str, value: str) -> bytes:
    """One header line, folded and encoded as needed, with its CRLF.

    Raises:
        Unsendable: the value holds a line break or another control character.
    """
    if UNSAFE.search(value):
        raise Unsendable(f"the header {name} holds a control character")
    return f"{name}: {''.join(_words(value, len(name) + 2))}\r\n".encode("ascii")


def mailbox(name: str, display: str, address: str) -> bytes:
    """A header with one address and a name before it.

    Raises:
        Unsendable: the name holds a control character, or the address is none.
    """
    wanted = plain_address(address)
    if not display:
        return f"{name}: {wanted}\r\n".encode("ascii")
    if PLAIN.fullmatch(display) and "=?" not in display:
        quoted = display.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}: "{quoted}"\r\n <{wanted}>\r\n'.encode("ascii")
    return header(name, display)[:-2] + f"\r\n <{wanted}>\r\n".encode("ascii")


@lru_cache(maxsize=1024)
def _ascii_domain(domain: str) -> str:
    try:
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise Unsendable("the domain of the address is none") from None


def plain_address(address: str) -> str:
    """The address as SMTP without extensions can carry it.

    Raises:
        Unsendable: it is no address, or its local part is not ASCII.
    """
    local, _, domain = address.rpartition("@")
    wanted = f"{local}@{_ascii_domain(domain)}"
    if not ADDRESS.fullmatch(wanted) or ".." in wanted or wanted[0] == ".":
        raise Unsendable("the recipient's address is none")
    return wanted


def letter(headers: bytes, boundary: str, text: str, html: str | None) -> bytes:
    """A whole message: the headers given, then one part or two alternatives."""
    if html is None:
        return b"%b%b" % (headers, _part("plain", text))
    return (
        b"%bContent-Type: multipart/alternative;\r\n"
        b' boundary="=_%b"\r\n\r\n'
        b"--=_%b\r\n%b--=_%b\r\n%b--=_%b--\r\n"
    ) % (
        headers,
        (edge := boundary.encode("ascii")),
        edge,
        _part("plain", text),
        edge,
        _part("html", html),
        edge,
    )


@lru_cache(maxsize=64)
def date(moment: datetime) -> bytes:
    """The Date header."""
    return f"Date: {format_datetime(moment)}\r\n".encode("ascii")


def _part(kind: str, content: str) -> bytes:
    # Text in mail ends its lines with CRLF, whatever it was written with.
    lines = content.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    encoded = b2a_base64(lines.encode("utf-8", "replace"), newline=False)
    width = LONGEST_LINE
    wrapped = b"\r\n".join(
        [encoded[at : at + width] for at in range(0, len(encoded), width)]
    )
    return (
        b"Content-Type: text/%b; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n%b\r\n"
    ) % (kind.encode("ascii"), wrapped)


def _words(value: str, column: int) -> Iterator[str]:
    """The value as it is if it is short and plain, else as encoded words."""
    is_plain = PLAIN.fullmatch(value) and "=?" not in value and value == value.strip()
    if is_plain and column + len(value) <= LONGEST_LINE:
        yield value
        return
    raw = value.encode("utf-8", "replace")
    start, separator = 0, ""
    while start < len(raw):
        room = (LONGEST_LINE - column - WRAPPING) // 4 * 3
        end = start + room
        # A character is never cut in two.
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end -= 1
        word = b2a_base64(raw[start:end], newline=False).decode("ascii")
        yield f"{separator}=?utf-8?B?{word}?="
        start, separator, column = end, "\r\n ", 1
