"""How rarely Python looks for cycles, where thousands of objects come and go."""

import gc

COLLECT_AFTER = 20_000
"""How many more objects are made than freed before Python looks."""


def collect_rarely() -> None:
    """From now on, in this process: pages and batches leave no cycles behind.

    Looking for them, and every now and then in all that was ever imported, takes up to
    a fifth of the time of a worker.
    """
    gc.set_threshold(COLLECT_AFTER)
