"""Who follows the account, with tags and remark; and how they came to follow it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from connectors.base import Record, Row
from connectors.client import Call, CallRefused, Cure, Trouble
from connectors.paging import Found
from connectors.values import Problems, epoch, part, text
from connectors.wechat.client import WeChatClient
from connectors.wechat.config import Config
from connectors.wechat_base.entries import COLUMNS, entry, hour_of, identifiers, joined
from connectors.wechat_base.rounds import RoundStream

LIST = "user/get"
DETAILS = "user/info/batchget"
GENDER = {"1": "male", "2": "female"}
FOLLOWS = {"1": True, "0": False}
CONSENTS = {True: '{"wechat":true}', False: '{"wechat":false}'}
NO_SUCH_OPENID = "40003"


class Users(RoundStream):
    """`user/get` gives the openids in the order of following, `batchget` the rest.

    Whoever has left is listed no more: only the push of it tells, or the next message.
    """

    name = "users"
    entity = "customers"
    key: tuple[str, ...] = ("more_identifiers",)
    columns: tuple[str, ...] = (
        *("place", "problem", "more_identifiers", "name", "gender", "language"),
        *("tags", "consents", "registered_at", "updated_at"),
    )

    def __init__(self, source: str, config: Config, client: WeChatClient) -> None:
        super().__init__(source, config.since, config.reread)
        self.config = config
        self.client = client

    def walk(self, after: str) -> Iterator[tuple[Sequence[Record], str | None]]:
        """The openid up to which all were read is the position."""
        names: dict[str, str] | None = None
        page = 0
        while openids := self._openids(after):
            names = self._tag_names() if names is None else names
            size = self.config.page_size
            for start in range(0, len(openids), size):
                page += 1
                some = openids[start : start + size]
                yield self._details(some, names, page), some[-1]
            if openids[-1] == after:
                said = "the list does not move behind the openid it was asked for"
                raise self.client.error(Call(LIST, ""), Trouble(Cure.WAIT, said))
            after = openids[-1]

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; nobody tells when a profile was changed, only when they followed."""
        problems = Problems()
        follows = FOLLOWS.get(str(record.get("subscribe")))
        if follows is None:
            problems.add("subscribe", record.get("subscribe"), "0 or 1")
        at = epoch(record.get("subscribe_time"), "subscribe_time", problems)
        left_at = epoch(record.get("left_at"), "left_at", problems)
        language = text(record.get("language"))
        yield (
            getattr(record, "place", None),
            problems.text,
            self.who(record),
            text(record.get("nickname")),
            GENDER.get(str(record.get("sex"))),
            language.partition("_")[0] if language else None,
            _tags(record) if follows else None,
            None if follows is None else CONSENTS[follows],
            at,
            left_at or at,
        )

    def who(self, record: Record) -> str | None:
        """The openid, and the unionid where the account belongs to a platform."""
        return identifiers(
            (
                ("openid", self.config.app_id, text(record.get("openid"))),
                ("unionid", "", text(record.get("unionid"))),
            )
        )

    def _openids(self, after: str) -> list[str]:
        """Up to ten thousand behind `after`; from the start if that one has left."""
        try:
            answer = self.client.read(LIST, {"next_openid": after})
        except CallRefused as refused:
            if refused.code != NO_SUCH_OPENID or not after:
                raise
            answer = self.client.read(LIST, {"next_openid": ""})
        if answer.get("count") == 0:
            return []
        return self.client.listed(part(answer, "data"), "openid", LIST)

    def _details(
        self, openids: Sequence[str], names: dict[str, str], page: int
    ) -> list[Found]:
        asked = [{"openid": one, "lang": "zh_CN"} for one in openids]
        answer = self.client.read(DETAILS, json={"user_list": asked}, page=page)
        place = f"{DETAILS}, page {page}"
        listed = self.client.listed(answer, "user_info_list", place)
        found = [Found(one, place) for one in listed]
        for one in found:
            if isinstance(ids := one.get("tagid_list"), list):
                one["tags"] = [names[str(tag)] for tag in ids if str(tag) in names]
        return found

    def _tag_names(self) -> dict[str, str]:
        return {number: name for name, number in tag_numbers(self.client).items()}


class Follows(Users):
    """When each follower came, and by which code: for pushes that were lost.

    A push of the same has the same key, so that it counts once.
    """

    name = "follows"
    entity = "interactions"
    key = ("kind", "interaction_key")
    columns = COLUMNS

    def is_wanted(
        self, record: Record, since: datetime, until: datetime | None
    ) -> bool:
        """Those who follow, and did not begin to before `since`."""
        at = epoch(record.get("subscribe_time"), "", Problems())
        is_within = at is None or (since <= at and (until is None or at < until))
        return str(record.get("subscribe")) == "1" and is_within

    def rows(self, record: Record) -> Iterator[Row]:
        """One row."""
        problems = Problems()
        at = epoch(record.get("subscribe_time"), "subscribe_time", problems)
        # 0 is what it says beside a scene that is a text, or beside none.
        number = text(record.get("qr_scene") or None)
        yield entry(
            getattr(record, "place", None),
            problems,
            kind="follow",
            key=joined(text(record.get("openid")), hour_of(at)),
            at=at,
            account=self.config.app_id,
            who=self.who(record),
            code=text(record.get("qr_scene_str"))
            or (number if number != "0" else None),
        )


def tag_numbers(client: WeChatClient) -> dict[str, str]:
    """All tags of the account: name -> id."""
    listed = client.listed(client.read("tags/get"), "tags", "tags/get")
    read = [(text(part({"": one}, "").get("name")), one) for one in listed]
    return {name: str(one.get("id")) for name, one in read if name}


def _tags(record: Record) -> str:
    """Tags of the account without a value; remark and scene are values."""
    names = record.get("tags")
    tags: dict[str, Any] = {
        name: None
        for one in (names if isinstance(names, list) else [])
        if (name := text(one))
    }
    for field in ("remark", "subscribe_scene"):
        if value := text(record.get(field)):
            tags[field] = value
    return orjson.dumps(tags).decode()
