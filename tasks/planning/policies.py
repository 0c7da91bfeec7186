"""What the planner asks before a message is planned, in order, and its defaults."""

from dataclasses import dataclass
from datetime import timedelta

ORDER = (
    "too_late",
    "suppressed",
    "no_consent",
    "unreachable",
    "control_group",
    "frequency_cap",
    "quiet_hours",
)
"""The reasons in the order in which sql/plan asks for them: the first one counts."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `messages` of marketing per customer in any `window`."""

    messages: int
    window: timedelta


MARKETING_CAP = Cap(messages=3, window=timedelta(days=7))
"""Over all campaigns and channels; service messages are neither counted nor capped."""
