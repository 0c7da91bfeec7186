"""What Weibo pushes: messages, follows, scans, menu clicks, mentions."""

import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha1
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
from connectors.paging import Found
from connectors.values import Problems, epoch, part, text
from connectors.weibo.config import Config
from connectors.weibo.entries import COLUMNS, entry, written_at

MESSAGES = ("text", "position", "voice", "image")
# A scan that made somebody follow is a follow that says which code it came by.
EVENTS = {
    **{name: name for name in ("follow", "unfollow", "subscribe", "unsubscribe")},
    **{name: name for name in ("scan", "click", "view")},
    "scan_follow": "follow",
}
MENTIONED_IN = ("status", "comment")


class Messages(Stream):
    """Everything that Weibo pushes; there is no call to ask for it again."""

    name = "messages"
    entity = "interactions"
    key = ("kind", "interaction_key")
    cursor = "created_at"
    columns = COLUMNS
    is_pushed = True
    callback_keys = ("app_secret",)

    def __init__(self, source: str, config: Config) -> None:
        super().__init__(source, config.since)
        self.config = config

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """None: it is only told by callbacks."""
        return iter(())

    def rows(self, record: Record) -> Iterable[Row]:
        """One row. A push has no id: who, when and what must do."""
        problems = Problems()
        at, uid = written_at(record, problems), text(record.get("sender_id"))
        kind, data = _kind(record), part(record, "data")
        if kind is None:
            problems.add("type", record.get("type"), "one of those that are known")
        body = text(record.get("text")) if kind in ("message", "mention") else None
        is_known = kind and uid and at
        yield entry(
            getattr(record, "place", None),
            problems,
            kind=kind,
            key=_key(record, kind, uid, at) if is_known else None,
            at=at,
            account=text(record.get("receiver_id")),
            uid=uid,
            body=body,
            code=text(data.get("key")) if kind in ("follow", "scan") else None,
        )

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The push as it came."""
        return Found(dict(raw))


class WeiboCallbacks(Callbacks):
    """Verifies pushes with `app_secret`; `clock` is an attribute for tests."""

    def __init__(self, source: str, config: Config) -> None:
        assert config.app_secret is not None
        self.source = source
        self.config = config
        self.clock: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._secret = config.app_secret.get_secret_value()

    def receive(self, request: Request) -> Received:
        """The message of one push; the question whether we are here gets its echo."""
        self._verify(request.query)
        if request.method == "GET":
            return Received({}, request.query.get("echostr", "").encode())
        push = self._read(request.body)
        if _kind(push) is None:
            # New kinds come without notice, and want an answer all the same.
            return Received({}, b"")
        return Received({Messages.name: [Found(push, "pushed by Weibo")]}, b"")

    def _verify(self, query: Mapping[str, str]) -> None:
        stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        joined = "".join(sorted((self._secret, stamp, nonce)))
        wanted = sha1(joined.encode(), usedforsecurity=False).hexdigest()
        given = query.get("signature", "")
        if not hmac.compare_digest(wanted.encode(), given.encode()):
            raise self._refusal(
                "the signature is wrong: check app_secret, or it is not Weibo"
            )
        at = epoch(stamp, "timestamp", Problems())
        if at is None or abs(self.clock() - at) > self.config.callback_age:
            raise self._refusal(
                "the timestamp is too far from now: somebody repeats an old push, or "
                "a clock is wrong; callback_age says how far is allowed"
            )

    def _read(self, body: bytes) -> dict[str, Any]:
        try:
            push = orjson.loads(body)
        except orjson.JSONDecodeError:
            push = None
        if not isinstance(push, dict):
            raise self._refusal(
                "the body is no JSON object: switch the push format to json at Weibo"
            )
        if text(push.get("receiver_id")) != self.config.account:
            raise self._refusal("it is for another account: check account")
        return push

    def _refusal(self, reason: str) -> CallbackRefused:
        return CallbackRefused(f"{self.source}: {reason}")


def _kind(push: Mapping[str, Any]) -> str | None:
    """Our word for it, None for what Weibo has not told us about."""
    what, subtype = push.get("type"), part(push, "data").get("subtype")
    if what in MESSAGES:
        return "message"
    if what == "event" and isinstance(subtype, str):
        return EVENTS.get(subtype)
    if what == "mention" and subtype in MENTIONED_IN:
        return "mention"
    return None


def _key(
    push: Mapping[str, Any], kind: str | None, uid: str | None, at: datetime | None
) -> str | None:
    """A mention by what mentions, as its list knows it; else sender and second."""
    data = part(push, "data")
    if kind == "mention":
        number = text(data.get("key"))
        return f"{data.get('subtype')}-{number}" if number else None
    assert at is not None
    seconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    # Two messages may come within one second.
    what = json.dumps([push.get("type"), push.get("text"), data])
    digest = md5(what.encode(), usedforsecurity=False).hexdigest()[:8]
    return f"{uid}-{seconds}-{digest}"
