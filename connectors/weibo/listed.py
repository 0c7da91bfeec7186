"""Lists that are read from the newest entry down to the last one known."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.base import Page, Record, Row, Stream
from connectors.client import Call, Cure, Trouble
from connectors.paging import Found
from connectors.values import Problems, part, text
from connectors.weibo.client import WeiboClient
from connectors.weibo.config import Config
from connectors.weibo.entries import COLUMNS, entry, moment_of, written_at

# A page: each record with its id and the time it was written, None where unreadable.
Entries = Sequence[tuple[Found, int | None, datetime | None]]


class Listed(Stream):
    """What others wrote to the account; Weibo shows the newest thousand.

    The cursor is an id: ids grow with time. It stays behind by `overlap` and `lag`, so
    that what the index learns of late is read with the next pull.
    """

    entity = "interactions"
    key = ("kind", "interaction_key")
    cursor = "id"
    columns = COLUMNS
    api: ClassVar[str]
    list_name: ClassVar[str]
    kind: ClassVar[str]
    prefix: ClassVar[str] = ""
    """What tells ids of statuses from those of comments where both have one kind."""
    # There is no window to ask for: a long one costs no more than a short one.
    max_window = timedelta(days=36_500)

    def __init__(self, source: str, config: Config, client: WeiboClient) -> None:
        super().__init__(source, config.since)
        self.config = config
        self.client = client
        self.overlap = config.overlap
        self.lag = config.lag

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """What is newer than the id `cursor`, which moves when all of it is stored."""
        self.notes = []
        known, since = int(cursor or 0), None if cursor else self.since
        settled, unsettled, end = known, None, until - self.lag
        for listed in self._walk(known, since):
            for _, number, at in listed:
                if at is None or at < end - self.overlap:
                    settled = max(settled, number or 0)
                else:
                    unsettled = min(unsettled or _LAST, number or _LAST)
            yield Page(self._wanted(listed, since, end))
        reached = settled if unsettled is None else min(settled, unsettled - 1)
        if reached > known:
            yield Page((), str(reached))

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """What was written in [since, until), as far back as Weibo shows."""
        for listed in self._walk(0, since):
            if wanted := self._wanted(listed, since, until):
                yield Page(wanted)

    def rows(self, record: Record) -> Iterator[Row]:
        """One row."""
        problems = Problems()
        number = text(record.get("idstr")) or text(record.get("id"))
        yield entry(
            getattr(record, "place", None),
            problems,
            kind=self.kind,
            key=f"{self.prefix}{number}" if number else None,
            at=written_at(record, problems),
            account=self.config.account,
            uid=_author(record),
            body=text(record.get("text")),
        )

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The record as it was landed."""
        return Found(dict(raw))

    def _walk(self, known: int, since: datetime | None) -> Iterator[Entries]:
        """Pages from the newest down to the id `known`, or to the time `since`."""
        seen, below = 0, None
        while True:
            listed, is_last = self._fetch(known, below)
            if listed:
                yield listed
            seen += len(listed)
            numbers = [number for _, number, _ in listed if number is not None]
            if is_last or not numbers:
                break
            if since and any(at and at < since for _, _, at in listed):
                return
            below = min(numbers) - 1
        if seen >= self.config.deepest_record:
            self.notes.append(
                f"{self.name}: Weibo shows the newest {self.config.deepest_record:,}: "
                "what came before them since the last pull cannot be had; pull oftener"
            )

    def _fetch(self, known: int, below: int | None) -> tuple[Entries, bool]:
        """One page, and whether Weibo says that it is the last."""
        params = {"since_id": str(known), "count": str(self.config.page_size)}
        if below is not None:
            params["max_id"] = str(below)
        answer = self.client.read(self.api, params)
        listed = answer.get(self.list_name)
        place = f"{self.api}, from {below or 'the newest'} down"
        if not isinstance(listed, list):
            said = f"the answer holds no {self.list_name}"
            raise self.client.error(Call(place, ""), Trouble(Cure.WAIT, said))
        is_short = len(listed) < self.config.page_size
        is_last = not listed or (is_short and answer.get("next_cursor") == 0)
        return [_known(Found(one, place)) for one in listed], is_last

    def _wanted(
        self, listed: Entries, since: datetime | None, end: datetime
    ) -> list[Found]:
        """Within the time, and not by the account itself; unreadable is within."""
        return [
            record
            for record, _, at in listed
            if (at is None or ((since is None or since <= at) and at < end))
            and _author(record) != self.config.account
        ]


class Comments(Listed):
    """Comments on what the account wrote, and answers to its comments."""

    name = "comments"
    api = "comments/to_me"
    list_name = "comments"
    kind = "comment"


class Mentions(Listed):
    """Statuses that name the account."""

    name = "mentions"
    api = "statuses/mentions"
    list_name = "statuses"
    kind = "mention"
    prefix = "status-"


class CommentMentions(Listed):
    """Comments anywhere that name the account."""

    name = "comment_mentions"
    api = "comments/mentions"
    list_name = "comments"
    kind = "mention"
    prefix = "comment-"


_LAST = 1 << 63


def _known(record: Found) -> tuple[Found, int | None, datetime | None]:
    return record, _number(record), moment_of(record.get("created_at"))


def _number(record: Found) -> int | None:
    """The id, a whole number beyond what a float can hold."""
    given = text(record.get("idstr")) or text(record.get("id"))
    return int(given) if given and given.isdecimal() and len(given) < 20 else None


def _author(record: Found) -> str | None:
    user = part(record, "user")
    return text(user.get("idstr")) or text(user.get("id"))
