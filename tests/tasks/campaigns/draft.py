"""A campaign that is right, to be spoilt by tests."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

import sql
from tasks.accounts import Accounts
from tasks.campaigns import campaign_check
from tasks.campaigns.campaign_check import Checked

AS_OF = datetime(2026, 3, 10, 9, tzinfo=UTC)


class Draft:
    """The scaffold of a campaign, to be spoilt."""

    def __init__(self, connection: Connection, folder: Path) -> None:
        self.connection = connection
        self.folder = folder
        folder.mkdir()
        for entry in sql.folder("scaffolds", "campaign").iterdir():
            (folder / entry.name).write_text(entry.read_text(encoding="utf-8"))

    def change(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        before = path.read_text(encoding="utf-8")
        assert old in before
        path.write_text(before.replace(old, new), encoding="utf-8")

    def check(self, known: Accounts | None = None) -> Checked:
        return campaign_check.check(self.connection, self.folder, AS_OF, known)

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content, encoding="utf-8")

    def said(self, known: Accounts | None = None) -> str:
        """Every problem in a line, without the folder's path."""
        checked = self.check(known)
        places = [one.place for one in checked.differences]
        told = [f"{one.severity} {one}" for one in checked.problems + places]
        return "\n".join(told).replace(f"{self.folder}/", "")
