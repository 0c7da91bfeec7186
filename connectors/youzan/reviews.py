"""Reviews, product by product, from the newest back to where the last pull was."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.base import Page, Record, Row
from connectors.paging import Found, Lately, Listing, sweep
from connectors.values import Problems, moment, part, text
from connectors.youzan.stream import YouzanStream

# Good, neutral, bad; used where the 1 to 5 of `desc_rate` is not given.
STARS = {"30": 5, "20": 3, "10": 1}
# What is on sale, and what is sold out or taken down.
PRODUCTS = ("youzan.items.onsale.get", "youzan.items.inventory.get")
PRODUCTS_PAGE = 100


class Reviews(YouzanStream):
    """`youzan.item.reviews.query`: it wants a product and knows no time window."""

    name = "reviews"
    entity = "reviews"
    key = ("review_number",)
    cursor = "created_time"
    columns = (
        "place",
        "problem",
        "review_number",
        "order_number",
        "product_id",
        "rating",
        "body",
        "reviewed_at",
        "updated_at",
    )
    api = "youzan.item.reviews.query"
    version = "3.0.0"
    list_name = "items"
    total_name = "total_count"
    largest_page = 20
    # Without a time filter, one long window costs no more than a short one.
    max_window = timedelta(days=36_500)

    def __init__(self, *details: Any) -> None:
        super().__init__(*details)
        # The list goes by creation: a later edit is only found by reading again.
        self.overlap = max(self.overlap, timedelta(days=7))

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The reviews written, or changed among those read, in [since, until)."""
        for product in dict.fromkeys(self._products()):
            for records in self._newest_first(product, since):
                wanted = [one for one in records if _is_within(one, since, until)]
                if wanted:
                    yield Page(wanted)

    def check(self) -> None:
        """Both calls once: a product, and its first page of reviews."""
        for product in self._products():
            self._fetch_reviews(product, 1)
            return

    def rows(self, record: Record) -> Iterator[Row]:
        """One row. The buyer is known by the order: the review names none."""
        problems = Problems()
        values = (
            text(record.get("id")),
            text(record.get("order_no")),
            text(record.get("goods_id")),
            _rating(record, problems),
            text(record.get("review")),
            moment(record.get("created_time"), "created_time", problems),
            moment(record.get("update_time"), "update_time", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """id and created_time, which the list is sorted by."""
        created = moment(record.get("created_time"), "", Problems())
        return record.get("id"), created

    def _newest_first(self, product: int, since: datetime) -> Iterator[list[Found]]:
        """Pages until one ends before `since`.

        A new review pushes others back, they are seen twice; a removed one pulls
        them forward, so that many pages are gone back.
        """
        lately = Lately(1_000)
        page, total = 1, 0
        while True:
            listing = self._fetch_reviews(product, page)
            gone, total = total - listing.total, listing.total
            if gone > 0 and page > 1:
                page = max(1, page - -(-gone // self.page_size))
                continue
            versions = [self.version_of(one) for one in listing.records]
            pairs = zip(listing.records, versions, strict=True)
            yield [one for one, version in pairs if lately.is_new(version)]
            oldest = versions[-1][1] if versions else None
            if page * self.page_size >= total or (oldest and oldest < since):
                return
            page += 1

    def _fetch_reviews(self, product: int, page: int) -> Listing:
        body = {
            # The buyers' pictures are not needed.
            "avatar": 0,
            "supplier_item_id": product,
            "supplier_kdt_id": self.config.grant_id,
            "page": page,
            "page_size": self.page_size,
        }
        data = self.client.read(self.api, self.version, body, page)
        models = part(part(data, "item_reviews_models"), "data")
        total = part(models, "paginator").get(self.total_name)
        place = f"{self.api} {self.version}, product {product}, page {page}"
        return self.listing({**models, self.total_name: total}, place)

    def _products(self) -> Iterator[int]:
        now = self.client.clock()
        for api in PRODUCTS:
            fetch = partial(self._fetch_products, api)
            name = f"{self.source}: {api}"
            for items in sweep(name, fetch, now, now, PRODUCTS_PAGE, 1_000_000):
                yield from (item["item_id"] for item in items if "item_id" in item)

    def _fetch_products(
        self, api: str, _since: datetime, _until: datetime, page: int
    ) -> Listing:
        body = {"page_no": page, "page_size": PRODUCTS_PAGE}
        data = part({"": self.client.read(api, "3.0.0", body, page)}, "")
        counted = {**data, self.total_name: data.get("count")}
        return self.listing(counted, f"{api} 3.0.0, page {page}")


def _is_within(record: Record, since: datetime, until: datetime) -> bool:
    """Written or changed since, and written before `until`; unreadable is within."""
    created = moment(record.get("created_time"), "", Problems())
    changed = moment(record.get("update_time"), "", Problems())
    if created is None:
        return True
    return created < until and max(created, changed or created) >= since


def _rating(record: Record, problems: Problems) -> int | None:
    """1 to 5: the buyer's own for the goods, else the three words as stars."""
    for given in (record.get("desc_rate"), STARS.get(str(record.get("rate")))):
        if given in (1, 2, 3, 4, 5):
            return int(given)
    problems.add("rate", record.get("rate"), "one of 10, 20, 30")
    return None
