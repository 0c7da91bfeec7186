"""Comments on the shop's products, by the time they were written."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Record, Row
from connectors.jd.client import JdClient
from connectors.jd.config import Config
from connectors.jd.stream import JdStream
from connectors.values import Problems, epoch, in_china, moment, text


class Reviews(JdStream):
    """`jingdong.pop.PopCommentJsfService.getVenderCommentsForJos`."""

    name = "reviews"
    entity = "reviews"
    key = ("review_number",)
    cursor = "creationTime"
    columns = (
        "place",
        "problem",
        "review_number",
        "order_number",
        "product_id",
        "rating",
        "body",
        "reviewed_at",
        "buyer_id",
    )
    api = "jingdong.pop.PopCommentJsfService.getVenderCommentsForJos"
    wrapper = ""
    list_name = "comments"
    total_name = "totalItem"
    largest_page = 50

    def __init__(self, source: str, config: Config, client: JdClient) -> None:
        overlap = config.review_overlap
        window = overlap + timedelta(days=7)
        super().__init__(source, config, client, overlap=overlap, window=window)

    def question(self, since: datetime, until: datetime, page: int) -> dict[str, Any]:
        """Good, middling and bad ones; even numbers are texts."""
        return {
            "beginTime": in_china(since),
            "endTime": in_china(until),
            "score": "0",
            "page": str(page),
            "pageSize": str(self.page_size),
        }

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """commentId and creationTime."""
        return text(record.get("commentId")), _written_at(record, Problems())

    def rows(self, record: Record) -> Iterator[Row]:
        """One row, of a comment on one sku."""
        problems = Problems()
        values = (
            text(record.get("commentId")),
            text(record.get("orderId")),
            text(record.get("skuid")),
            _rating(record, problems),
            text(record.get("content")),
            _written_at(record, problems),
            text(record.get(self.config.buyer_field)),
        )
        yield (getattr(record, "place", None), problems.text, *values)


def _written_at(record: Record, problems: Problems) -> datetime | None:
    """A text in China time, or milliseconds: JD's pages do not say which."""
    given = record.get("creationTime")
    read = epoch if str(given).isdecimal() else moment
    return read(given, "creationTime", problems)


def _rating(record: Record, problems: Problems) -> int | None:
    given = text(record.get("score"))
    if given in ("1", "2", "3", "4", "5"):
        return int(given)
    problems.add("score", given, "one of 1 to 5")
    return None
