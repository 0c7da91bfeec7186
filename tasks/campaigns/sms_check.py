"""What an SMS must hold, and what it costs: signature, way out, length."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from tasks.accounts import Accounts
from tasks.campaigns import sms_length
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.sms_length import SmsLength
from tasks.campaigns.words import FILE
from tasks.channels.sms import SmsAccount
from tasks.problem import Problem

MARKUP = re.compile(r"\{#.*?#\}|\{%.*?%\}", re.DOTALL)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SIGNATURE = re.compile(r"\s*【(.+?)】")
REPLY_R = "拒收请回复R"
STOP = re.compile(r"\breply (R|STOP)\b|\bunsubscribe|\bopt out", re.IGNORECASE)


def find(campaign: Campaign) -> Iterator[Problem]:
    """SMS words without a sender or without a way out."""
    for name in campaign.files:
        found = FILE.fullmatch(name)
        if found and found[2] == "sms" and found[4] == "txt":
            yield from _sender(campaign, name)
            yield from _way_out(campaign, name)


def read_out(
    texts: Sequence[tuple[Path, str]], known: Accounts | None
) -> Iterator[Problem]:
    """Another signature than the registered one; and a note per file, how many SMS
    its longest message is, and for how much.

    `texts`: (file, filled in for somebody). Too long for any provider is an error.
    """
    accounts = (known or {}).get("sms", {}).values()
    registered = {one.sign_name for one in accounts if isinstance(one, SmsAccount)}
    signed = {(f, found[1]) for f, said in texts if (found := SIGNATURE.match(said))}
    for file, signature in sorted(signed):
        if registered and signature not in registered:
            names = ", ".join(f'"{one}"' for one in sorted(registered))
            message = (
                f'is signed "{signature}", and channels.yaml sends it as {names}: '
                "write the registered signature"
            )
            yield Problem(file, 1, message)
    yield from _lengths(texts, known)


def _lengths(
    texts: Iterable[tuple[Path, str]], known: Accounts | None
) -> Iterator[Problem]:
    longest: dict[Path, SmsLength] = {}
    for file, text in texts:
        length = sms_length.measure(text.strip())
        before = longest.get(file, length)
        longest[file] = max(
            before, length, key=lambda one: (one.segments, one.characters)
        )
    prices = {one.price for one in (known or {}).get("sms", {}).values() if one.price}
    for file, length in sorted(longest.items()):
        if length.characters > sms_length.LONGEST:
            message = (
                f"is {length.characters} characters long for somebody in the examples: "
                f"providers take {sms_length.LONGEST}; say less"
            )
            yield Problem(file, None, message)
        else:
            yield Problem(file, None, told(length, prices), "note")


def told(length: SmsLength, prices: Iterable[Decimal]) -> str:
    """`83 characters (UCS-2) are 2 SMS, 0.09 CNY; …` for people."""
    many = "1 SMS" if length.segments == 1 else f"{length.segments} SMS"
    costs = sms_length.costs(length, prices)
    price = f"{costs} each" if costs else ""
    save = f"; {length.surplus} fewer would be one SMS less" if length.surplus else ""
    longest = f"at most {length.characters} characters ({length.alphabet})"
    return f"{longest} in the examples: {many}{price}{save}"


def _sender(campaign: Campaign, name: str) -> Iterator[Problem]:
    file = campaign.folder / name
    signed = SIGNATURE.match(_said(campaign, name))
    if not signed:
        message = "has no sender: begin with the shop's registered signature, 【…】"
        yield Problem(file, 1, message)


def _way_out(campaign: Campaign, name: str) -> Iterator[Problem]:
    file, said = campaign.folder / name, _said(campaign, name)
    last = campaign.files[name].rstrip().count("\n") + 1
    is_chinese = bool(CHINESE.search(SIGNATURE.sub("", said)))
    if campaign.purpose == "service":
        if REPLY_R in said:
            message = f'"{REPLY_R}" is for marketing: providers refuse it in a notice'
            yield Problem(file, last, message)
    elif is_chinese and not said.endswith(REPLY_R):
        yield Problem(file, last, f"has no way out: must end with {REPLY_R}")
    elif not is_chinese and not STOP.search(said):
        message = "has no way out: say how to stop it, as in “Reply R to stop”"
        yield Problem(file, last, message)


def _said(campaign: Campaign, name: str) -> str:
    return MARKUP.sub("", campaign.files[name]).strip()
