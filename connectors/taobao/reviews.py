"""Ratings that buyers gave the shop, by the time they were written."""

from collections.abc import Iterator
from datetime import timedelta

from connectors.base import Record, Row
from connectors.taobao.client import TaobaoClient
from connectors.taobao.config import Config
from connectors.taobao.stream import TaobaoStream, number_of
from connectors.values import Problems, moment, text

RATING = {"good": 5, "neutral": 3, "bad": 1}
DEEPEST_PAGE = 200


class Reviews(TaobaoStream):
    """`taobao.traderates.get`; later edits are found as far back as the overlap."""

    name = "reviews"
    entity = "reviews"
    key = ("review_number",)
    cursor = "created"
    columns = (
        "place",
        "problem",
        "review_number",
        "order_number",
        "product_id",
        "rating",
        "body",
        "reviewed_at",
    )
    api = "taobao.traderates.get"
    wrapper = "trade_rates"
    list_name = "trade_rate"
    times = ("start_date", "end_date")
    number_name = "oid"
    fields = (
        "oid",
        "tid",
        "result",
        "created",
        "content",
        "reply",
        "num_iid",
        "item_title",
        "role",
        "valid_score",
    )

    def __init__(self, source: str, config: Config, client: TaobaoClient) -> None:
        own = {
            "overlap": config.review_overlap,
            "history": config.review_history,
            # No limit is known, and the overlap is read again with each question.
            "window": config.review_overlap + timedelta(days=30),
            "deepest_record": min(
                config.deepest_record, DEEPEST_PAGE * config.page_size
            ),
        }
        super().__init__(source, config.model_copy(update=own), client)

    def question(self) -> dict[str, str]:
        """What the shop has got, from buyers."""
        return {"rate_type": "get", "role": "buyer"}

    def rows(self, record: Record) -> Iterator[Row]:
        """One row: a buyer rates each line once, hence its number is the rating's.

        The buyer is known by the order: the rating names a masked nick.
        """
        problems = Problems()
        given = text(record.get("result"))
        rating = RATING.get(given or "")
        if rating is None:
            problems.add("result", given, f"one of {', '.join(RATING)}")
        values = (
            number_of(record, "oid"),
            number_of(record, "tid"),
            text(record.get("num_iid")),
            rating,
            text(record.get("content")),
            moment(record.get("created"), "created", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)
