"""One victim: delivers until it is told to stop, or dies."""

import signal
import threading
import time
from datetime import timedelta

from flows.chaos.moment import NOON
from tasks import accounts, database
from tasks.channels.base import Channel
from tasks.delivery.deliver import deliver


def send_until_told(lasts: timedelta) -> None:
    """Deliver again and again, each time from the moment that the run has reached."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    engine = database.engine(database.url())
    known = accounts.load()
    began = time.time()
    while not stop.is_set():
        for name, named in known.items():
            for account, settings in named.items():
                channel = accounts.channel(name, account, known)
                hurry(channel)
                now = NOON + timedelta(seconds=time.time() - began)
                deliver(
                    engine,
                    channel,
                    account,
                    now,
                    stop=stop,
                    lasts=lasts,
                    limits=settings,
                )
        stop.wait(0.05)


def hurry(channel: Channel) -> None:
    """Wait for parts of a second where the real thing waits for minutes."""
    kind = type(channel)
    kind.first_delay = timedelta(seconds=0.2)
    kind.longest_delay = timedelta(seconds=1)
    kind.ask_after = timedelta(seconds=3)
    kind.attempts = 1000
    kind.asks = 1000
