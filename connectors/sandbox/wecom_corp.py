"""One corp of WeCom's double: what happens in it, and the pushes of that."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.sandbox.server import Double
from connectors.sandbox.wechat_push import sealed_push
from connectors.sandbox.wecom_json import Body, Chat, Contact, Member, Tag

CORP = "wwdemo0000000001"
CALLBACK_TOKEN = "demo-wecom-token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ASKED = ("msg_signature", "timestamp", "nonce")


class Corp(Double):
    """`clock` is the time of day in seconds, for tokens, quotas and pushes."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.staff: list[str] = []
        self.contacts: list[Contact] = []
        self.chats: dict[str, Chat] = {}
        self.tags: list[Tag] = []
        self.ways: dict[str, Body] = {}
        self.clock: Callable[[], float] = time.time

    def scan(self, config_id: str, person: str, at: int) -> Body:
        """Somebody scans a contact way and becomes a contact; the event of it."""
        way = self.ways[config_id]
        added = Contact(way["user"][0], person, at, state=way["state"])
        self.contacts.append(added)
        more = {"State": way["state"], "WelcomeCode": "WC01"}
        return self.changed("add_external_contact", way["user"][0], person, at, **more)

    def changed(
        self, change: str, userid: str, person: str, at: int, **more: Any
    ) -> Body:
        """The fields of an event about a contact; an end has its effect too."""
        if change in ("del_external_contact", "del_follow_user"):
            ended = (userid, person)
            self.contacts = [
                one for one in self.contacts if (one.userid, one.person) != ended
            ]
        who = {"UserID": userid, "ExternalUserID": person}
        return {**_head(at, "change_external_contact", change), **who, **more}

    def moved(
        self, chat_id: str, detail: str, people: Sequence[str], at: int, scene: int = 1
    ) -> Body:
        """The fields of an event about a group, which changes by it."""
        chat = self.chats[chat_id]
        before, chat.version = chat.version, chat.version + 1
        if detail == "add_member":
            chat.members += [Member(one, at) for one in people]
        else:
            chat.members = [one for one in chat.members if one.userid not in people]
        field = "JoinScene" if detail == "add_member" else "QuitScene"
        return {
            **_head(at, "change_external_chat", "update"),
            "ChatId": chat_id,
            "UpdateDetail": detail,
            field: scene,
            "MemChangeCnt": len(people),
            "MemChangeList": {"Item": list(people)},
            "LastMemVer": f"v{before}",
            "CurMemVer": f"v{chat.version}",
        }

    def pushed(self, fields: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        """The query and body of a push of now."""
        query, body = sealed_push(fields, CALLBACK_TOKEN, self.clock(), AES_KEY, CORP)
        return {name: query[name] for name in ASKED}, body


def _head(at: int, event: str, change: str) -> Body:
    who = {"ToUserName": CORP, "FromUserName": "sys", "CreateTime": at}
    return {**who, "MsgType": "event", "Event": event, "ChangeType": change}
