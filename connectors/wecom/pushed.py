"""What WeCom pushes: contacts made and ended, groups joined and left."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.base import Page, Received, Record, Request, Row, Stream
from connectors.paging import Found
from connectors.values import Problems, epoch, part, text
from connectors.wechat_base.entries import COLUMNS, entry, hour_of, identifiers, joined
from connectors.wechat_base.push import PushDoor
from connectors.wecom.config import Config

PLACE = "pushed by WeCom"
# By Event and ChangeType; of groups also by UpdateDetail.
CONTACTS = {"add_external_contact": "follow", "del_follow_user": "unfollow"}
GROUPS = {"add_member": "join", "del_member": "leave"}
ENDED_BY = {"del_follow_user": "customer", "del_external_contact": "staff"}
# Who came by a code: only the list of members tells by which one.
BY_CODE = "3"
OUTSIDERS = ("wm", "wo")


class Events(Stream):
    """What WeCom pushes; `follows` and `joins` list what of it was lost."""

    name = "events"
    entity = "interactions"
    key = ("kind", "interaction_key")
    cursor = "CreateTime"
    columns = COLUMNS
    is_pushed = True
    callback_keys = ("callback_token", "encoding_aes_key")

    def __init__(self, source: str, config: Config) -> None:
        super().__init__(source, config.since)
        self.config = config

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        """None: it is only told by callbacks."""
        return iter(())

    def rows(self, record: Record) -> Iterable[Row]:
        """One row; keys of what can be listed too are those of the lists."""
        problems = Problems()
        stamp = text(record.get("CreateTime"))
        at = epoch(stamp, "CreateTime", problems)
        kind, change = _kind(record), text(record.get("ChangeType"))
        userid, chat = text(record.get("UserID")), text(record.get("ChatId"))
        person = text(record.get("ExternalUserID"))
        if kind is None:
            problems.add("ChangeType", change, "one of those that are known")
        keys = {
            "follow": joined(userid, person, hour_of(at)),
            "unfollow": joined(change, userid, person, stamp),
            "join": joined(chat, person, hour_of(at)),
            "leave": joined(chat, text(record.get("CurMemVer")) or stamp, person),
        }
        yield entry(
            getattr(record, "place", None),
            problems,
            kind=kind,
            key=keys.get(kind or ""),
            at=at,
            account=chat if kind in ("join", "leave") else userid,
            who=identifiers([("external_userid", self.config.corp_id, person)]),
            code=text(record.get("State")) if kind == "follow" else None,
        )

    def record_of(self, raw: Mapping[str, Any]) -> Record:
        """The push as it came."""
        return Found(dict(raw))


class WeComCallbacks(PushDoor):
    """Takes enciphered pushes; WeCom has no others."""

    def __init__(self, source: str, config: Config) -> None:
        super().__init__(source, config, config.corp_id)
        self.config = config

    def receive(self, request: Request) -> Received:
        """What one push tells; the question whether we are here gets its echo."""
        query = request.query
        if request.method == "GET":
            return Received({}, self.opened(query, query.get("echostr")))
        outer = self.parsed(request.body)
        push = self.parsed(self.opened(query, outer.get("Encrypt")))
        told = {"events": list(_acts(push)), "contacts": list(_endings(push))}
        wanted = self.config.streams
        return Received(
            {name: told[name] for name in wanted if told.get(name)}, answer=b""
        )


def _acts(push: dict[str, Any]) -> Iterator[Found]:
    """What customers did: of a group, one record for each of its members."""
    kind = _kind(push)
    if kind in ("follow", "unfollow"):
        yield Found(push, PLACE)
    elif kind == "leave" or (kind == "join" and push.get("JoinScene") != BY_CODE):
        for person in _members(push):
            yield Found({**push, "ExternalUserID": person}, PLACE)


def _endings(push: dict[str, Any]) -> Iterator[Found]:
    """A contact that ended, as `contacts` reads it: what was known of it goes."""
    change = push.get("ChangeType")
    if push.get("Event") == "change_external_contact" and change in ENDED_BY:
        ended = {
            "external_contact": {"external_userid": push.get("ExternalUserID")},
            "follow_info": {"userid": push.get("UserID")},
            "left_at": push.get("CreateTime"),
            "left_by": ENDED_BY[change],
        }
        yield Found(ended, PLACE)


def _kind(push: Mapping[str, Any]) -> str | None:
    """Our word for it, None for what no customer does."""
    event, change = push.get("Event"), push.get("ChangeType")
    if event == "change_external_contact":
        return CONTACTS.get(change) if isinstance(change, str) else None
    if event == "change_external_chat" and change == "update":
        detail = push.get("UpdateDetail")
        return GROUPS.get(detail) if isinstance(detail, str) else None
    return None


def _members(push: Mapping[str, Any]) -> list[str]:
    """Those from outside who came or went; older pushes only count them."""
    items = part(push, "MemChangeList").get("Item")
    listed = items if isinstance(items, list) else [items]
    return [one for one in listed if isinstance(one, str) and one.startswith(OUTSIDERS)]
