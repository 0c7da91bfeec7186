"""Reviews, by the time they were written."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from connectors.base import Record, Row
from connectors.paging import Listing
from connectors.values import Problems, text
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.config import Config
from connectors.woocommerce.stream import WooStream, in_utc, utc

TAG = re.compile(r"<[^>]*>")
# The site's clock may stand in any time zone: times are asked for generously.
A_DAY = timedelta(days=1)


class Reviews(WooStream):
    """`/products/reviews`: it knows when they were written, not when they changed.

    So the last `review_overlap` is read each time: for those approved meanwhile.
    """

    name = "reviews"
    entity = "reviews"
    key = ("review_number",)
    cursor = "date_created_gmt"
    columns = (
        "place",
        "problem",
        "review_number",
        "product_id",
        "rating",
        "body",
        "reviewed_at",
        "email",
    )

    longest_window = timedelta(days=366)

    def __init__(self, source: str, config: Config, client: WooClient) -> None:
        super().__init__(source, config, client)
        self.overlap = max(config.overlap, config.review_overlap)
        self.max_window = self.longest_window - self.overlap
        # Halving would lead nowhere, since what is asked for is days wider.
        self.deepest_record = 1_000_000

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the reviews written about [since, until]."""
        params = {
            "status": self.config.review_status,
            "after": in_utc(since - A_DAY),
            "before": in_utc(until + A_DAY),
            "orderby": "date_gmt",
        }
        return self.read("products/reviews", params, page)

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """id and the time it was written."""
        return text(record.get("id")), utc(record, "date_created", Problems())

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; no stars are 0, and reviews name no order."""
        problems = Problems()
        values = (
            text(record.get("id")),
            text(record.get("product_id")),
            _rating(record, problems),
            _plain(record.get("review")),
            utc(record, "date_created", problems),
            text(record.get("reviewer_email")),
        )
        yield (getattr(record, "place", None), problems.text, *values)


def _rating(record: Record, problems: Problems) -> int | None:
    given = record.get("rating")
    if given in (0, 1, 2, 3, 4, 5) and not isinstance(given, bool):
        return int(given) or None
    problems.add("rating", given, "one of 0 to 5")
    return None


def _plain(written: Any) -> str | None:
    """The words of a little HTML."""
    words = text(written)
    return text(unescape(TAG.sub(" ", words))) if words else None
