"""Bulk operations: Shopify writes a file of everything, which is read line by line."""

import re
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import orjson
import requests

from connectors.base import SourceRefused, SourceUnavailable
from connectors.client import Call, Client, Reply, Trouble
from connectors.shopify.client import ShopifyClient
from connectors.shopify.config import Config
from connectors.values import Problems, part, parts

START = """mutation Start($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { field message }
  }
}"""
LOOK = """query Look($id: ID!) {
  node(id: $id) {
    ... on BulkOperation { id status errorCode rootObjectCount url query }
  }
}"""
GID = re.compile(r"gid://shopify/BulkOperation/\d+")
GOING_ON = ("CREATED", "RUNNING", "CANCELING")
PIECE = 1 << 20


class TooMuch(SourceUnavailable):
    """Shopify gave up, since the operation took too long."""


class Bulk:
    """Runs one operation after the other for one stream.

    Shopify lets an app run few at once: one of the same question that an interrupted
    run has left behind is taken over, any other is waited for.
    """

    def __init__(self, client: ShopifyClient, config: Config) -> None:
        self._client = client
        self._config = config
        looks = config.bulk_patience.total_seconds() / config.bulk_pause
        self._looks = max(1, int(looks))
        self.number = ""
        """Shopify's number of the operation that was last begun."""

    def nodes(self, query: str) -> Iterator[dict[str, Any]]:
        """Each node of the outer connection, with the nodes inside of it.

        Raises:
            TooMuch: ask for less at once.
            SourceUnavailable: trying again later may help.
            SourceRefused: a person must look.
        """
        gid = self._start(query)
        self.number = gid.rpartition("/")[2]
        done = self._end_of(gid)
        if not done.get("url"):
            # How Shopify says that there is nothing.
            return
        with tempfile.TemporaryFile(prefix="regulars-bulk-") as file:
            self._fetch(done, file)
            yield from self._grouped(file, str(done.get("rootObjectCount")))

    def _start(self, query: str) -> str:
        for _ in range(self._looks):
            asked = self._client.ask("bulkOperationRunQuery", START, {"query": query})
            answer = part(asked, "bulkOperationRunQuery")
            errors = parts(answer, "userErrors", Problems())
            if not errors:
                return str(part(answer, "bulkOperation").get("id"))
            said = "; ".join(str(one.get("message")) for one in errors)
            running = GID.search(said)
            if running is None:
                raise self._refusal(said, "report this")
            if self._look(running[0]).get("query") == query:
                return running[0]
            self._client.pause(self._config.bulk_pause)
        raise self._failure("another one of this app does not come to an end")

    def _end_of(self, gid: str) -> dict[str, Any]:
        for _ in range(self._looks):
            operation = self._look(gid)
            status = operation.get("status")
            if status == "COMPLETED":
                return operation
            if status not in GOING_ON:
                raise self._ended(operation)
            self._client.pause(self._config.bulk_pause)
        raise self._failure("it does not come to an end: raise bulk_patience")

    def _look(self, gid: str) -> dict[str, Any]:
        return part(self._client.ask("BulkOperation", LOOK, {"id": gid}), "node")

    def _ended(self, operation: dict[str, Any]) -> Exception:
        said = f"it is {operation.get('status')}, {operation.get('errorCode')}"
        if operation.get("errorCode") == "TIMEOUT":
            return TooMuch(f"{self._title()}: {said}: lower bulk_window")
        if operation.get("errorCode") == "ACCESS_DENIED":
            return self._refusal(said, "the app lacks a scope that the question needs")
        return self._failure(said)

    def _fetch(self, operation: dict[str, Any], file: IO[bytes]) -> None:
        name = f"the file of bulk operation {self.number}"
        Fetcher(self._client, file).call(
            Call(name, str(operation["url"]), method="GET", is_signed=False)
        )

    def _grouped(self, file: IO[bytes], count: str) -> Iterator[dict[str, Any]]:
        """Roots, which come first, with those that name them as their parent."""
        root: dict[str, Any] | None = None
        roots = 0
        for line in file:
            node = self._node(line)
            parent = node.pop("__parentId", None)
            if parent is None:
                if root is not None:
                    yield root
                root, roots = node, roots + 1
            elif root is not None and root.get("id") == parent:
                root.setdefault("lineItems", {"nodes": []})["nodes"].append(node)
            else:
                raise self._failure("a line stands apart from what it belongs to")
        if count.isdecimal() and int(count) != roots:
            raise self._failure(f"its file has {roots:,} records of {int(count):,}")
        if root is not None:
            yield root

    def _node(self, line: bytes) -> dict[str, Any]:
        try:
            node = orjson.loads(line)
        except orjson.JSONDecodeError:
            node = None
        if not isinstance(node, dict):
            raise self._failure("a line of its file is no JSON object")
        return node

    def _failure(self, said: str) -> SourceUnavailable:
        return SourceUnavailable(f"{self._title()}: {self._client.redact(said)}")

    def _refusal(self, said: str, advice: str) -> SourceRefused:
        return SourceRefused(f"{self._title()}: {self._client.redact(said)}; {advice}")

    def _title(self) -> str:
        number = f" {self.number}" if self.number else ""
        return f"{self._client.source}: bulk operation{number}"


class Fetcher(Client):
    """Gets one file as patiently as any other call, without holding it in memory.

    The whole file first: whoever reads it may be slower than Shopify's storage likes.
    """

    def __init__(self, client: ShopifyClient, file: IO[bytes]) -> None:
        super().__init__(
            client.source, client.pace, sleep=client.pause, clock=client.clock
        )
        self._file = file

    def _send(self, call: Call) -> Reply | Trouble:
        self._file.seek(0)
        self._file.truncate()
        pace = self.pace
        try:
            with self._session.get(
                call.url,
                stream=True,
                timeout=(pace.connect_timeout, pace.read_timeout),
                **self._way(call.url),
            ) as response:
                if trouble := self._by_status(response):
                    return trouble
                for piece in response.iter_content(PIECE):
                    self._file.write(piece)
        except requests.RequestException as error:
            return self._broken(call, error)
        self._file.seek(0)
        return Reply(200, {}, None)
