"""Bulk operations of the double: one at a time, a file of lines at its end."""

import json
import re
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.sandbox.server import Answer
from connectors.sandbox.shopify_graphql import (
    Connection,
    Field,
    Wrong,
    answer,
    connections,
    parse,
)

Body = dict[str, Any]
OVER = ("COMPLETED", "FAILED", "CANCELED", "EXPIRED")
# How many connections a question may have, and how deep.
MOST, DEEPEST = 5, 2


class Shop(Protocol):
    """What has the lists that an operation walks over."""

    @property
    def url(self) -> str: ...

    def connection(self, name: str, query: str) -> Connection: ...


@dataclass
class Operation:
    """One question; `looks` counts how often somebody asked whether it is over."""

    number: str
    query: str
    is_grouped: bool
    field: Field
    status: str = "CREATED"
    error: str | None = None
    looks: int = 0
    lines: int = 0
    roots: int = 0
    file: bytes = b""


class BulkOperations:
    """Of one app in one shop. `fates` are error codes that the next ones end with.

    An operation runs until it was looked at `patience` times.
    """

    def __init__(self, shop: Shop) -> None:
        self.all: list[Operation] = []
        self.fates: list[str] = []
        self.patience = 2
        self._shop = shop

    def begin(self, query: str, is_grouped: bool) -> Body:
        """`bulkOperationRunQuery`."""
        running = [one for one in self.all if one.status not in OVER]
        if running:
            return _refused(
                "A bulk query operation for this app and shop is already in progress: "
                f"{_gid(running[0])}."
            )
        try:
            _, selection = parse(query, {})
        except Wrong as wrong:
            return _refused(f"Invalid bulk query: {wrong}")
        wrong_shape = _wrong(selection)
        if wrong_shape:
            return _refused(wrong_shape)
        number = str(720_000 + len(self.all))
        operation = Operation(number, query, is_grouped, selection[0])
        self.all.append(operation)
        return {"bulkOperation": self._shown(operation), "userErrors": []}

    def look(self, number: str) -> Body | None:
        """`node(id: …)`, each look brings it nearer to its end."""
        found = next((one for one in self.all if one.number == number), None)
        if found is None:
            return None
        if found.status not in OVER:
            found.looks += 1
            found.status = "RUNNING"
            if found.looks >= self.patience:
                self._finish(found)
        return self._shown(found)

    def file(self, path: str) -> Answer:
        """The lines; whoever has the address needs no token."""
        match = re.fullmatch(r"/bulk/(\d+)\.jsonl", path)
        found = [one for one in self.all if match and one.number == match[1]]
        if not found or not found[0].file:
            return Answer(b"<Error><Code>NoSuchKey</Code></Error>", 404)
        return Answer(found[0].file, headers={"Content-Type": "application/jsonl"})

    def _finish(self, operation: Operation) -> None:
        if self.fates:
            operation.error = self.fates.pop(0)
            is_cancelled = operation.error == "CANCELED"
            operation.status = "CANCELED" if is_cancelled else "FAILED"
            return
        operation.status = "COMPLETED"
        one = operation.field
        found = self._shop.connection(one.name, one.arguments.get("query", ""))
        walked = answer({one.name: found}, [one], True)[one.alias]
        roots = [walked.show(item) for item in walked.items]
        lines = list(_lines(roots, operation.is_grouped))
        operation.roots, operation.lines = len(roots), len(lines)
        operation.file = "".join(
            f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines
        ).encode()

    def _shown(self, operation: Operation) -> Body:
        address = (
            f"{self._shop.url}/bulk/{operation.number}.jsonl?signature=demo-signed"
        )
        return {
            "id": _gid(operation),
            "status": operation.status,
            "errorCode": operation.error,
            "query": operation.query,
            "objectCount": str(operation.lines),
            "rootObjectCount": str(operation.roots),
            "fileSize": str(len(operation.file)) if operation.file else None,
            "url": address if operation.file else None,
            "partialDataUrl": None,
        }


def _lines(roots: list[Body], is_grouped: bool) -> list[Body]:
    """Parents without their connections, and these as lines of their own."""
    parents, children, both = [], [], []
    for root in roots:
        inner = {name: one for name, one in root.items() if _is_connection(one)}
        parent = {name: one for name, one in root.items() if name not in inner}
        own = [
            {**found.show(item), "__parentId": root["id"]}
            for found in inner.values()
            for item in found.items
        ]
        parents.append(parent)
        children += own
        both += [parent, *own]
    return both if is_grouped else [*parents, *children]


def _is_connection(value: Any) -> bool:
    return isinstance(value, Connection)


def _wrong(selection: list[Field]) -> str | None:
    depths = list(connections(selection))
    if not depths:
        return "The query must contain at least one connection"
    if len(depths) > MOST or max(depths) >= DEEPEST:
        return f"Bulk queries take {MOST} connections, nested {DEEPEST} deep, at most"
    if any(_within_lists(one) for one in selection):
        return (
            "Queries that contain a connection field within a list field are not "
            "currently supported."
        )
    return None


def _within_lists(one: Field) -> list[int]:
    """Connections inside of the lists that this shop has."""
    found = list(connections(one.selection)) if one.name == "refunds" else []
    return found + [two for inner in one.selection for two in _within_lists(inner)]


def _gid(operation: Operation) -> str:
    return f"gid://shopify/BulkOperation/{operation.number}"


def _refused(message: str) -> Body:
    return {
        "bulkOperation": None,
        "userErrors": [{"field": ["query"], "message": message}],
    }
