"""Customers with their points and the tags that staff or Youzan gave them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.base import Page, Record, Row, SourceRefused
from connectors.client import CallRefused
from connectors.paging import SECOND, Found
from connectors.values import Problems, epoch, number, part, text
from connectors.youzan.client import NO_CUSTOMER
from connectors.youzan.stream import WindowedStream, plain

GENDER = {"1": "male", "2": "female"}
NOBODY = "匿名用户"


class Customers(WindowedStream):
    """`youzan.scrm.customer.list`: by creation, the only time it can be asked for.

    Points and tags change later without a trace there. So each pull also reads on
    among the old customers, fast enough to be round once per `customer_round`.
    """

    name = "customers"
    entity = "customers"
    key = ("buyer_id",)
    cursor = "created_at"
    columns = (
        "place",
        "problem",
        "buyer_id",
        "phone",
        "name",
        "gender",
        "points",
        "level",
        "tags",
        "registered_at",
        "updated_at",
    )
    api = "youzan.scrm.customer.list"
    version = "1.0.0"
    list_name = "record_list"
    total_name = "total"
    largest_page = 50
    # One page says 500 pages of 50, another 10,000 customers: both hold then.
    deepest_record = 10_000
    deepest_page = 500
    max_window = timedelta(days=30)

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """New customers, then a stretch of the old ones.

        The cursor holds two times: new customers are read up to the first, the
        round among the old ones has come to the second.
        """
        read, _, round_at = (cursor or "").partition(" ")
        round_at = round_at or self.since.isoformat()
        for page in super().pull(read or None, until):
            yield _with(page, round_at)
        if read and self.config.customer_round:
            yield from self._go_round(read, round_at, until - self.lag)

    def _go_round(self, read: str, round_at: str, end: datetime) -> Iterator[Page]:
        position, old = datetime.fromisoformat(round_at), datetime.fromisoformat(read)
        assert self.config.customer_round is not None
        share = min(1.0, (end - old) / self.config.customer_round)
        goal = min(position + (old - self.since) * max(share, 0.0), old)
        while position < goal:
            window_end = min(position + self.max_window, goal)
            for page in self.pages(position, window_end):
                yield Page(page.records)
            position = window_end
            round_at = (position if position < old else self.since).isoformat()
            yield Page((), f"{max(old, end).isoformat()} {round_at}")

    def window(self, since: datetime, until: datetime) -> dict[str, Any]:
        """See `customer_times` for the unit."""
        scale = 1000 if self.config.customer_times == "milliseconds" else 1
        return {
            "created_at_start": int(since.timestamp()) * scale,
            "created_at_end": int(until.timestamp()) * scale,
        }

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """yz_open_id and created_at."""
        return record.get("yz_open_id"), epoch(record.get("created_at"), "", Problems())

    def secrets_of(self, record: Record) -> Sequence[Any]:
        """Newer applications get these as cipher texts."""
        return record.get("mobile"), record.get("name"), record.get("show_name")

    def complete(self, records: Sequence[Found]) -> None:
        """Plain texts, and the tags of each customer."""
        super().complete(records)
        if self.config.customer_tags:
            for record in records:
                if record.get("yz_open_id"):
                    record["tags"] = self._tags(record["yz_open_id"])

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; Youzan tells of no later time than the creation."""
        problems = Problems()
        created_at = epoch(record.get("created_at"), "created_at", problems)
        points = number(record.get("points"), "points", problems)
        name = plain(record, record.get("name")) or plain(
            record, record.get("show_name")
        )
        values = (
            text(record.get("yz_open_id")),
            plain(record, record.get("mobile")),
            None if name == NOBODY else name,
            GENDER.get(str(record.get("gender"))),
            None if points is None else int(points),
            "member" if record.get("is_member") in (1, True) else None,
            _tag_names(record.get("tags")),
            created_at,
            created_at,
        )
        yield (getattr(record, "place", None), problems.text, *values)

    def check(self) -> None:
        """Call once, and find out whether `customer_times` is right for this shop."""
        newest = self._newest()
        if newest is None:
            return
        if not self.fetch(newest, newest + SECOND, 1).total:
            other = {"milliseconds": "seconds", "seconds": "milliseconds"}
            raise SourceRefused(
                f"{self.source}: {self.api} does not find its newest customer by time: "
                f"set customer_times: {other[self.config.customer_times]}"
            )

    def _newest(self) -> datetime | None:
        body = {"page_no": 1, "page_size": 1}
        data = self.client.read(self.api, self.version, body, 1)
        found = self.listing(data, f"{self.api} {self.version}").records
        return self.version_of(found[0])[1] if found else None

    def _tags(self, buyer: str) -> list[dict[str, Any]]:
        body = {"account_type": "YzOpenId", "account_id": buyer}
        try:
            found = self.client.read("youzan.scrm.tag.relation.get", "4.0.0", body)
        except CallRefused as refused:
            if refused.code in NO_CUSTOMER:
                return []
            raise
        tags = found if isinstance(found, list) else part({"": found}, "").get("tags")
        return [tag for tag in tags or [] if isinstance(tag, dict)]


def _with(page: Page, round_at: str) -> Page:
    return Page(page.records, f"{page.cursor} {round_at}") if page.cursor else page


def _tag_names(tags: Any) -> str | None:
    """`{"name": null}`: Youzan's tags have no value. None where they were not read."""
    if not isinstance(tags, list):
        return None
    names = (text(tag.get("name")) for tag in tags if isinstance(tag, dict))
    return orjson.dumps({name: None for name in names if name}).decode()
