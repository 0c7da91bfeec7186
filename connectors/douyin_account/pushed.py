"""What Douyin pushes: messages, follows, likes, group joins, authorisations."""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import orjson

from connectors.base import (
    CallbackRefused,
    Callbacks,
    Page,
    Received,
    Record,
    Request,
    Row,
    Stream,
)
from connectors.douyin_account.config import Config
from connectors.douyin_account.entries import COLUMNS, entry
from connectors.paging import Found
from connectors.values import Problems, epoch, part, text

KINDS = {
    "im_receive_msg": "message",
    "im_enter_direct_msg": "enter",
    "group_fans_event": "join",
    "new_follow_action": "follow",
    "new_video_digg": "like",
    "authorize": "authorize",
    "unauthorize": "unauthorize",
    "contract_authorize": "authorize",
    "contract_unauthorize": "unauthorize",
}
# Of `action_type`, where it is not the act itself that happened.
TAKEN_BACK = {"follow": "unfollow", "like": "unlike"}
DID = (None, "1")
TIMES = ("create_time", "action_time")
QUESTION = "verify_webhook"


class Messages(Stream):
    """Everything that Douyin pushes; there is no call to ask for it again."""

    name = "messages"
    entity = "interactions"
    key = ("kind", "interaction_key")
    cursor = "create_time"
    columns = COLUMNS
    is_pushed = True

    def __init__(self, source: str, config: Config) -> None:
        super().__init__(source, config.since)
        self.config = config

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """None: it is only told by callbacks."""
        return iter(())

    def rows(self, record: Record) -> Iterable[Row]:
        """One row; where the event tells no time, it is when it was pushed."""
        problems = Problems()
        content = _content(record)
        kind = _kind(record)
        if kind is None:
            problems.add("event", record.get("event"), f"one of {', '.join(KINDS)}")
        field = _time_field(content)
        told = content.get(field) if field else record.get("pushed_at")
        yield entry(
            getattr(record, "place", None),
            problems,
            kind=kind,
            key=_key(record, content),
            at=epoch(told, field or "pushed_at", problems),
            account=self.config.account,
            app=self.config.client_key,
            open_id=text(record.get("from_user_id")),
            body=text(content.get("text")) if kind == "message" else None,
        )

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The push as it was kept."""
        return Found(dict(raw))


class AccountCallbacks(Callbacks):
    """Verifies pushes with the secret; `clock` is an attribute for tests.

    A push carries no time of its own, so an old one can be repeated; it is known by
    its number then, and changes nothing.
    """

    def __init__(self, source: str, config: Config) -> None:
        self.source = source
        self.config = config
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._secret = config.client_secret.get_secret_value()

    def receive(self, request: Request) -> Received:
        """The event of one push; the question whether we are here gets its echo."""
        self._verify(request)
        push = self._read(request.body)
        if push.get("event") == QUESTION:
            challenge = _content(push).get("challenge")
            answer = orjson.dumps({"challenge": challenge})
            return Received({}, answer, "application/json")
        if _kind(push) is None or push.get("from_user_id") == self.config.account:
            # What we wrote ourselves, and events that came up after this was written.
            return Received({})
        noted = {**push, "msg_id": request.headers.get("msg-id")}
        if _time_field(_content(push)) is None:
            noted["pushed_at"] = int(self.clock().timestamp())
        return Received({Messages.name: [Found(noted, "pushed by Douyin")]})

    def _verify(self, request: Request) -> None:
        signed = self._secret.encode() + request.body
        wanted = sha1(signed, usedforsecurity=False).hexdigest()
        given = request.headers.get("x-douyin-signature", "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self._refusal(
                "the signature is wrong: check client_secret, or it is not Douyin "
                "that calls"
            )

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            push = orjson.loads(body)
        except orjson.JSONDecodeError:
            push = None
        if not isinstance(push, dict):
            raise self._refusal("the body is no JSON object")
        key = text(push.get("client_key"))
        if key not in (None, self.config.client_key):
            raise self._refusal("it is for another application: check client_key")
        return push

    def _refusal(self, reason: str) -> CallbackRefused:
        return CallbackRefused(f"{self.source}: {reason}")


def _content(push: Mapping[str, Any]) -> dict[str, Any]:
    """An object in older events, the text of one in newer ones."""
    content = push.get("content")
    if isinstance(content, str):
        try:
            content = orjson.loads(content)
        except orjson.JSONDecodeError:
            content = None
    return part({"": content}, "")


def _time_field(content: Mapping[str, Any]) -> str | None:
    """Where the event says when it happened, in milliseconds or in seconds."""
    return next(
        (one for one in ("create_time", "action_time") if content.get(one)), None
    )


def _kind(push: Mapping[str, Any]) -> str | None:
    """Our word for it, None for what is no act of a customer that we know."""
    event = push.get("event")
    kind = KINDS.get(event) if isinstance(event, str) else None
    if kind in TAKEN_BACK and text(_content(push).get("action_type")) not in DID:
        return TAKEN_BACK[kind]
    return kind


def _key(push: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    """The number that Douyin repeats when it pushes again."""
    numbers = (
        push.get("msg_id"),
        content.get("server_message_id"),
        push.get("log_id"),
    )
    return next((found for one in numbers if (found := text(one))), None)
