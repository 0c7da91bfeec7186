"""Comments below the account's videos, for applications that may list them."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Page, Record, Row, Stream
from connectors.client import Call, Cure, Trouble
from connectors.douyin_account.client import AccountClient
from connectors.douyin_account.config import Config
from connectors.douyin_account.entries import COLUMNS, entry
from connectors.paging import Found, Lately
from connectors.values import Problems, epoch, text

API = "api/apps/v1/item/list_comment"
# More than Douyin shows of any video; remembers what was seen within one.
MOST_COMMENTS = 100_000


class Comments(Stream):
    """`list_comment`: all of one video, by a cursor and without a window of time."""

    name = "comments"
    entity = "interactions"
    key = ("kind", "interaction_key")
    cursor = "create_time"
    columns = COLUMNS
    # Without a time filter, one long window costs no more than a short one.
    max_window = timedelta(days=36_500)

    def __init__(self, source: str, config: Config, client: AccountClient) -> None:
        super().__init__(source, config.since)
        self.config = config
        self.client = client
        self.overlap = config.overlap
        self.lag = config.lag

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The comments written in [since, until), video by video."""
        for video in self.config.videos:
            lately = Lately(MOST_COMMENTS)
            for comments in self._walk(video):
                wanted = [
                    one
                    for one in comments
                    if _is_within(one, since, until)
                    and lately.is_new((text(one.get("comment_id")), None))
                ]
                if wanted:
                    yield Page(wanted)

    def check(self) -> None:
        """Call once, for one comment of the first video."""
        self._fetch(self.config.videos[0], 0, 1, 1)

    def rows(self, record: Record) -> Iterator[Row]:
        """One row."""
        problems = Problems()
        yield entry(
            getattr(record, "place", None),
            problems,
            kind="comment",
            key=text(record.get("comment_id")),
            at=epoch(record.get("create_time"), "create_time", problems),
            account=self.config.account,
            app=self.config.client_key,
            open_id=text(record.get("comment_user_id")),
            body=text(record.get("content")),
        )

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The comment as it was landed."""
        return Found(dict(raw))

    def _walk(self, video: str) -> Iterator[list[Found]]:
        cursor: Any = 0
        page = 1
        while True:
            data = self._fetch(video, cursor, self.config.page_size, page)
            place = f"{API}, video {video}, page {page}"
            yield [Found(one, place) for one in data["list"]]
            if data.get("has_more") is not True:
                return
            if data.get("cursor") in (None, cursor):
                said = "there is more, but the cursor does not move"
                raise self.client.error(Call(place, ""), Trouble(Cure.WAIT, said))
            cursor = data["cursor"]
            page += 1

    def _fetch(self, video: str, cursor: Any, count: int, page: int) -> dict[str, Any]:
        params = {"item_id": video, "cursor": cursor, "count": count}
        data = self.client.read(API, params, page)
        if data.get("list") is None and data.get("has_more") is False:
            data = {**data, "list": []}
        if not isinstance(data.get("list"), list):
            said = "the answer holds no list"
            raise self.client.error(Call(API, "", page), Trouble(Cure.WAIT, said))
        return data


def _is_within(record: Record, since: datetime, until: datetime) -> bool:
    """Written in [since, until); what cannot be read is within."""
    written = epoch(record.get("create_time"), "", Problems())
    return written is None or since <= written < until
