"""What a stand is, and how busy all of them are."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.sandbox.server import Double
from connectors.sandbox.youzan_world import CHINA

AS_OF = datetime(2011, 12, 10, 9, tzinfo=CHINA)
UNTIL = AS_OF - timedelta(hours=1)
# So much changes in an hour.
AN_HOUR = 500

Settings = dict[str, Any]


@dataclass(frozen=True)
class Stand:
    """`opened` gives the double for so many records; `settings` those to read it."""

    name: str
    connector: str
    stream: str
    opened: Callable[[int], Double]
    settings: Callable[[Any, Path], Settings]
    grows: bool = True
    """Whether more history means more records; some platforms show only the newest."""
    fold: int = 1
    """Of records read in some microseconds it takes more, or the start is timed."""


def since(records: int) -> datetime:
    """When the changes begin, of which there are so many until `UNTIL`."""
    return UNTIL - timedelta(hours=records / AN_HOUR)
