"""A list of tasks for people: whom to talk to, why, what to say, by when.

Each batch becomes a new file that is never touched again by a machine, since a
colleague may have it open. What they write into it is read back: tasks/delivery/
worklists.py.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from tasks.channels import worklist_file
from tasks.channels.base import Account, Channel, MayLeave, Message, Outcome, Result
from tasks.channels.worklist_file import Task, Unreadable


class WorklistAccount(Account):
    """A team and the folder in which it finds its tasks."""

    folder: Path = Field(description="where the files go; shared with the team")
    days: int = Field(default=2, ge=0, description="how many days a task may take")
    language: Literal["en", "zh"] = Field(default="zh", description="of the columns")
    timezone: str = Field(default="Asia/Shanghai", description="whose day counts")
    source: str | None = Field(
        default=None, description="only buyers of this source; all where it is left out"
    )

    @property
    def scope(self) -> str | None:
        """Buyers are numbered by their shop."""
        return self.source


class Worklist(Channel):
    """Never in doubt for long: whether a task is in a file can be looked up."""

    name = "worklist"
    identifier = "buyer"
    # A colleague calls or writes to the phone of somebody who agreed to that.
    consent = "sms"
    account_type = WorklistAccount
    batch: ClassVar[int] = 500
    can_ask: ClassVar[bool] = True
    ask_after: ClassVar[timedelta] = timedelta(seconds=10)

    def __init__(self, account: str, settings: WorklistAccount) -> None:
        super().__init__(account, settings)
        self._to = settings

    def send(
        self, messages: Sequence[Message], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        """One new file per campaign and step; what is in a file already stays there."""
        try:
            known = self._known() if any(one.number > 1 for one in messages) else {}
        except (OSError, Unreadable) as error:
            for message in messages:
                yield Result(message, Outcome.NOT_SENT, _reason(error))
            return
        for message in messages:
            if message.key in known:
                found = known[message.key]
                yield Result(message, Outcome.ACCEPTED, "listed before", found)
        fresh = [one for one in messages if one.key not in known]
        for _, group in groupby(sorted(fresh, key=_place), key=_place):
            yield from self._write(list(group), may_leave)

    def ask(self, messages: Sequence[Message]) -> Iterator[Result]:
        """Look into the files."""
        try:
            known = self._known()
        except (OSError, Unreadable) as error:
            for message in messages:
                yield Result(message, Outcome.UNKNOWN_OUTCOME, _reason(error))
            return
        for message in messages:
            found = known.get(message.key)
            outcome = Outcome.ACCEPTED if found else Outcome.NOT_SENT
            reason = "asked: listed" if found else "asked: not listed"
            yield Result(message, outcome, reason, found)

    def check(self) -> None:
        """Whether the folder can be written; raises OSError."""
        self._to.folder.mkdir(parents=True, exist_ok=True)
        probe = self._to.folder / ".probe"
        probe.touch()
        probe.unlink()

    def _write(
        self, messages: list[Message], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        first = messages[0]
        day = self._day(first, days=0)
        stem = f"{day}_{first.campaign}_{first.step}"
        if not may_leave(*messages):
            yield from (Result(one, Outcome.NOT_SENT) for one in messages)
            return
        tasks = [self._task(one) for one in messages]
        try:
            path = worklist_file.write(self._to.folder, stem, self._to.language, tasks)
        except OSError as error:
            reason = _reason(error)
            yield from (Result(one, Outcome.NOT_SENT, reason) for one in messages)
            return
        yield from (Result(m, Outcome.ACCEPTED, None, path.name) for m in messages)

    def _task(self, message: Message) -> Task:
        return Task(
            key=message.key,
            due=self._day(message, self._to.days),
            # A key begins with the customer: see touch_key in sql/schema.
            customer=_customer(message.key),
            buyer=message.address,
            name=str(message.params.get("name") or ""),
            why=message.subject or f"{message.campaign}/{message.step}",
            words=message.text.strip(),
        )

    def _day(self, message: Message, days: int) -> str:
        assert message.sent_at is not None
        here = message.sent_at.astimezone(ZoneInfo(self._to.timezone))
        return f"{here.date() + timedelta(days=days):%Y-%m-%d}"

    def _known(self) -> dict[str, str]:
        """key: the file that it is in."""
        return {
            note.key: path.name
            for path in worklist_file.files(self._to.folder)
            for note in worklist_file.notes(path)
        }


def _place(message: Message) -> tuple[str, str]:
    return message.campaign, message.step


def _customer(key: str) -> str:
    try:
        return str(int(key[:-16], 16))
    except ValueError:
        return ""


def _reason(error: OSError | Unreadable) -> str:
    kind = error.strerror if isinstance(error, OSError) else "a file is unreadable"
    return f"the folder of the worklist: {kind}"
