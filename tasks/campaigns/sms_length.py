"""How many SMS a text is, and with that its price."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from tasks.settings import settings

# 3GPP TS 23.038: the letters of one septet, then those that take two.
GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_TWICE = frozenset("^{}\\[~]|€\f")
# (alone, as a part of several): a part gives some room to its number.
ROOM = {"GSM-7": (160, 153), "UCS-2": (70, 67)}
LONGEST = 500
"""Characters that providers in China take as one message."""


@dataclass(frozen=True, slots=True)
class SmsLength:
    """How long a text is, in the alphabet that it needs."""

    alphabet: str
    characters: int

    @property
    def segments(self) -> int:
        """How many SMS are sent and paid for."""
        alone, part = ROOM[self.alphabet]
        return 1 if self.characters <= alone else -(-self.characters // part)

    @property
    def surplus(self) -> int:
        """How many characters fewer would save one SMS; 0 where it is one anyway."""
        alone, part = ROOM[self.alphabet]
        if self.segments == 1:
            return 0
        fits = alone if self.segments == 2 else (self.segments - 1) * part
        return self.characters - fits

    def price(self, per_segment: Decimal) -> Decimal:
        """What one message of this length costs."""
        return self.segments * per_segment


def costs(length: SmsLength, prices: Iterable[Decimal]) -> str:
    """`, 0.09–0.12 CNY` for a message of this length; nothing without a price."""
    found = sorted({length.price(price) for price in prices if price})
    if not found:
        return ""
    said = "–".join(f"{cost:f}" for cost in (found[0], found[-1])[: len(found)])
    return f", {said} {settings().home_currency}"


def measure(text: str) -> SmsLength:
    """The length of a text as providers count it: the signature 【…】 is part of it.

    One letter outside GSM-7 (a Chinese one, the brackets of a signature, an emoji)
    turns all into UCS-2, where an emoji counts twice.
    """
    if all(letter in GSM_7 or letter in GSM_7_TWICE for letter in text):
        return SmsLength("GSM-7", len(text) + sum(one in GSM_7_TWICE for one in text))
    return SmsLength("UCS-2", len(text.encode("utf-16-le")) // 2)
