"""What WeChat pushes: follows, scans, menu clicks, messages, receipts."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.base import Page, Received, Record, Request, Row, Stream
from connectors.paging import Found
from connectors.values import Problems, epoch, text
from connectors.wechat.config import Config
from connectors.wechat_base.entries import COLUMNS, entry, hour_of, identifiers, joined
from connectors.wechat_base.push import PushDoor

MESSAGES = frozenset(
    ("text", "image", "voice", "video", "shortvideo", "location", "link")
)
EVENTS = {
    "subscribe": "follow",
    "unsubscribe": "unfollow",
    "SCAN": "scan",
    "CLICK": "click",
    "scancode_push": "click",
    "scancode_waitmsg": "click",
    "VIEW": "view",
    "view_miniprogram": "view",
    "TEMPLATESENDJOBFINISH": "receipt",
    "user_authorization_revoke": "unauthorize",
}
# Before the parameter of a code that made somebody follow.
SCENE = "qrscene_"


class Events(Stream):
    """Everything that WeChat pushes; there is no call to ask for it again."""

    name = "events"
    entity = "interactions"
    key = ("kind", "interaction_key")
    cursor = "CreateTime"
    columns = COLUMNS
    is_pushed = True
    callback_keys = ("callback_token",)

    def __init__(self, source: str, config: Config) -> None:
        super().__init__(source, config.since)
        self.config = config

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """None: it is only told by callbacks."""
        return iter(())

    def rows(self, record: Record) -> Iterable[Row]:
        """One row. A receipt is no act of anybody's, so it names nobody."""
        problems = Problems()
        at = epoch(record.get("CreateTime"), "CreateTime", problems)
        kind, openid = _kind(record), text(record.get("FromUserName"))
        if kind is None:
            what = record.get("Event") or record.get("MsgType")
            problems.add("MsgType", what, "one of those that are known")
        who = None if kind == "receipt" else openid
        yield entry(
            getattr(record, "place", None),
            problems,
            kind=kind,
            key=_key(record, kind, openid, at),
            at=at,
            account=self.config.app_id,
            who=identifiers([("openid", self.config.app_id, who)]),
            body=_body(record, kind),
            code=_code(record, kind),
        )

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The push as it came."""
        return Found(dict(raw))


class WeChatCallbacks(PushDoor):
    """Takes pushes in the plain mode, or enciphered ones where there is a key."""

    def __init__(self, source: str, config: Config) -> None:
        super().__init__(source, config, config.app_id)
        self.config = config

    def receive(self, request: Request) -> Received:
        """The event of one push; the question whether we are here gets its echo."""
        query = request.query
        self.verify(query, "signature")
        if request.method == "GET":
            return Received({}, query.get("echostr", "").encode())
        push = self.parsed(request.body)
        if self.config.encoding_aes_key:
            push = self.parsed(self.opened(query, push.get("Encrypt")))
        elif "Encrypt" in push and "MsgType" not in push:
            raise self.refusal("it is enciphered: set encoding_aes_key")
        kind = _kind(push)
        if kind is None:
            # New events come without notice, and want an answer all the same.
            return Received({})
        told = {"events": [Found(push, "pushed by WeChat")]}
        if kind == "unfollow":
            told["users"] = [_left(push)]
        wanted = self.config.streams
        return Received({name: told[name] for name in wanted if name in told})


def _left(push: Mapping[str, Any]) -> Found:
    """The user as `users` reads it: what was known of them goes, and the consent."""
    left = {
        "subscribe": 0,
        "openid": push.get("FromUserName"),
        "left_at": push.get("CreateTime"),
    }
    return Found(left, "pushed by WeChat")


def _kind(push: Mapping[str, Any]) -> str | None:
    """Our word for it, None for what no customer of a shop does."""
    what, event = push.get("MsgType"), push.get("Event")
    if what == "event":
        return EVENTS.get(event) if isinstance(event, str) else None
    return "message" if isinstance(what, str) and what in MESSAGES else None


def _key(
    push: Mapping[str, Any], kind: str | None, openid: str | None, at: datetime | None
) -> str | None:
    """What WeChat repeats when it pushes again; a follow as `follows` knows it."""
    if kind == "message":
        return text(push.get("MsgId"))
    if kind == "follow":
        return joined(openid, hour_of(at))
    known = joined(openid, text(push.get("CreateTime")), text(push.get("Event")))
    more = text(push.get("MsgID")) if kind == "receipt" else text(push.get("EventKey"))
    return f"{known}-{more}" if known and more else known


def _body(push: Mapping[str, Any], kind: str | None) -> str | None:
    """Their words; the menu's key or address; what became of a message of ours."""
    if kind == "message":
        return text(push.get("Content"))
    if kind in ("click", "view"):
        return text(push.get("EventKey"))
    return text(push.get("Status")) if kind == "receipt" else None


def _code(push: Mapping[str, Any], kind: str | None) -> str | None:
    """The parameter of the code they scanned, if they did."""
    scene = text(push.get("EventKey"))
    if kind == "scan":
        return scene
    if kind == "follow" and scene and scene.startswith(SCENE):
        return scene.removeprefix(SCENE) or None
    return None
