"""Bears senders quickly: imports everything once, then forks one per line it reads.

`python -m flows.chaos.nursery` prints the process id of each child that it bears; the
children are ours to kill. It ends when its input does.
"""

import os
import signal
import sys
from datetime import timedelta
from importlib import import_module
from typing import Any

from flows.chaos import sender


def main() -> None:
    """Read settings as words: prepare (or -), lasts in seconds; then fork per line."""
    prepare, lasts = sys.argv[1], timedelta(seconds=float(sys.argv[2]))
    # The children are reaped by the system: nobody waits for them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            os.close(0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if prepare != "-":
                _named(prepare)()
            sender.send_until_told(lasts)
            os._exit(0)
        print(child, flush=True)


def _named(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


if __name__ == "__main__":
    main()
