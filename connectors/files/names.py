"""Names that people mistype: what they may have meant."""

import difflib
from collections.abc import Iterable


def closest(name: str, allowed: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or what is allowed when nothing comes close."""
    names = list(allowed)
    found = difflib.get_close_matches(name.lower(), [n.lower() for n in names], n=1)
    if found:
        meant = next(n for n in names if n.lower() == found[0])
        return f"; did you mean '{meant}'?"
    return f"; allowed: {', '.join(names)}"
