"""Customers in the group chats of staff."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Record, Row
from connectors.client import CallRefused
from connectors.paging import Found
from connectors.values import Problems, epoch, part, parts, text
from connectors.wechat_base.entries import COLUMNS, entry, hour_of, identifiers, joined
from connectors.wechat_base.rounds import RoundStream
from connectors.wecom.client import WeComClient
from connectors.wecom.config import Config

LIST = "externalcontact/groupchat/list"
DETAILS = "externalcontact/groupchat/get"
TOO_MANY_OWNERS = "81017"
GONE = frozenset({"40050", "49008", "90501"})
OWNERS_AT_ONCE = 100
OUTSIDER = "2"


class Joins(RoundStream):
    """`groupchat/get`: everybody from outside who is in a group now.

    Who has left is told by pushes alone.
    """

    name = "joins"
    entity = "interactions"
    key = ("kind", "interaction_key")
    columns = COLUMNS

    def __init__(self, source: str, config: Config, client: WeComClient) -> None:
        super().__init__(source, config.since, config.reread)
        self.config = config
        self.client = client

    def walk(self, after: str) -> Iterator[tuple[Sequence[Record], str | None]]:
        """The last chat_id that was read is the position."""
        for chat in sorted(one for one in self._chats() if one > after):
            yield self._members(chat), chat

    def is_wanted(
        self, record: Record, since: datetime, until: datetime | None
    ) -> bool:
        """Who joined not before `since`."""
        at = epoch(part(record, "member").get("join_time"), "", Problems())
        return at is None or (since <= at and (until is None or at < until))

    def rows(self, record: Record) -> Iterator[Row]:
        """One row."""
        problems, member = Problems(), part(record, "member")
        at = epoch(member.get("join_time"), "join_time", problems)
        chat, person = text(record.get("chat_id")), text(member.get("userid"))
        yield entry(
            getattr(record, "place", None),
            problems,
            kind="join",
            key=joined(chat, person, hour_of(at)),
            at=at,
            account=chat,
            who=identifiers(
                (
                    ("external_userid", self.config.corp_id, person),
                    ("unionid", "", text(member.get("unionid"))),
                )
            ),
            code=text(member.get("state")),
        )

    def _chats(self) -> Iterator[str]:
        try:
            yield from self._listed({})
        except CallRefused as refused:
            if refused.code != TOO_MANY_OWNERS:
                raise
            staff = self.client.staff()
            for start in range(0, len(staff), OWNERS_AT_ONCE):
                some = staff[start : start + OWNERS_AT_ONCE]
                yield from self._listed({"owner_filter": {"userid_list": some}})

    def _listed(self, owners: dict[str, Any]) -> Iterator[str]:
        body = {"status_filter": 0, **owners, "limit": 1000}
        for answer, place in self.client.cursored(LIST, body):
            for one in self.client.listed(answer, "group_chat_list", place):
                if chat := text(part({"": one}, "").get("chat_id")):
                    yield chat

    def _members(self, chat: str) -> list[Found]:
        try:
            answer = self.client.read(DETAILS, json={"chat_id": chat, "need_name": 0})
        except CallRefused as refused:
            # Dissolved since it was listed.
            if refused.code in GONE:
                return []
            raise
        group = part(answer, "group_chat")
        self.client.listed(group, "member_list", DETAILS)
        return [
            Found({"chat_id": chat, "name": group.get("name"), "member": one}, DETAILS)
            for one in parts(group, "member_list", Problems())
            if str(one.get("type")) == OUTSIDER
        ]
