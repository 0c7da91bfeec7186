"""What Shopify's lists have in common: sorted pages by cursor, history in bulk."""

import logging
from abc import abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, ClassVar

from connectors.base import Page, Record, SourceRefused, Stream
from connectors.client import Call, CallRefused, Cure, Trouble
from connectors.paging import Found, Lately
from connectors.shopify.bulk import Bulk, TooMuch
from connectors.shopify.client import TOO_COSTLY, ShopifyClient
from connectors.shopify.config import Config
from connectors.values import Problems, day_after, moment, part

log = logging.getLogger(__name__)

PAGE = """query Page($first: Int!, $after: String, $query: String!) {{
  {root}(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {{
    pageInfo {{ hasNextPage endCursor }}
    nodes {{ {fields} }}
  }}
}}"""
BULK = """{{
  {root}(query: "{query}", sortKey: UPDATED_AT) {{ edges {{ node {{ {fields} }} }} }}
}}"""
LARGEST_PAGE = 250
ALMOST_A_SECOND = timedelta(microseconds=999_999)


class ShopifyStream(Stream):
    """A list of one shop by the time of the last change, oldest first.

    Shopify's cursors hold on to a record, not to a page number, so that whatever
    changes in between moves to the end and takes nobody's place.
    """

    root: ClassVar[str]
    """The connection that is asked for."""
    cheapness: ClassVar[int] = 1
    """How many of them cost as many points as an order with its lines."""
    is_sorted = True
    max_window = timedelta(days=366)

    def __init__(self, source: str, config: Config, client: ShopifyClient) -> None:
        super().__init__(source, config.since)
        self.config = config
        self.client = client
        self.overlap = config.overlap
        self.lag = config.lag
        self.page_size = min(config.page_size * self.cheapness, LARGEST_PAGE)

    @abstractmethod
    def fields(self, is_bulk: bool) -> str:
        """What is asked for of each; nested lists go without a limit in bulk."""

    def found(self, node: dict[str, Any], place: str) -> Iterable[Found]:
        """The records of one node."""
        return [Found(node, place)]

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The record as it was landed."""
        return Found(dict(raw))

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The records changed in [since, until), and where each page ends."""
        lately = Lately(self.config.deepest_record)
        start: datetime | None = since.replace(microsecond=0)
        while start is not None:
            start = yield from self._walk(start, until, lately)

    def pull(self, cursor: str | None, until: datetime) -> Iterator[Page]:
        """As everywhere; says when Shopify leaves something out."""
        self.notes = []
        position = datetime.fromisoformat(cursor) if cursor else self.since
        if unseen := self._unseen(position):
            self.notes.append(unseen)
        yield from super().pull(cursor, until)
        used = self.client.answered_version
        if used != self.config.api_version:
            self.notes.append(
                f"{self._title()}: Shopify no longer knows {self.config.api_version} "
                f"and used {used}: set api_version"
            )

    def backfill(self, since: datetime, until: datetime) -> Iterator[Page]:
        """As everywhere, by bulk operations, which cost no points.

        A window that takes Shopify too long is halved.
        """
        if unseen := self._unseen(since):
            raise SourceRefused(unseen)
        bulk = Bulk(self.client, self.config)
        span, position = self.config.bulk_window, since
        while position < until:
            end = min(position + span, until)
            try:
                yield from self._history(bulk, position, end)
            except TooMuch:
                span = (end - position) / 2
                if span < timedelta(minutes=1):
                    raise
                continue
            yield Page((), end.isoformat())
            position = end

    def _history(self, bulk: Bulk, since: datetime, until: datetime) -> Iterator[Page]:
        query = BULK.format(
            root=self.root, query=_changed(since, until), fields=self.fields(True)
        )
        found = (
            record
            for node in bulk.nodes(query)
            if self._is_wanted(node, until)
            for record in self.found(node, f"bulk operation {bulk.number}")
        )
        while records := list(islice(found, LARGEST_PAGE)):
            yield Page(records)

    def _walk(
        self, start: datetime, until: datetime, lately: Lately
    ) -> Generator[Page, None, datetime | None]:
        """The pages of one question; where to ask anew when it has got too deep."""
        after, read, number = None, 0, 0
        while True:
            number += 1
            listing = self._page(start, until, after, number)
            nodes, info = listing["nodes"], part(listing, "pageInfo")
            place = f"{self.root}, page {number} from {start:%Y-%m-%d %H:%M:%S}"
            wanted = [one for one in nodes if self._is_wanted(one, until)]
            new = [one for one in wanted if lately.is_new(_version(one))]
            records = [record for one in new for record in self.found(one, place)]
            if records:
                yield Page(records, _end(new))
            if info.get("hasNextPage") is not True:
                return None
            read, after = read + len(nodes), info.get("endCursor")
            if read >= self.config.deepest_record:
                return self._deeper(start, nodes)

    def _page(
        self, start: datetime, until: datetime, after: str | None, number: int
    ) -> dict[str, Any]:
        query = PAGE.format(root=self.root, fields=self.fields(False))
        while True:
            variables = {
                "first": self.page_size,
                "after": after,
                "query": _changed(start, until),
            }
            try:
                data = self.client.ask(self.name, query, variables, number)
            except CallRefused as refused:
                if refused.code != TOO_COSTLY or self.page_size == 1:
                    raise
                self.page_size = (self.page_size + 1) // 2
                log.info("%s: %s; asking for %d", self.source, refused, self.page_size)
                continue
            return self._listing(data, number)

    def _listing(self, data: dict[str, Any], number: int) -> dict[str, Any]:
        listing = part(data, self.root)
        nodes = listing.get("nodes")
        if not isinstance(nodes, list) or not isinstance(listing.get("pageInfo"), dict):
            said = f"the answer holds no {self.root}"
            call = Call(self.name, "", number)
            raise self.client.error(call, Trouble(Cure.WAIT, said))
        return {**listing, "nodes": [one for one in nodes if isinstance(one, dict)]}

    def _is_wanted(self, node: dict[str, Any], until: datetime) -> bool:
        if node.get("test") is True and not self.config.test_orders:
            return False
        changed = changed_at(node)
        return changed is None or changed < until

    def _deeper(self, start: datetime, nodes: list[dict[str, Any]]) -> datetime:
        last = changed_at(nodes[-1]) if nodes else None
        if last is None or last <= start:
            raise SourceRefused(
                f"{self._title()}: more than {self.config.deepest_record:,} records "
                f"changed at {start}: Shopify lets nobody page so far, use backfill"
            )
        return last.replace(microsecond=0)

    def _unseen(self, since: datetime) -> str | None:
        """What the app is not shown, if it wants to know more than that."""
        short = self.config.short_history
        if self.root != "orders" or short is None:
            return None
        oldest = self.client.clock() - short
        if since >= oldest or "read_all_orders" in self.client.scopes():
            return None
        return (
            f"{self._title()}: the app sees no order that is older than {short.days} "
            f"days: give it the scope read_all_orders, or begin at "
            f"{day_after(oldest)}"
        )

    def _title(self) -> str:
        return f"{self.source}: {self.name}"


