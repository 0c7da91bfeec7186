"""Reads back what colleagues wrote into the worklists that they were given."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from tasks import accounts
from tasks.accounts import Accounts
from tasks.channels import worklist_file
from tasks.channels.worklist import WorklistAccount
from tasks.channels.worklist_file import Note, Unreadable
from tasks.database import rows


@dataclass(frozen=True, slots=True)
class Listed:
    """One file of tasks, and how far people are with it."""

    account: str
    path: Path
    tasks: int
    open: int
    problem: str | None = None


@dataclass(slots=True)
class ReadBack:
    """What was new in the files; `problems` names those that cannot be read."""

    done: int = 0
    answered: int = 0
    stopped: int = 0
    unknown: int = 0
    problems: list[str] = field(default_factory=list)


def listed(known: Accounts | None = None) -> list[Listed]:
    """Every file of every worklist of channels.yaml, by account and name."""
    found = []
    for account, path in _files(known):
        try:
            notes = list(worklist_file.notes(path))
        except Unreadable as error:
            found.append(Listed(account, path, 0, 0, str(error)))
        else:
            waiting = sum(one.is_open for one in notes)
            found.append(Listed(account, path, len(notes), waiting))
    return found


def read_back(engine: Engine, now: datetime, known: Accounts | None = None) -> ReadBack:
    """Note in the ledger what is done and answered; safe to run again.

    An answer becomes an interaction of the customer; who wants no more is taken at
    their word on every channel. Files stay as they are: they belong to the team.
    """
    result = ReadBack()
    for account, path in _files(known):
        try:
            notes = [one for one in worklist_file.notes(path) if not one.is_open]
        except Unreadable as error:
            result.problems.append(str(error))
            continue
        if notes:
            _note(engine, account, notes, now, result)
    return result


def _note(
    engine: Engine, account: str, notes: list[Note], now: datetime, result: ReadBack
) -> None:
    with engine.begin() as connection:
        (told,) = rows(
            connection,
            "worklist/note",
            keys=[one.key for one in notes],
            done=[one.is_done for one in notes],
            answers=[one.answer for one in notes],
            no_more=[one.wants_no_more for one in notes],
            account=account,
            now=now,
        )
    result.done += told["done"]
    result.answered += told["answered"]
    result.stopped += told["stopped"]
    result.unknown += len(notes) - told["known"]


def _files(known: Accounts | None) -> list[tuple[str, Path]]:
    configured = (accounts.load() if known is None else known).get("worklist", {})
    return [
        (name, path)
        for name, one in configured.items()
        if isinstance(one, WorklistAccount)
        for path in worklist_file.files(one.folder)
    ]
