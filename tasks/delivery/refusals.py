"""Words that a provider refuses to everybody: their run stops, others go on."""

from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from sqlalchemy import Connection

from tasks.channels.base import Outcome, Result
from tasks.database import run
from tasks.delivery.settle import Lane


class Refusals:
    """Counts, per campaign run, how many messages in a row were refused."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._in_a_row: Counter[int] = Counter()

    def settle(
        self, connection: Connection, run_id: int | None, results: Sequence[Result]
    ) -> bool:
        """Count these; True: the run is stopped here, and a person must look at it."""
        if run_id is None:
            return False
        refused = list(takewhile(_is_refused, reversed(results)))
        before = self._in_a_row[run_id] if len(refused) == len(results) else 0
        self._in_a_row[run_id] = before + len(refused)
        if self._in_a_row[run_id] < self._lane.limits.stop_after:
            return False
        because = (
            f"{self._in_a_row[run_id]:,} messages in a row were refused for what "
            f"they say: {refused[0].reason}"
        )
        lane = {"channel": self._lane.channel.name, "account": self._lane.account}
        run(connection, "deliver/stop_run", run=run_id, because=because, **lane)
        return True


def _is_refused(result: Result) -> bool:
    return result.outcome is Outcome.CONTENT_REJECTED
