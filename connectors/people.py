"""Names of people, from the two halves that foreign shop systems keep."""

import re
from typing import Any

from connectors.values import text

CHINESE = re.compile(r"[\u3400-\u9fff]")


def full_name(first: Any, last: Any) -> str | None:
    """`John Doe`, and `张三` for Chinese halves; None when both are empty."""
    halves = [one for one in (text(first), text(last)) if one]
    if all(CHINESE.match(one) for one in halves):
        return "".join(reversed(halves)) or None
    return " ".join(halves)
