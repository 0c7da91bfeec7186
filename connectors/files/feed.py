"""What a source says of its files: where they are, and which mapping reads them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from connectors.files.mapping import FileMapping


@dataclass(frozen=True)
class Feed:
    """Files of one layout."""

    path: str
    """A path or a pattern with `*`, `?`, `[…]`, `**`."""
    mapping: FileMapping
    settle_seconds: float = 60
    """A file that was written later than so many seconds ago waits for the next run."""
    clock: Callable[[], float] = time.time
    """Seconds since 1970: the clock of the disk, not of the business."""
    page: int = 10_000
    """Rows that are stored together; small files share a page, large ones take many."""