def changed_at(node: Mapping[str, Any]) -> datetime | None:
    """When a node was last changed."""
    return moment(node.get("updatedAt"), "updatedAt", Problems(), UTC)


def number_of(gid: Any) -> Any:
    """`450789469` of `gid://shopify/Order/450789469`; plain numbers stay."""
    return gid.rpartition("/")[2] if isinstance(gid, str) else gid


def shop_money(bag: Any) -> Any:
    """The amount in the shop's own currency, whatever the buyer has paid in."""
    return part(bag, "shopMoney").get("amount")


def _version(node: dict[str, Any]) -> tuple[Any, Any]:
    return node.get("id"), node.get("updatedAt")


def _end(nodes: list[dict[str, Any]]) -> str | None:
    """The last change of a page; None should it not be in order."""
    times = [changed_at(one) for one in nodes]
    known = [one for one in times if one is not None]
    is_sorted = len(known) == len(times) and known == sorted(known)
    return known[-1].isoformat() if known and is_sorted else None


def _changed(since: datetime, until: datetime) -> str:
    """The filter for what changed in [since, until), out to full seconds."""
    end = (until + ALMOST_A_SECOND).replace(microsecond=0)
    return f"updated_at:>='{_zulu(since)}' AND updated_at:<'{_zulu(end)}'"


def _zulu(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
