"""Customers with an account, by the time they registered."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from connectors.base import Page, Record, Row
from connectors.paging import Lately, Listing, sweep
from connectors.people import full_name
from connectors.values import Problems, part, text
from connectors.woocommerce.stream import WooStream, utc

ENDLESS = 10**9


class Customers(WooStream):
    """`/customers`: it takes no times, so it is read backwards from the newest.

    Who has changed is not told, so all are read again once per `customer_round`;
    orders and webhooks bring most changes before.
    """

    name = "customers"
    entity = "customers"
    key = ("buyer_id",)
    cursor = "date_created_gmt"
    columns = (
        "place",
        "problem",
        "buyer_id",
        "phone",
        "email",
        "name",
        "country",
        "city",
        "registered_at",
        "updated_at",
    )
    # Without times in the question, one long window costs no more than a short one.
    longest_window = timedelta(days=36_500)

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """New customers, or all when the round is due.

        The cursor holds two times: customers are read up to the first, and the last
        round was at the second.
        """
        read, _, round_at = (cursor or "").partition(" ")
        begun = datetime.fromisoformat(round_at) if round_at else None
        every = self.config.customer_round
        if begun is None or (every and until - begun >= every):
            read, begun = "", until
        for page in super().pull(read or None, until):
            position = f"{page.cursor} {begun.isoformat()}" if page.cursor else None
            yield Page(page.records, position)

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The customers registered in [since, until)."""
        name, lately = f"{self.source}: {self.name}", Lately(10_000)
        for listed in sweep(name, self.fetch, since, until, self.page_size, ENDLESS):
            times = [utc(one, "date_created", Problems()) for one in listed]
            records = [
                one
                for one, time in zip(listed, times, strict=True)
                if (time is None or since <= time < until)
                and lately.is_new(self.version_of(one))
            ]
            if records:
                yield Page(records)
            if any(time and time < since for time in times):
                return

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of all customers, those first who registered first."""
        params = {"role": self.config.customer_role, "orderby": "registered_date"}
        return self.read("customers", params, page)

    def rows(self, record: Record) -> Iterator[Row]:
        """One row."""
        problems = Problems()
        billing = part(record, "billing")
        first = text(record.get("first_name")) or billing.get("first_name")
        last = text(record.get("last_name")) or billing.get("last_name")
        values = (
            text(record.get("id")),
            text(billing.get("phone")),
            text(record.get("email")) or text(billing.get("email")),
            full_name(first, last),
            text(billing.get("country")),
            text(billing.get("city")),
            utc(record, "date_created", problems),
            utc(record, "date_modified", problems),
        )
        yield (getattr(record, "place", None), problems.text, *values)
