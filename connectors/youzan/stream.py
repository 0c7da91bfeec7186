"""What Youzan's streams have in common: windows by time, pages, cipher texts."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.base import Page, Record, Stream
from connectors.client import Call, Cure, Trouble
from connectors.paging import SECOND, Found, Listing, once, sweep
from connectors.values import part
from connectors.youzan.client import YouzanClient, is_cipher
from connectors.youzan.config import Config


class YouzanStream(Stream):
    """A list of one shop, read with the shop's client."""

    api: ClassVar[str]
    version: ClassVar[str]
    list_name: ClassVar[str]
    """Where the records are in the answer."""
    total_name: ClassVar[str]
    largest_page: ClassVar[int] = 100
    max_window = timedelta(days=7)

    def __init__(self, source: str, config: Config, client: YouzanClient) -> None:
        super().__init__(source, config.since)
        self.config = config
        self.client = client
        self.overlap = config.overlap
        self.lag = config.lag
        self.page_size = min(config.page_size, self.largest_page)

    @abstractmethod
    def version_of(self, record: Record) -> tuple[Any, datetime | None]:
        """The record's key, and the time that the list goes by."""

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The record as it was landed, plain texts included."""
        return Found(dict(raw))

    def listing(self, data: Any, place: str) -> Listing:
        """The records of an answer; a missing list is an error, never an empty one."""
        answer = data if isinstance(data, dict) else {}
        total, records = answer.get(self.total_name), answer.get(self.list_name)
        if str(total) == "0" and records is None:
            records = []
        if not str(total).isdecimal() or not isinstance(records, list):
            said = f"the answer holds no {self.total_name} or no {self.list_name}"
            raise self.client.error(Call(place, ""), Trouble(Cure.WAIT, said))
        return Listing([Found(record, place) for record in records], int(str(total)))


class WindowedStream(YouzanStream):
    """A list that takes a time window and numbered pages."""

    deepest_record: ClassVar[int]
    deepest_page: ClassVar[int] = 100
    """Youzan pages no further than these; a fuller window is halved."""

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """The records changed in [since, until); each version of one is given once."""
        # Both ends are asked for inclusively: seconds are as fine as Youzan counts.
        start = since.replace(microsecond=0)
        end = (until + SECOND).replace(microsecond=0)
        name = f"{self.source}: {self.name}"
        deepest = min(self.deepest_record // self.page_size, self.deepest_page)
        found = sweep(name, self.fetch, start, end, self.page_size, deepest)
        for records in once(found, self.version_of, until, self.deepest_record):
            self.complete(records)
            yield Page(records)

    def fetch(self, since: datetime, until: datetime, page: int) -> Listing:
        """One page of the records changed in [since, until]."""
        paging = {"page_no": page, "page_size": self.page_size}
        body = {**self.window(since, until), **paging}
        data = self.client.read(self.api, self.version, body, page)
        return self.listing(data, f"{self.api} {self.version}, page {page}")

    @abstractmethod
    def window(self, since: datetime, until: datetime) -> dict[str, Any]:
        """The parameters that ask for [since, until]."""

    def complete(self, records: Sequence[Found]) -> None:
        """Add what other calls know about `records`: here, their plain texts."""
        if not self.config.decrypt:
            return
        ciphers = [
            [text for text in self.secrets_of(record) if is_cipher(text)]
            for record in records
        ]
        plain = self.client.decrypt(text for texts in ciphers for text in texts)
        for record, texts in zip(records, ciphers, strict=True):
            if texts:
                known = {text: plain[text] for text in texts if text in plain}
                record["decrypted"] = known

    def secrets_of(self, record: Record) -> Sequence[Any]:
        """The values that may be cipher texts and are needed in plain."""
        return ()


def plain(record: Record, value: Any) -> str | None:
    """`value` in plain; None where it is masked or stayed a cipher text."""
    if is_cipher(value):
        value = part(record, "decrypted").get(value)
    if not isinstance(value, str) or "*" in value:
        return None
    return value.replace("\x00", "").strip() or None
