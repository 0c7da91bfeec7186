"""Where the proof plays, per channel: a campaign, its people, a provider's double."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import yaml

from connectors.sandbox.mail import MailDouble
from connectors.sandbox.server import Act
from connectors.sandbox.sms import SmsDouble
from connectors.sandbox.wechat import WeChatDouble
from tasks import channels
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.channels.base import Account

AUDIENCE = """\
-- Everybody there is.
select customers.customer_id, 'chaos' as occasion, true as is_there, customers.name
from customers
"""


class Stage(ABC):
    """One channel's; use it with `with`, which opens and closes the double."""

    name: ClassVar[str]
    account = "shop"
    people: ClassVar[dict[str, str]]

    def __init__(self, home: Path, url: str, messages: int) -> None:
        self.home = home
        self.url = url
        self.messages = messages
        self.log = home / "received.log"
        home.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        self.campaign = self._write_campaign()

    @property
    def settings(self) -> Account:
        """The account, as the channel reads it."""
        return channels.find(self.name).account_type.model_validate(self.account_file)

    @property
    @abstractmethod
    def account_file(self) -> dict[str, Any]:
        """The account as it stands in channels.yaml."""

    @abstractmethod
    def start(self) -> None:
        """Open the double, again after `cut`."""

    @abstractmethod
    def cut(self) -> None:
        """Cut the network to the double."""

    @abstractmethod
    def slow_down(self, seconds: float) -> None:
        """Let the double take so long for each message."""

    @abstractmethod
    def taken(self) -> int:
        """How many messages the double took so far."""

    @abstractmethod
    def fail_somehow(self, number: int) -> None:
        """Queue a fault of the provider; `number` chooses which."""

    def received(self) -> Iterator[str]:
        """The keys in the double's own log, one per message that it took."""
        for line in self.log.read_text().splitlines():
            yield line.split(" ", 1)[0]

    def doubt_allowed(self, trouble: Any) -> int:
        """How many may be in doubt at the end."""
        return 0

    def journals(self) -> dict[Path, int]:
        """The journals of the senders, living and dead, and their sizes in bytes."""
        folder = self.home / "journal" / self.name / self.account
        sizes: dict[Path, int] = {}
        for path in folder.glob("*.log"):
            with suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
        return sizes

    def channels_file(self) -> Path:
        """Write channels.yaml for the senders."""
        path = self.home / "channels.yaml"
        path.write_text(yaml.safe_dump({self.name: {self.account: self.account_file}}))
        return path

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def _write_campaign(self) -> Campaign:
        folder = self.home / "campaigns" / "chaos"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "campaign.yaml").write_text(
            "owner: us\ndescription: To be cut off.\npurpose: service\n"
            f"channels: [{self.name}]\nsteps: {{hello: {{after: 0 days}}}}\n"
            "quiet_hours: none\n"
        )
        (folder / "audience.sql").write_text(AUDIENCE)
        words = "Subject: 你好 {{ name }}\nDear {{ name }}, here we are.\n"
        (folder / f"hello.{self.name}.txt").write_text(words)
        return campaigns.load(folder)


class MailStage(Stage):
    """Mail: nothing recognises a repeated message, so doubt stays doubt."""

    name = "mail"
    people: ClassVar[dict[str, str]] = {
        "kind": "email",
        "scope": "",
        "pattern": "c#@example.org",
    }

    def __init__(self, home: Path, url: str, messages: int) -> None:
        super().__init__(home, url, messages)
        self._double = MailDouble(log=self.log, keep=False)

    @property
    def account_file(self) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self._double.port,
            "security": "none",
            "sender": "Chaos <chaos@shop.example>",
            "timeout": 10,
            "rest": 0.05,
        }

    def start(self) -> None:
        self._double.start()

    def cut(self) -> None:
        self._double.stop()

    def slow_down(self, seconds: float) -> None:
        self._double.delay = seconds

    def taken(self) -> int:
        return self._double.count

    def fail_somehow(self, number: int) -> None:
        faults: list[dict[str, Any]] = [
            {"stage": "content", "reply": "451 4.3.0 try again later"},
            {"stage": "rcpt", "reply": "450 4.2.1 busy"},
            {"stage": "mail", "act": "reset"},
            {"stage": "content", "act": "reset"},
            {"stage": "mail", "reply": "421 4.3.2 closing"},
        ]
        self._double.fail(**faults[number % len(faults)])

    def doubt_allowed(self, trouble: Any) -> int:
        """One per kill, one per connection and cut of the line, and per reset."""
        return int(trouble.kills + trouble.cuts * trouble.senders + trouble.faults)


class WebStage(Stage):
    """A provider that is called over HTTP."""

    _double: SmsDouble | WeChatDouble

    def start(self) -> None:
        self._double.start()

    def cut(self) -> None:
        self._double.stop()

    def slow_down(self, seconds: float) -> None:
        # The double answers one at a time: four wait for each other. They must not
        # wait so long that a request is filed after somebody has asked about it.
        self._double.delay = min(0.05, seconds / 4)

    def taken(self) -> int:
        return len(self._double.sent)

    def fail_somehow(self, number: int) -> None:
        acts: list[Act] = ["silent", "reset", "half", "answer"]
        self._double.fail(acts[number % len(acts)])


class SmsStage(WebStage):
    """SMS: not idempotent, and asked when in doubt."""

    name = "sms"
    people: ClassVar[dict[str, str]] = {
        "kind": "phone",
        "scope": "",
        "pattern": "86138#",
    }

    def __init__(self, home: Path, url: str, messages: int) -> None:
        super().__init__(home, url, messages)
        self._double = SmsDouble(log=self.log)

    @property
    def account_file(self) -> dict[str, Any]:
        template = {"code": "SMS_1", "params": {"name": "name"}}
        return {
            "access_key": "testId",
            "secret": "testSecret",
            "sign_name": "示例店",
            "templates": {"chaos/hello": template},
            "url": self._double.url,
            "timeout": 1,
            "rest": 0.05,
        }


class WeChatStage(WebStage):
    """WeChat templates: the same key again, for ten minutes."""

    name = "wechat_template"
    people: ClassVar[dict[str, str]] = {
        "kind": "openid",
        "scope": "app1",
        "pattern": "openid#",
    }

    def __init__(self, home: Path, url: str, messages: int) -> None:
        super().__init__(home, url, messages)
        self._double = WeChatDouble(log=self.log)

    @property
    def account_file(self) -> dict[str, Any]:
        template = {"id": "T01", "data": {"thing1": "name"}}
        return {
            "app_id": "app1",
            "secret": "app1-secret",
            "templates": {"chaos/hello": template},
            "api": self._double.url,
            "timeout": 1,
            "rest": 0.05,
        }


STAGES: dict[str, type[Stage]] = {
    stage.name: stage for stage in (MailStage, SmsStage, WeChatStage)
}
