"""A double of an official account: followers, tags, codes and what it pushes."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.wechat_push import plain_push, sealed_push
from connectors.sandbox.wechat_tokens import TokenDouble, failed

APP = "wxdemo0000000001"
SECRET = "demo-wechat-secret-0001"
ACCOUNT = "gh_demo00000001"
CALLBACK_TOKEN = "demo-callback-token"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
MOST_LISTED = 10_000

Body = dict[str, Any]


@dataclass
class Follower:
    """One person; `is_here` until they leave."""

    openid: str
    at: int
    unionid: str = ""
    scene: str = "ADD_SCENE_SEARCH"
    code: str = ""
    remark: str = ""
    tags: list[int] = field(default_factory=list)
    is_here: bool = True

    def shown(self) -> Body:
        """As `user/info` gives it; of whoever has left, nearly nothing."""
        union = {"unionid": self.unionid} if self.unionid else {}
        if not self.is_here:
            return {"subscribe": 0, "openid": self.openid, **union}
        return {
            "subscribe": 1,
            "openid": self.openid,
            "nickname": "",
            "sex": 0,
            "language": "zh_CN",
            "city": "",
            "subscribe_time": self.at,
            **union,
            "remark": self.remark,
            "groupid": 0,
            "tagid_list": self.tags,
            "subscribe_scene": self.scene,
            "qr_scene": 0,
            "qr_scene_str": self.code,
        }


class WeChatOfficialDouble(TokenDouble):
    """`followers` by openid; `quota` is how many calls of a path are left today."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port, app=(APP, SECRET))
        self.followers: dict[str, Follower] = {}
        self.tags: dict[int, str] = {2: "星标组"}
        self.codes: dict[str, str] = {}
        self.quota: dict[str, int] = {}
        self.before: Callable[[str], None] | None = None
        self.page = MOST_LISTED
        self._next_tag = itertools.count(100)
        self._calls: dict[str, tuple[str, Callable[[Seen], Answer]]] = {
            "user/get": ("GET", self._list),
            "user/info": ("GET", self._info),
            "user/info/batchget": ("POST", self._details),
            "tags/get": ("GET", self._tags),
            "tags/create": ("POST", self._create_tag),
            "tags/getidlist": ("POST", self._tags_of),
            "tags/members/batchtagging": ("POST", self._tag),
            "tags/members/batchuntagging": ("POST", self._tag),
            "qrcode/create": ("POST", self._code),
        }

    def follow(self, openid: str, at: int, **facts: Any) -> Follower:
        """Somebody begins to follow."""
        self.followers[openid] = Follower(openid, at, **facts)
        return self.followers[openid]

    def scan(self, openid: str, ticket: str, at: int) -> Body:
        """The event of somebody who scans a code: they follow by it, or do already."""
        scene, event = self.codes[ticket], "SCAN"
        known = self.followers.get(openid)
        if known is None or not known.is_here:
            self.follow(openid, at, scene="ADD_SCENE_QR_CODE", code=scene)
            scene, event = f"qrscene_{scene}", "subscribe"
        return self.event(openid, event, at, EventKey=scene, Ticket=ticket)

    def event(self, openid: str, event: str, at: int, **more: Any) -> Body:
        """The fields of an event; leaving has its effect too."""
        if event == "unsubscribe" and openid in self.followers:
            self.followers[openid].is_here = False
        head = {"ToUserName": ACCOUNT, "FromUserName": openid, "CreateTime": at}
        return {**head, "MsgType": "event", "Event": event, **more}

    def message(self, openid: str, content: str, at: int, number: int) -> Body:
        """The fields of a text message."""
        head = {"ToUserName": ACCOUNT, "FromUserName": openid, "CreateTime": at}
        return {**head, "MsgType": "text", "Content": content, "MsgId": number}

    def pushed(
        self, fields: Mapping[str, Any], is_sealed: bool = False
    ) -> tuple[dict[str, str], bytes]:
        """The query and body of a push of now."""
        if is_sealed:
            return sealed_push(fields, CALLBACK_TOKEN, self.clock(), AES_KEY, APP)
        return plain_push(fields, CALLBACK_TOKEN, self.clock())

    def answer(self, request: Seen) -> Answer:
        """Every errcode comes with status 200."""
        path = request.path.removeprefix("/cgi-bin/")
        if self.before:
            self.before(path)
        if path == "token":
            return self.plain_token(request)
        if path not in self._calls:
            return super().answer(request)
        refused = self._refused(path, request)
        return failed(refused) if refused else self._calls[path][1](request)

    def _refused(self, path: str, request: Seen) -> int:
        method, _ = self._calls[path]
        refused = self.refused_token(request.query.get("access_token"))
        if refused:
            return refused
        if request.method != method:
            return 43001 if method == "GET" else 43002
        if path in self.quota:
            self.quota[path] -= 1
            return 45009 if self.quota[path] < 0 else 0
        if method == "POST" and not isinstance(request.json(), dict):
            return 47001
        return 0

    def _list(self, request: Seen) -> Answer:
        here = [one for one in self.followers.values() if one.is_here]
        here.sort(key=lambda one: (one.at, one.openid))
        openids, after = [one.openid for one in here], request.query.get("next_openid")
        if after and after not in openids:
            return failed(40003)
        start = openids.index(after) + 1 if after else 0
        some = openids[start : start + self.page]
        found: Body = {"total": len(openids), "count": len(some)}
        if some:
            found |= {"data": {"openid": some}}
        return Answer({**found, "next_openid": some[-1] if some else ""})

    def _info(self, request: Seen) -> Answer:
        return Answer(self._shown(request.query.get("openid", "")))

    def _details(self, request: Seen) -> Answer:
        asked = request.json().get("user_list", [])
        if not 1 <= len(asked) <= 100:
            return failed(40032)
        shown = [self._shown(one["openid"]) for one in asked]
        return Answer({"user_info_list": shown})

    def _shown(self, openid: str) -> Body:
        known = self.followers.get(openid)
        return known.shown() if known else {"subscribe": 0, "openid": openid}

    def _tags(self, request: Seen) -> Answer:
        here = [one for one in self.followers.values() if one.is_here]
        worn = Counter(tag for one in here for tag in one.tags)
        found = [
            {"id": number, "name": name, "count": worn[number]}
            for number, name in self.tags.items()
        ]
        return Answer({"tags": found})

    def _tags_of(self, request: Seen) -> Answer:
        known = self.followers.get(request.json().get("openid", ""))
        return Answer({"tagid_list": known.tags}) if known else failed(40003)

    def _create_tag(self, request: Seen) -> Answer:
        name = request.json().get("tag", {}).get("name", "")
        if name in self.tags.values():
            return failed(45157)
        if len(name.encode()) > 30:
            return failed(45158)
        if len(self.tags) >= 100:
            return failed(45056)
        number = next(self._next_tag)
        self.tags[number] = name
        return Answer({"tag": {"id": number, "name": name}})

    def _tag(self, request: Seen) -> Answer:
        """All of them or nobody."""
        given = request.json()
        openids, tag = given.get("openid_list", []), given.get("tagid")
        refused = self._untaggable(openids, tag, "untagging" in request.path)
        if refused:
            return failed(refused)
        for one in openids:
            tags = [old for old in self.followers[one].tags if old != tag]
            is_off = "untagging" in request.path
            self.followers[one].tags = tags if is_off else [*tags, tag]
        return Answer({"errcode": 0, "errmsg": "ok"})

    def _untaggable(self, openids: list[str], tag: Any, is_off: bool) -> int:
        if not 1 <= len(openids) <= 50:
            return 40032
        if tag not in self.tags:
            return 45159
        known = [self.followers.get(one) for one in openids]
        if not all(known):
            return 49003
        if not all(one and one.is_here for one in known):
            return 43004
        full = [one for one in known if one and len({*one.tags, tag}) > 20]
        return 45059 if full and not is_off else 0

    def _code(self, request: Seen) -> Answer:
        given = request.json()
        scene = given.get("action_info", {}).get("scene", {})
        name, text = given.get("action_name"), scene.get("scene_str", "")
        lasts = given.get("expire_seconds", 60)
        is_temporary = name == "QR_STR_SCENE"
        if name not in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE"):
            return failed(40035)
        if not 1 <= len(text) <= 64 or not 1 <= lasts <= 2_592_000:
            return failed(40035)
        ticket = f"gQDemo/{len(self.codes) + 1}+=="
        self.codes[ticket] = text
        life = {"expire_seconds": lasts} if is_temporary else {}
        url = f"http://weixin.qq.com/q/demo{len(self.codes)}"
        return Answer({"ticket": ticket, **life, "url": url})
