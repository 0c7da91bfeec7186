"""A double of Weibo's open platform: what others wrote to one account, and pushes."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha1
from typing import Any

from connectors.sandbox.server import Answer, Double, Seen

ACCOUNT = 1_902_538_057
APP_SECRET = "weibo-demo-secret-0001"
TOKEN = "2.00demoToken0001"
CHINA = timezone(timedelta(hours=8))
SHOWN = 1_000
MOST_A_PAGE = 200
FIRST_ID = 5_100_000_000_000_000_000
WORDS = ["好看", "什么时候补货？", "收到了，很喜欢😊", "@客服 物流怎么不动了", "蹲一个"]

Body = dict[str, Any]


@dataclass
class Entry:
    """One comment or status; its id grows with the time it was written."""

    number: int
    at: datetime
    uid: int
    text: str

    def shown(self, post: int) -> Body:
        """As the lists give it; `post` is the status that a comment belongs to."""
        user = {"id": self.uid, "idstr": str(self.uid), "screen_name": f"u{self.uid}"}
        return {
            "created_at": spelled(self.at),
            "id": self.number,
            "idstr": str(self.number),
            "mid": str(self.number),
            "text": self.text,
            "source": "<a>微博</a>",
            "user": user,
            "status": {"id": post, "idstr": str(post), "text": "新品"},
        }


@dataclass
class Wall:
    """What others wrote to the account until `now`, list by list."""

    now: datetime
    lists: dict[str, list[Entry]] = field(default_factory=dict)

    def fill(self, name: str, count: int, each: timedelta, seed: int = 1) -> None:
        """`count` entries in the list `name`, the last one `each` before `now`."""
        dice = random.Random(f"{name} {seed}")
        first = self.now - each * count
        for number in range(count):
            self.add(name, first + each * number, dice.choice(WORDS), 2_000 + number)

    def add(self, name: str, at: datetime, text: str, uid: int) -> Entry:
        """One entry; ids are in the order of their times, and beyond 2 ** 53."""
        seconds = int(at.timestamp())
        entries = self.lists.setdefault(name, [])
        entry = Entry(FIRST_ID + seconds * 1_000 + len(entries) % 1_000, at, uid, text)
        entries.append(entry)
        return entry

    def newest_first(self, name: str) -> list[Entry]:
        """Those that Weibo shows at all."""
        written = [one for one in self.lists.get(name, []) if one.at <= self.now]
        written.sort(key=lambda one: -one.number)
        return written[:SHOWN]


LISTS = {
    "/2/comments/to_me.json": ("comments", "comments"),
    "/2/comments/mentions.json": ("comment_mentions", "comments"),
    "/2/statuses/mentions.json": ("mentions", "statuses"),
}


class WeiboDouble(Double):
    """The three lists; `token` may expire, `ration` is how many calls are left."""

    def __init__(self, wall: Wall, port: int = 0) -> None:
        super().__init__(port)
        self.wall = wall
        self.token: str | None = TOKEN
        self.ration: int | None = None
        self.before: Callable[[str], None] | None = None

    def answer(self, request: Seen) -> Answer:
        """Errors come with a 4xx status and their code in the body."""
        path = request.path
        if request.query.get("access_token") != TOKEN:
            return _error(path, 21332, "invalid_access_token", 400)
        if self.token is None:
            return _error(path, 21315, "expired_token", 403)
        if self.ration is not None:
            if self.ration <= 0:
                return _error(path, 10023, "User requests out of rate limit!", 403)
            self.ration -= 1
        if path not in LISTS or request.method != "GET":
            return _error(path, 10020, "Request api not found!", 404)
        name, field_name = LISTS[path]
        if self.before:
            self.before(name)
        return self._listed(name, field_name, request.query)

    def _listed(self, name: str, field_name: str, query: Mapping[str, str]) -> Answer:
        above, below = int(query.get("since_id", 0)), int(query.get("max_id", 0))
        size = min(int(query.get("count", 50)), MOST_A_PAGE)
        shown = self.wall.newest_first(name)
        found = [
            one
            for one in shown
            if one.number > above and (not below or one.number <= below)
        ]
        following = found[size].number if len(found) > size else 0
        return Answer(
            {
                field_name: [one.shown(11_142_488_790) for one in found[:size]],
                "hasvisible": False,
                "previous_cursor": 0,
                "next_cursor": following,
                "total_number": len(shown),
            }
        )


def pushed(at: datetime, uid: int, kind: str, text: str = "", **data: str) -> Body:
    """A message as Weibo pushes it: text, event or mention."""
    return {
        "type": kind,
        "receiver_id": ACCOUNT,
        "sender_id": uid,
        "created_at": spelled(at),
        "text": text,
        "data": data,
    }


def signed(
    body: Body, at: datetime, secret: str = APP_SECRET, nonce: str = "57155157"
) -> tuple[dict[str, str], bytes]:
    """The query and the body of a push."""
    stamp = str(int(at.timestamp() * 1000))
    digest = sha1("".join(sorted([secret, stamp, nonce])).encode()).hexdigest()
    query = {"signature": digest, "timestamp": stamp, "nonce": nonce}
    return query, json.dumps(body, ensure_ascii=False).encode()


def spelled(at: datetime) -> str:
    """`Wed Jun 01 00:50:25 +0800 2011`, whatever the machine's language is."""
    local = at.astimezone(CHINA)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[local.weekday()]
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[
        local.month * 3 - 3 : local.month * 3
    ]
    return f"{day} {month} {local:%d %H:%M:%S} +0800 {local.year}"


def _error(path: str, code: int, said: str, status: int) -> Answer:
    body = {"request": path.removesuffix(".json"), "error_code": code, "error": said}
    return Answer(body, status)


def demo_wall(now: datetime) -> Wall:
    """A few hundred entries of the last weeks."""
    wall = Wall(now.astimezone(UTC))
    wall.fill("comments", 300, timedelta(hours=2))
    wall.fill("mentions", 90, timedelta(hours=7))
    wall.fill("comment_mentions", 40, timedelta(hours=15))
    return wall
