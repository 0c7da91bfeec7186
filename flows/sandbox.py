"""A shop to play with: doubles of its platforms, and settings that point to them."""

import os
import socket
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from dotenv import dotenv_values

from flows.processes import Process
from tasks.settings import env_files, environment, settings

ROOM = Path("connectors/sandbox")
CONTACTS = ROOM / "shop" / "contacts.csv"

# The last real order of the sample was placed the afternoon before.
AS_OF = datetime.fromisoformat("2011-12-10T09:00+08:00")


class Configured(RuntimeError):
    """This checkout is configured for a real shop: no place to play."""


class NotReady(RuntimeError):
    """A double does not answer; the message holds its last words."""


@dataclass(frozen=True)
class Sandbox:
    """The doubles of one installation, on ports that were free when it was made."""

    shop_port: int
    mail_port: int

    @property
    def mailbox(self) -> Path:
        """Where the mail double puts each message that it took, as an .eml file."""
        return settings().home / "sandbox" / "mailbox"

    @property
    def shop(self) -> Process:
        """The Youzan double."""
        return _process("shop")

    @property
    def mail(self) -> Process:
        """The SMTP double."""
        return _process("mail")

    def start(self) -> None:
        """Start the doubles that do not run."""
        self.shop.start(
            [
                *_module("youzan", self.shop_port),
                *("--as-of", AS_OF.isoformat(), "--contacts", str(CONTACTS)),
            ],
            environment(),
        )
        self.mail.start(
            [*_module("letterbox", self.mail_port), "--folder", str(self.mailbox)],
            environment(),
        )

    def wait(self, patience: float = 30) -> None:
        """Return when both doubles answer.

        Raises:
            NotReady: one does not, with the end of its log.
        """
        deadline = time.monotonic() + patience
        for process, port in self._doubles():
            while not _answers(port):
                if time.monotonic() > deadline or not process.is_running():
                    raise NotReady(
                        f"the {process.name} double does not answer on port {port}; "
                        f"the end of {process.log}:\n{process.last_words()}"
                    )
                time.sleep(0.05)

    def newest_mail(self) -> EmailMessage | None:
        """The message that was taken last."""
        files = sorted(self.mailbox.glob("*.eml"), key=lambda one: one.stat().st_mtime)
        if not files:
            return None
        return message_from_bytes(files[-1].read_bytes(), policy=policy.default)

    def _doubles(self) -> tuple[tuple[Process, int], ...]:
        return (self.shop, self.shop_port), (self.mail, self.mail_port)

    def stop(self) -> None:
        """Stop the doubles; what they received stays in their logs."""
        self.shop.stop()
        self.mail.stop()


def enter() -> Sandbox:
    """Point the settings of this checkout to the sandbox, once, and start its doubles.

    Raises:
        Configured: there is an .env file.
    """
    written, operator = env_files()
    if operator.exists():
        raise Configured(
            f"this checkout is configured by {operator} for a real shop, which the "
            "sandbox must not touch: run `make demo` in a fresh clone"
        )
    if not written.exists():
        written.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(_settings(_free_port(), _free_port()))
    settings.cache_clear()
    sandbox = found()
    assert sandbox is not None
    sandbox.start()
    return sandbox


def found() -> Sandbox | None:
    """The sandbox that this checkout lives in, if it does."""
    written, operator = env_files()
    if operator.exists() or not written.exists():
        return None
    values = dotenv_values(written)
    ports = (values["SANDBOX_SHOP_PORT"], values["SANDBOX_MAIL_PORT"])
    return Sandbox(*(int(port or 0) for port in ports))


def _settings(shop_port: int, mail_port: int) -> str:
    offset = (AS_OF - datetime.now(UTC)).total_seconds()
    return f"""\
# Written by `make demo`: this checkout is a sandbox. An .env file of yours wins over
# this one; delete this one to leave the sandbox.
REGULARS_SOURCES_FILE={ROOM}/sources.yaml
REGULARS_CHANNELS_FILE={ROOM}/channels.yaml
REGULARS_CLOCK_OFFSET={offset:.0f}
REGULARS_SECRET=sandbox-{os.urandom(8).hex()}
REGULARS_PREFECT_PORT={_usual_or_free(4200)}
SANDBOX_SHOP_PORT={shop_port}
SANDBOX_MAIL_PORT={mail_port}
"""


def _module(name: str, port: int) -> list[str]:
    return [sys.executable, "-m", f"connectors.sandbox.{name}", "--port", str(port)]


def _process(name: str) -> Process:
    home = settings().home
    return Process(
        name, home / "sandbox" / f"{name}.lock", home / "log" / f"sandbox-{name}.log"
    )


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _usual_or_free(port: int) -> int:
    """Prefect's usual port, unless a Prefect of the user's own has it."""
    return _free_port() if _answers(port) else port


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
