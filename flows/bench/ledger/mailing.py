"""Mail from plan to server, beside no ledger at all and beside django-post_office."""

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from connectors.sandbox.mail import MailDouble
from flows.bench import Figure, figure
from flows.bench.ledger import claiming, shop
from tasks import database
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.words import Words
from tasks.channels.base import Message
from tasks.channels.mail import Mail
from tasks.delivery import unsubscribe
from tasks.delivery.deliver import deliver
from tasks.settings import settings

MESSAGES = 20_000
RIVAL_MESSAGES = 3_000
PROCESSES = 4
ROUNDS = 2


def figures(engine_url: str) -> list[Figure]:
    """Messages a second with Postgres, server and senders on the same cores."""
    engine = database.engine(engine_url)
    shop.people(engine, MESSAGES)
    engine.dispose()
    ours, bare, office = [], [], []
    with tempfile.TemporaryDirectory() as folder, _server() as port:
        root = Path(folder)
        for number in range(ROUNDS):
            name = f"mail_{number}"
            claiming.plan_all(engine_url, root, name, MESSAGES)
            work = _Work(root, name, port)
            took, _ = claiming.timed(work.deliver, engine_url, root)
            ours.append(claiming.all_sent(engine_url, MESSAGES) / took)
            bare.append(MESSAGES / claiming.timed(work.send, engine_url, root)[0])
        if find_spec("post_office"):
            office.append(_post_office(engine_url, port))
    return list(_told(max(ours), max(bare), max(office) if office else None))


def _told(ours: float, bare: float, office: float | None) -> Iterator[Figure]:
    name, unit = "mail from plan to server, four processes", "messages/s"
    without = "the same words and sending, no ledger"
    yield figure("ledger", name, ours, bare, without, unit, 0.6, "at least")
    if office:
        peer = "django-post_office, four processes"
        yield figure("ledger", name, ours, office, peer, unit, 6, "at least")


class _Work:
    """What each of the processes does."""

    def __init__(self, root: Path, name: str, port: int) -> None:
        self._root = root
        self._name = name
        self._port = port

    def deliver(self, engine_url: str, root: Path) -> None:
        """From the ledger."""
        account = shop.account(self._port)
        settings().__dict__["campaigns"] = self._root
        engine = database.engine(engine_url)
        mail = Mail("shop", account)
        deliver(engine, mail, "shop", shop.NOON, home=root, limits=account)

    def send(self, engine_url: str, root: Path) -> None:
        """The same words and the same sending, without any ledger."""
        words = Words.load(campaigns.load(self._root / self._name))
        mail = Mail("shop", shop.account(self._port))
        own = range(MESSAGES // PROCESSES)
        for begin in range(0, len(own), mail.batch):
            batch = []
            for number in own[begin : begin + mail.batch]:
                params = {"name": f"顾客 {number}"}
                token = unsubscribe.token(number, "secret")
                link = mail.settings.way_out(token)
                rendered = words.render("hello", "mail", "zh", params, link)
                batch.append(
                    Message(
                        touch_id=number,
                        number=1,
                        key=f"{number:028d}",
                        address=f"c{number}@example.org",
                        subject=rendered.subject or "",
                        text=rendered.text,
                        html=rendered.html,
                        sent_at=shop.NOON,
                        unsubscribe=token,
                    )
                )
            for _ in mail.send(batch, lambda *_: True):
                pass
        mail.close()


@contextmanager
def _server() -> Iterator[int]:
    """A mail server in a process of its own, that takes everything."""
    context = multiprocessing.get_context("fork")
    ports = context.Queue()
    process = context.Process(target=_serve, args=(ports,), daemon=True)
    process.start()
    try:
        yield ports.get()
    finally:
        process.terminate()
        process.join()


def _serve(ports: "multiprocessing.Queue[int]") -> None:
    with MailDouble(keep=False) as double:
        ports.put(double.port)
        while True:
            time.sleep(60)


def _post_office(engine_url: str, port: int) -> float:
    """Messages a second of the peer, in a process of its own: Django is global."""
    words = [sys.executable, "-m", "flows.bench.ledger.post_office", engine_url]
    words += [str(port), str(RIVAL_MESSAGES), str(PROCESSES)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])
