"""What Taobao's lists have in common: named fields, two times, wrapped lists."""

from datetime import datetime
from typing import Any, ClassVar

from connectors.base import Record
from connectors.paging import Listing
from connectors.taobao.client import TaobaoClient
from connectors.taobao.config import Config
from connectors.values import Problems, in_china, moment, part, text
from connectors.windowed import WindowedStream


class TaobaoStream(WindowedStream):
    """A list of one shop, by the time of the last change."""

    api: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    """What is not asked for is not in the answer."""
    number_name: ClassVar[str]
    """The field that identifies a record."""
    times: ClassVar[tuple[str, str]] = ("start_modified", "end_modified")
    wrapper: ClassVar[str]
    """Lists come as `{"trades": {"trade": […]}}`, empty ones not at all."""
    total_name = "total_results"

    def __init__(self, source: str, config: Config, client: TaobaoClient) -> None:
        self.config = config
        self.longest_window = config.window
        super().__init__(source, client, config, config.history)
        self._read = client.read

    def question(self) -> dict[str, str]:
        """The parameters that are the same in each call, besides fields and paging."""
        return {"type": ",".join(self.config.trade_types)}

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the records changed in [since, until]."""
        start, end = self.times
        params = {
            **self.question(),
            "fields": ",".join(self.fields),
            start: in_china(since),
            end: in_china(until),
            "page_no": str(page),
            "page_size": str(self.page_size),
            # Otherwise there is no total, hence no last page to begin with.
            "use_has_next": "false",
        }
        answer = self._read(self.api, params, page)
        records = part(answer, self.wrapper).get(self.list_name)
        place = f"{self.api}, page {page}"
        return self.listing({**answer, self.list_name: records}, place, page)

    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """The record's number, and the time that the list goes by."""
        changed = moment(record.get(self.cursor), "", Problems())
        return number_of(record, self.number_name), changed


def number_of(record: Any, name: str) -> str | None:
    """A number of 64 bits: as text where Taobao gives it as text too."""
    return text(record.get(f"{name}_str")) or text(record.get(name))
