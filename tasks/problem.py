"""What is wrong with a file that somebody edits, in one shape for all of them."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# A note is no mistake: something to know.
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where it is, what it is, and the way out."""

    file: Path
    line: int | None
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    @property
    def place(self) -> str:
        """`file:line` as editors and terminals understand it."""
        return shown(self.file) + (f":{self.line}" if self.line else "")


def shown(path: Path) -> str:
    """The path as people type it: from where they are, when it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """`; did you mean "channels"?`, or what is allowed when nothing comes close."""
    names = list(allowed)
    close = difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return f'; did you mean "{close[0]}"?'
    return f"; allowed: {', '.join(names)}" if names else ""
