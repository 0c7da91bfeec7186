"""What WooCommerce's lists have in common: pages from 1, the total in a header."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Record, SourceRefused
from connectors.client import Call, Cure, Reply, Trouble
from connectors.paging import SECOND, Found, Listing
from connectors.values import Problems, moment, text
from connectors.windowed import WindowedStream
from connectors.woocommerce.client import WooClient
from connectors.woocommerce.config import Config

TOTAL = "X-WP-Total"
HALF_HOUR = timedelta(minutes=30)


class WooStream(WindowedStream):
    """A list of one shop; its total stands in a header, and not in the answer."""

    # WooCommerce sets no limit; a week keeps a failure cheap.
    longest_window = timedelta(days=7)
    list_name = ""

    def __init__(self, source: str, config: Config, client: WooClient) -> None:
        super().__init__(source, client, config)
        self.config = config
        self._read = client.read

    def read(self, path: str, params: Mapping[str, str], page: int) -> Listing:
        """One page of a list, oldest first, in an order that changes do not touch."""
        paging = {"page": str(page), "per_page": str(self.page_size), "order": "asc"}
        reply = self._read(path, {"orderby": "id", **params, **paging}, page)
        return self.listed(reply, f"{path}, page {page}")

    def changed_orders(
        self, since: datetime, until: datetime, page: int, **more: str
    ) -> Listing:
        """One page of the orders changed in [since, until)."""
        params = {
            "status": self.config.order_status,
            # Both ends are exclusive, in full seconds.
            "modified_after": in_utc(since - SECOND),
            "modified_before": in_utc(until),
            "dates_are_gmt": "true",
            **more,
        }
        listing = self.read("orders", params, page)
        self._insist_on_window(listing, since, until)
        return listing

    def listed(self, reply: Reply, place: str) -> Listing:
        """The records of an answer and their total; missing ones are an error."""
        total = str(reply.headers.get(TOTAL, ""))
        if not isinstance(reply.body, list) or not total.isdecimal():
            said = "the answer is no list" if total.isdecimal() else f"no {TOTAL} came"
            advice = f"a cache or proxy before the shop must let {TOTAL} pass"
            raise self.client.error(Call(place, ""), Trouble(Cure.WAIT, said, advice))
        return Listing([Found(one, place) for one in reply.body], int(total))

    def _insist_on_window(
        self, listing: Listing, since: datetime, until: datetime
    ) -> None:
        """Refuse a shop that ignores the window, or is hours off with it.

        Half an hour is the smallest step of a time zone. What changed a moment ago may
        have done so between being found and being written out.
        """
        first, last = in_utc(since - HALF_HOUR), in_utc(until + HALF_HOUR)
        lately = self.client.clock() - timedelta(minutes=10)
        for record in listing.records:
            # Written alike, times are in the order of their letters.
            if first < str(record.get("date_modified_gmt")) < last:
                continue
            changed = changed_at(record)
            if changed is None or changed > lately:
                continue
            raise SourceRefused(
                f"{self.source}: {self.name}: order {text(record.get('id'))} was "
                f"changed at {changed}, and asked for was {since} to {until}: this "
                "WooCommerce does not heed modified_after or dates_are_gmt: update it"
            )

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """id and the time of the last change."""
        return text(record.get("id")), changed_at(record)


def in_utc(time: datetime) -> str:
    """UTC without saying so, as WooCommerce writes and reads it."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def utc(record: Record, field: str, problems: Problems) -> datetime | None:
    """The twin of `field` that is in UTC."""
    twin = f"{field}_gmt"
    return moment(record.get(twin), twin, problems, UTC)


def changed_at(record: Record) -> datetime | None:
    """When a record was last changed; for one that never was, when it was made."""
    problems = Problems()
    return utc(record, "date_modified", problems) or utc(
        record, "date_created", problems
    )
