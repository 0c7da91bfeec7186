"""Codes and links of ours: each knows where it hangs, in whose parcel, whose it is."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import Connection, Engine, RowMapping

from connectors.base import CodeMaker, MadeCode
from tasks.database import rows, run
from tasks.people import customers

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,29}")
# Nobody shall guess the code of a stranger's parcel.
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
RANDOM_CHARACTERS = 16
# The name of the parameter in links.
PARAMETER = "via"


class CodeRefused(ValueError):
    """The code cannot be made as it is asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The code that somebody wants.

    `source` is the account at which people scan it, None for a link of the shop's own;
    `order` is (source, number) of the order in whose parcel it lies; `referrer` is the
    customer who passes it on. With one of these the code gets a random name.
    """

    channel: str
    source: str | None = None
    code: str | None = None
    campaign: str | None = None
    order: tuple[str, str] | None = None
    referrer: str | None = None
    note: str = ""
    link: str | None = None
    lasts: timedelta | None = None


def create(
    engine: Engine, asked: Asked, maker: CodeMaker | None, now: datetime
) -> RowMapping:
    """The row of `codes`, made by the platform of `maker` or as a link.

    Asking again for the same gives the same code. It is written down before the
    platform makes it: killed in between, the next call has it made.

    Raises:
        CodeRefused: the name is no good or taken, or there is no such order.
        LookupError: no such referrer.
        SourceError: the platform failed; call again.
    """
    if asked.source and maker is None:
        raise CodeRefused(
            f"{asked.source} makes no codes: its connector knows no code_maker"
        )
    if asked.link:
        _insist_on_link(asked)
    with engine.begin() as connection:
        values = _values(connection, asked, maker, now)
        run(connection, "codes/reserve", **values)
        found = _known(connection, values)
    _insist_on_same(found, values)
    if found["url"] is not None:
        return found
    made = _made(asked, maker, str(found["code"]))
    with engine.begin() as connection:
        details = {name: getattr(made, name) for name in MadeCode.__dataclass_fields__}
        run(connection, "codes/made", code=found["code"], **details)
        return _known(connection, values)


def listed(
    connection: Connection, channel: str | None = None, most: int = 100
) -> list[RowMapping]:
    """The codes with what came of them, the newest first."""
    return rows(connection, "codes/list", channel=channel, most=most)


def _values(
    connection: Connection, asked: Asked, maker: CodeMaker | None, now: datetime
) -> dict[str, object]:
    name = _name(asked, maker)
    order_id = _order(connection, *asked.order) if asked.order else None
    referrer = _referrer(connection, asked.referrer) if asked.referrer else None
    return {
        "code": name,
        "source": asked.source,
        "channel": asked.channel,
        "campaign": asked.campaign,
        "order_id": order_id,
        "referrer_identifier_id": referrer,
        "note": asked.note,
        "now": now,
    }


def _name(asked: Asked, maker: CodeMaker | None) -> str:
    longest = min(maker.longest if maker else 30, 30)
    is_personal = asked.order or asked.referrer
    if is_personal and asked.code:
        raise CodeRefused(
            f"the code '{asked.code}' is for one person and must not be guessed: leave "
            "its name out"
        )
    if is_personal:
        return "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARACTERS))
    name = asked.code or ""
    if not NAME.fullmatch(name) or len(name) > longest:
        raise CodeRefused(
            f"a code is named by at most {longest} letters, digits and . _ - "
            f"(store-7), not '{name}'"
        )
    return name


def _order(connection: Connection, source: str, number: str) -> int:
    found = rows(connection, "codes/order", source=source, order_number=number)
    if not found:
        raise CodeRefused(f"there is no order '{number}' of the source '{source}'")
    return int(found[0]["order_id"])


def _referrer(connection: Connection, who: str) -> int:
    customer_id = customers.find(connection, who)
    found = rows(connection, "codes/main_identifier", customer_id=customer_id)
    if not found:
        raise CodeRefused(f"customer {customer_id} has no identifier of their own")
    return int(found[0]["identifier_id"])


def _known(connection: Connection, values: dict[str, object]) -> RowMapping:
    keys = ("code", "source", "order_id", "referrer_identifier_id")
    return rows(connection, "codes/known", **{key: values[key] for key in keys})[0]


def _insist_on_same(found: RowMapping, values: dict[str, object]) -> None:
    for key in ("source", "channel", "campaign"):
        if found[key] != values[key]:
            raise CodeRefused(
                f"the code '{found['code']}' is there, with the {key} "
                f"'{found[key] or ''}' and not '{values[key] or ''}': people scan it "
                "already, so choose another name"
            )


def _made(asked: Asked, maker: CodeMaker | None, code: str) -> MadeCode:
    if maker is not None:
        return maker.make(code, asked.note or asked.channel, asked.lasts)
    return MadeCode(_with_parameter(asked.link, code) if asked.link else code)


def _insist_on_link(asked: Asked) -> None:
    parts = urlsplit(asked.link or "")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise CodeRefused(f"'{asked.link}' is no link: write https://shop.example/page")
    if asked.source:
        raise CodeRefused(
            f"a code leads into {asked.source} or to '{asked.link}', not to both: "
            "leave out the source or the link"
        )


def _with_parameter(link: str, code: str) -> str:
    parts = urlsplit(link)
    query = urlencode([*parse_qsl(parts.query), (PARAMETER, code)])
    return urlunsplit(parts._replace(query=query))
