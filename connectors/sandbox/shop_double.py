"""What the doubles of shop platforms share: a world, its clock, its sorted lists."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.server import Double
from connectors.sandbox.youzan_world import Story, World

Body = dict[str, Any]


class ShopDouble(Double):
    """The shop at `now`, which tests move; `drift` moves it with each API call.

    `index_lag` is how late lists learn of changes; `before` is called with the name
    and the parameters of each call before it is answered. `clock` is the gateway's
    time of day in seconds, for signatures, tokens and quotas; `calls_a_minute` is how
    many calls the application has.
    """

    def __init__(self, world: World, port: int = 0) -> None:
        super().__init__(port)
        self.world = world
        self.now = world.as_of
        self.drift = timedelta(0)
        self.index_lag = timedelta(0)
        self.is_ascending = False
        self.before: Callable[[str, Body], None] | None = None
        self.clock: Callable[[], float] = time.time
        self.calls_a_minute: int | None = None
        self._called: list[float] = []
        self.lines: dict[str, Body] = {
            line["oid"]: line for one in world.orders for line in one.facts["lines"]
        }
        self._remembered: tuple[Any, list[Body]] = (None, [])

    def begin(self, name: str, params: Body) -> None:
        """Whatever has to happen before an API call is answered."""
        if self.before:
            self.before(name, params)
        self.now += self.drift

    def is_throttled(self) -> bool:
        """Whether this call is one too many; otherwise it is counted."""
        now = self.clock()
        self._called = [one for one in self._called if one > now - 60]
        if self.calls_a_minute is not None and len(self._called) >= self.calls_a_minute:
            return True
        self._called.append(now)
        return False

    def found(
        self,
        name: str,
        stories: Sequence[Story],
        start: datetime,
        end: datetime,
        by: str = "updated",
    ) -> list[Body]:
        """The states last changed in [start, end], sorted by that; one list is kept.

        Or `by` another of their times, "created" for one.
        """
        now = self.now - self.index_lag
        question = (name, start, end, now, self.is_ascending, self.world.changes, by)
        if self._remembered[0] != question:
            states = [
                {**state, "key": story.key}
                for story in stories
                if (state := story.at(now)) and start <= state[by] <= end
            ]
            states.sort(
                key=lambda one: (one[by], one["key"]),
                reverse=not self.is_ascending,
            )
            self._remembered = (question, states)
        return self._remembered[1]


def page_of(found: Sequence[Any], page: int, size: int) -> Sequence[Any]:
    """One page, counted from 1."""
    return found[(page - 1) * size : page * size]
