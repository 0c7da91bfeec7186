"""A double of WeCom: answers calls about one corp's contacts, groups, tags, codes."""

import base64
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.wecom_corp import CORP, Corp
from connectors.sandbox.wecom_json import Body, Contact, Tag

SECRET = "demo-wecom-secret-0001"
TOKEN_LIFE = 7_200
EXTERNAL = "externalcontact/"


class WeComDouble(Corp):
    """Answers calls about the corp; the flags say which of WeCom's ways it has."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.token = ""
        self.before: Callable[[str], None] | None = None
        self.is_trusted = True
        self.tells_userid = True
        self.tells_drawing = True
        self.most_owners = 1_000
        self.calls_a_minute: int | None = None
        self._called: list[float] = []
        self._ends = 0.0
        self._next = itertools.count(1)
        self._calls: dict[str, tuple[str, Callable[[Seen], Answer]]] = {
            "get_follow_user_list": ("GET", self._staff),
            "list": ("GET", self._people),
            "get": ("GET", self._person),
            "batch/get_by_user": ("POST", self._batch),
            "get_corp_tag_list": ("POST", self._tag_groups),
            "add_corp_tag": ("POST", self._create_tags),
            "mark_tag": ("POST", self._mark),
            "groupchat/list": ("POST", self._chats),
            "groupchat/get": ("POST", self._chat),
            "add_contact_way": ("POST", self._make_way),
            "get_contact_way": ("POST", self._way),
        }

    def expire_token(self) -> None:
        """The token that was given ends now."""
        self._ends = 0.0

    def answer(self, request: Seen) -> Answer:
        """Every errcode comes with status 200."""
        path = request.path.removeprefix("/cgi-bin/")
        if self.before:
            self.before(path)
        if path == "gettoken":
            return self._gettoken(request)
        path = path.removeprefix(EXTERNAL)
        if path not in self._calls:
            return failed(404)
        refused = self._refused(path, request)
        return failed(refused) if refused else self._calls[path][1](request)

    def _refused(self, path: str, request: Seen) -> int:
        token, now = request.query.get("access_token"), self.clock()
        if token != self.token or not token:
            return 40014 if token else 41001
        if self._ends <= now:
            return 42001
        if request.method != self._calls[path][0]:
            return 43001
        self._called = [one for one in self._called if one > now - 60]
        if self.calls_a_minute is not None and len(self._called) >= self.calls_a_minute:
            return 45009
        self._called.append(now)
        if request.method == "POST" and not isinstance(request.json(), dict):
            return 47001
        return 0

    def _gettoken(self, request: Seen) -> Answer:
        if request.query.get("corpid") != CORP:
            return failed(40013)
        if request.query.get("corpsecret") != SECRET:
            return failed(40001)
        if not self.is_trusted:
            return failed(60020)
        now = self.clock()
        if self._ends <= now:
            self.token = f"{next(self._next):03d}_demoCorpToken"
            self._ends = now + TOKEN_LIFE
        left = int(self._ends - now)
        return found(access_token=self.token, expires_in=left)

    def _staff(self, request: Seen) -> Answer:
        return found(follow_user=self.staff)

    def _people(self, request: Seen) -> Answer:
        people = self._of([request.query.get("userid", "")])
        listed = [one.person for one in people]
        return found(external_userid=listed) if listed else failed(84061)

    def _person(self, request: Seen) -> Answer:
        person = request.query.get("external_userid", "")
        known = [one for one in self.contacts if one.person == person]
        if not known:
            return failed(84061 if person.startswith("wm") else 40096)
        named = {tag.number: tag for tag in self.tags}
        follow = [
            {
                **one.info(),
                "tags": [
                    {
                        "group_name": named[tag].group,
                        "tag_name": named[tag].name,
                        "tag_id": tag,
                        "type": 1,
                    }
                    for tag in one.tags
                ],
            }
            for one in known
        ]
        return found(external_contact=known[0].who(), follow_user=follow)

    def _of(self, staff: Sequence[str]) -> list[Contact]:
        return [one for one in self.contacts if one.userid in staff]

    def _batch(self, request: Seen) -> Answer:
        given = request.json()
        staff, limit = given.get("userid_list", []), given.get("limit", 50)
        if not 1 <= len(staff) <= 100 or not 1 <= limit <= 100:
            return failed(40058)
        known = self._of(staff)
        if not known:
            return failed(84061)
        listed = {}
        for one in known:
            info = {**one.info(), "tag_id": one.tags}
            if not self.tells_userid:
                del info["userid"]
            shown = {"external_contact": one.who(), "follow_info": info}
            listed[f"{one.at} {one.userid} {one.person}"] = shown
        return self._page("external_contact_list", listed, given, limit)

    def _page(
        self, name: str, listed: Mapping[str, Body], given: Body, limit: int
    ) -> Answer:
        """What comes behind the cursor, in the order of the keys of `listed`."""
        after = opened(given.get("cursor", ""))
        if after is None:
            return failed(40058)
        left = [key for key in sorted(listed) if key > after]
        cursor = sealed(left[limit - 1]) if len(left) > limit else ""
        some = [listed[key] for key in left[:limit]]
        return found(**{name: some, "next_cursor": cursor})

    def _tag_groups(self, request: Seen) -> Answer:
        names = dict.fromkeys(one.group for one in self.tags)
        return found(tag_group=[self._group(name) for name in names])

    def _group(self, name: str) -> Body:
        tags = [one.shown() for one in self.tags if one.group == name]
        return {"group_id": f"eg{name}", "group_name": name, "order": 0, "tag": tags}

    def _create_tags(self, request: Seen) -> Answer:
        given = request.json()
        group, wanted = given.get("group_name", ""), given.get("tag", [])
        names = [one.get("name", "") for one in wanted]
        if not group or not all(1 <= len(one) <= 30 for one in names):
            return failed(40058)
        for name in names:
            if not any((one.group, one.name) == (group, name) for one in self.tags):
                self.tags.append(Tag(f"et{next(self._next):06d}", group, name))
        shown = self._group(group)
        asked = [one for one in shown["tag"] if one["name"] in names]
        return found(tag_group={**shown, "tag": asked})

    def _mark(self, request: Seen) -> Answer:
        given = request.json()
        add, remove = given.get("add_tag", []), given.get("remove_tag", [])
        if not add and not remove:
            return failed(40058)
        if not {*add, *remove} <= {one.number for one in self.tags}:
            return failed(40068)
        pair = (given.get("userid"), given.get("external_userid"))
        for one in self.contacts:
            if (one.userid, one.person) == pair:
                kept = [tag for tag in one.tags if tag not in {*add, *remove}]
                one.tags = [*kept, *add]
                return found()
        return failed(84061)

    def _chats(self, request: Seen) -> Answer:
        given = request.json()
        limit = given.get("limit", 0)
        owners = given.get("owner_filter", {}).get("userid_list")
        if not 1 <= limit <= 1000 or (owners and len(owners) > 100):
            return failed(40058)
        chats = [
            one for one in self.chats.values() if not owners or one.owner in owners
        ]
        if not owners and len({one.owner for one in chats}) > self.most_owners:
            return failed(81017)
        listed = {one.chat_id: {"chat_id": one.chat_id, "status": 0} for one in chats}
        return self._page("group_chat_list", listed, given, limit)

    def _chat(self, request: Seen) -> Answer:
        chat = self.chats.get(request.json().get("chat_id", ""))
        return found(group_chat=chat.shown()) if chat else failed(49008)

    def _make_way(self, request: Seen) -> Answer:
        given = request.json()
        staff, state = given.get("user", []), given.get("state", "")
        is_right = given.get("type") == (1 if len(staff) == 1 else 2)
        if not is_right or given.get("scene") != 2 or not set(staff) <= set(self.staff):
            return failed(40058)
        if len(state) > 30 or len(given.get("remark", "")) > 30:
            return failed(40058)
        number = f"way{next(self._next):06d}"
        self.ways[number] = {**given, "config_id": number, "qr_code": DRAWING + number}
        drawing = {"qr_code": DRAWING + number} if self.tells_drawing else {}
        return found(config_id=number, **drawing)

    def _way(self, request: Seen) -> Answer:
        way = self.ways.get(request.json().get("config_id", ""))
        return found(contact_way=way) if way else failed(40058)


DRAWING = "https://wework.qpic.cn/wwpic/"


def found(**body: Any) -> Answer:
    """An answer that is none of errors."""
    return Answer({"errcode": 0, "errmsg": "ok", **body})


def failed(code: int) -> Answer:
    """An error as WeCom tells it."""
    return Answer({"errcode": code, "errmsg": f"double says {code}, hint: [0]"})


def sealed(key: str) -> str:
    """A cursor that nobody can calculate with."""
    return base64.urlsafe_b64encode(f"after {key}".encode()).decode()


def opened(cursor: str) -> str | None:
    """Behind which key a cursor points; None when it is none of ours."""
    try:
        return base64.urlsafe_b64decode(cursor).decode().removeprefix("after ")
    except ValueError:
        return None
