"""What time it is: the only clock of the project, and it may be set back."""

from datetime import UTC, datetime, timedelta

from tasks.settings import settings


def now() -> datetime:
    """The moment in UTC; a sandbox or a rehearsal lives at another time than we do."""
    return datetime.now(UTC) + timedelta(seconds=settings().clock_offset)
