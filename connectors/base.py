"""What every connector promises: streams, cursors, and two kinds of error."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

# One record as the source gave it: a mapping for an API, whatever suits a file.
Record = Any
# One canonical row, in the order of the stream's `columns`: str, int, Decimal, bool,
# date, aware datetime or None; a JSON column gets its text.
Row = Sequence[Any]


class SourceError(Exception):
    """Something about a source: the message names the place and the way out."""

    retriable = False


class SourceUnavailable(SourceError):
    """Try again: a timeout, a throttle, a 5xx, a file that is still being written."""

    retriable = True


class SourceRefused(SourceError):
    """A person must look: credentials, permissions, a request the source rejects."""


@dataclass(frozen=True, slots=True)
class Page:
    """Records that are stored together, and where a later pull may start after them.

    `cursor` None means: these records alone do not move the cursor.
    """

    records: Sequence[Record]
    cursor: str | None = None


class Stream(ABC):
    """One kind of record of one source, read in pages from a cursor on."""

    name: str
    """Unique within the source; with the source it names the cursor."""
    entity: str
    """orders, refunds, reviews, customers or interactions: a table of `staging`."""
    columns: tuple[str, ...]
    """The columns of `staging.<entity>` that `rows` fills, in its order."""
    key: tuple[str, ...]
    """The columns that identify a record at the source."""
    cursor: str
    """The field of the source that moves forward, for example `update_time`."""
    overlap: timedelta = timedelta(minutes=2)
    """How far behind the cursor each pull starts again, for late updates."""
    lag: timedelta = timedelta(seconds=60)
    """How far behind now each pull stops, since search indexes lag."""
    max_window: timedelta = timedelta(days=1)
    """The longest span that one call of `pages` may be asked for."""
    is_sorted: bool = False
    """True: every page may move the cursor; False: only the end of a window."""
    holds_whole_orders: bool = True
    """Whether a pull that has an order has all its lines; see `batch`."""

    is_pushed: bool = False
    """True: only callbacks feed it, so that it has no pages and no history."""
    callback_keys: tuple[str, ...] = ()
    """What the sources file must give so that callbacks are verified."""

    repeated_lines: str = "keep"
    """keep or quarantine: what a line is that repeats one of its order exactly."""

    def __init__(self, source: str, since: datetime) -> None:
        self.source = source
        self.since = since
        self.notes: list[str] = []
        """What a person should know of the last pull; stored with its batch."""

    @abstractmethod
    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The records changed in [since, until), at most `max_window` long.

        Raises:
            SourceUnavailable: trying again later may help.
            SourceRefused: a person must look.
        """

    @abstractmethod
    def rows(self, record: Record) -> Iterable[Row]:
        """The canonical rows of one record, at least one; never raises for bad data.

        A value that cannot be read becomes None and `problem` says what was there.
        """

    @abstractmethod
    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The record back from its raw JSON, for replaying it after a correction."""

    def raw(self, record: Record) -> bytes:
        """The record as received, as JSON text: kept, and replayed by `record_of`."""
        try:
            return orjson.dumps(record)
        except TypeError:
            # Platforms cut texts in the middle of an emoji: half a character is none.
            return json.dumps(record, ensure_ascii=False).encode(errors="replace")

    def check(self) -> None:
        """Call the source once; raises SourceError when it would not work."""
        now = datetime.now(UTC)
        for _ in self.pages(now - timedelta(minutes=5), now - self.lag):
            return

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """Everything from `cursor` (None: the configured start) to `until`, in windows.

        The cursor is the ISO time up to which all is stored. The end of each window
        comes as a page that moves the cursor even if the window was empty.
        """
        if self.is_pushed:
            return
        position = datetime.fromisoformat(cursor) if cursor else self.since
        end = until - self.lag
        while position < end:
            window_end = min(position + self.max_window, end)
            for page in self.pages(position - self.overlap, window_end):
                yield page if self.is_sorted else Page(page.records)
            yield Page((), window_end.isoformat())
            position = window_end

    def backfill(self, since: datetime, until: datetime) -> Iterator[Page]:
        """Everything changed in [since, until), oldest first, beside the daily pulls.

        As `pull`, with the time up to which all was given as cursor.

        Raises:
            SourceRefused: there is no history to be had; at once, not with a page.
        """
        if self.is_pushed:
            raise SourceRefused(
                f"{self.source}: {self.name} is only told by callbacks: the platform "
                "does not say again what it said before"
            )
        return self._windows(since, until)

    def _windows(self, since: datetime, until: datetime) -> Iterator[Page]:
        position = since
        while position < until:
            window_end = min(position + self.max_window, until)
            for page in self.pages(position, window_end):
                yield Page(page.records)
            yield Page((), window_end.isoformat())
            position = window_end


class CallbackRefused(SourceError):
    """What called is not the platform, or says nothing that we understand."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request of a platform to us, as it came."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Received:
    """What a callback told, and what its platform wants to hear."""

    records: Mapping[str, Sequence[Record]]
    """The name of a stream -> records, as that stream's `rows` takes them."""
    answer: bytes = b"success"
    content_type: str = "text/plain"


class Callbacks(ABC):
    """The messages that a platform pushes to one source: verified, decrypted, read.

    A connector offers them as `callbacks(source, config) -> Callbacks | None`; None
    where `config` has no keys for them.
    """

    @abstractmethod
    def receive(self, request: Request) -> Received:
        """The records of one callback, and the answer to it.

        Raises:
            CallbackRefused: a wrong signature, an old timestamp, an unreadable body.
        """


@dataclass(frozen=True, slots=True)
class TagChange:
    """A tag that one person shall carry at the platform, or carry no more."""

    person: str
    """The value of the identifier by which the platform knows them."""
    tag: str
    is_added: bool = True


@dataclass(frozen=True, slots=True)
class Tagged:
    """What one call did; `error` says why the platform does not want these changes."""

    changes: Sequence[TagChange]
    error: str | None = None


class TagWriter(ABC):
    """Puts tags of ours on a platform's own customers, in its batch limits.

    A connector offers it as `tag_writer(source, config) -> TagWriter | None`. Doing a
    change twice must be harmless.
    """

    kind: str
    """Of the identifiers that it knows people by: buyer, openid, external_userid …"""
    scope: str
    """Of those identifiers: the source, the app, the corp."""
    at_once: int
    """So many changes are worth handing over together."""

    @abstractmethod
    def write(self, changes: Sequence[TagChange]) -> Iterator[Tagged]:
        """Make the changes, each yielded once and as soon as it is made or refused.

        Tags that the platform does not have yet are created.

        Raises:
            SourceUnavailable: trying again later may help.
            SourceRefused: a person must look.
        """


@dataclass(frozen=True, slots=True)
class MadeCode:
    """A code as the platform made it."""

    url: str
    """What the code leads to; any program can draw it."""
    image_url: str | None = None
    """The platform's own drawing."""
    reference: str | None = None
    """What the platform calls it, for changing or removing it."""
    ends_at: datetime | None = None


class CodeMaker(ABC):
    """Makes codes whose parameter comes back in `code` of whoever scans them.

    A connector offers it as `code_maker(source, config) -> CodeMaker | None`.
    """

    longest: int
    """The most characters of a parameter."""

    @abstractmethod
    def make(self, code: str, note: str, lasts: timedelta | None) -> MadeCode:
        """A code with the parameter `code`; `lasts` None: for ever.

        Raises:
            SourceUnavailable: trying again later may help.
            SourceRefused: a person must look.
        """
