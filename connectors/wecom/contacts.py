"""Customers whom staff have as contacts, with what each member noted of them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from connectors.base import Record, Row
from connectors.client import CallRefused
from connectors.paging import Found
from connectors.values import Problems, epoch, part, text
from connectors.wechat_base.entries import COLUMNS, entry, hour_of, identifiers, joined
from connectors.wechat_base.rounds import RoundStream
from connectors.wecom.client import WeComClient, is_nobody
from connectors.wecom.config import Config

LIST = "externalcontact/batch/get_by_user"
GENDER = {"1": "male", "2": "female"}
# Staff shared or were handed the contact: no act of the customer.
BY_STAFF = ("201", "202")
NOTES = ("remark", "description")


class Contacts(RoundStream):
    """`batch/get_by_user`: one record for each member and each of their contacts.

    A customer of several members is several records, each a profile of its own that
    is known by both names; so the tags of all of them count.
    """

    name = "contacts"
    entity = "customers"
    key: tuple[str, ...] = ("more_identifiers",)
    columns: tuple[str, ...] = (
        *("place", "problem", "more_identifiers", "name", "gender", "tags"),
        *("consents", "registered_at", "updated_at"),
    )

    def __init__(self, source: str, config: Config, client: WeComClient) -> None:
        super().__init__(source, config.since, config.reread)
        self.config = config
        self.client = client

    def walk(self, after: str) -> Iterator[tuple[Sequence[Record], str | None]]:
        """The last userid whose contacts were all read is the position."""
        staff = [one for one in self.client.staff() if one > after]
        names = self._tag_names() if staff else {}
        for start in range(0, len(staff), self.config.staff_at_once):
            some = staff[start : start + self.config.staff_at_once]
            for records in self._contacts_of(some, names):
                yield records, None
            yield (), some[-1]

    def rows(self, record: Record) -> Iterator[Row]:
        """One row; WeCom tells when a contact was made, not when it was changed."""
        problems = Problems()
        contact, info = part(record, "external_contact"), part(record, "follow_info")
        at = epoch(info.get("createtime"), "createtime", problems)
        left_at = epoch(record.get("left_at"), "left_at", problems)
        is_left = record.get("left_by") is not None
        who = self.who(record, problems)
        yield (
            getattr(record, "place", None),
            problems.text,
            who,
            text(contact.get("name")),
            GENDER.get(str(contact.get("gender"))),
            None if is_left else _tags(record),
            _consents(record.get("left_by")),
            at,
            left_at or at,
        )

    def who(self, record: Record, problems: Problems) -> str | None:
        """The contact of this member, and everything that joins it to others."""
        contact, info = part(record, "external_contact"), part(record, "follow_info")
        userid, person = text(info.get("userid")), text(contact.get("external_userid"))
        corp = self.config.corp_id
        for field, value in (("userid", userid), ("external_userid", person)):
            if value is None:
                problems.append(f"{field}: it is missing")
        mobiles = info.get("remark_mobiles")
        phones = mobiles if isinstance(mobiles, list) else []
        return identifiers(
            (
                # Sorts first, hence names the profile.
                ("contact", f"{corp}/{userid}", person if userid else None),
                ("external_userid", corp, person),
                ("unionid", "", text(contact.get("unionid"))),
                *(("phone", "", text(one)) for one in phones),
            )
        )

    def _contacts_of(
        self, staff: list[str], names: dict[str, str]
    ) -> Iterator[list[Found]]:
        body = {"userid_list": staff, "limit": self.config.page_size}
        try:
            for answer, place in self.client.cursored(LIST, body):
                listed = self.client.listed(answer, "external_contact_list", place)
                yield [self._named(Found(one, place), staff, names) for one in listed]
        except CallRefused as refused:
            # What WeCom says of members without a contact.
            if not is_nobody(refused):
                raise

    def _named(self, record: Found, staff: list[str], names: dict[str, str]) -> Found:
        info = part(record, "follow_info")
        if len(staff) == 1:
            # Older applications are not told whose contact it is.
            info.setdefault("userid", staff[0])
        if isinstance(ids := info.get("tag_id"), list):
            record["tags"] = [names[one] for one in map(str, ids) if one in names]
        return record

    def _tag_names(self) -> dict[str, str]:
        """Ours by their own name; others with their group, as names repeat."""
        ours = self.config.tag_group
        return {
            number: name if group == ours else f"{group}/{name}"
            for group, name, number in self.client.corp_tags()
        }


class Follows(Contacts):
    """When each contact was made, and by which code: for pushes that were lost.

    A push of the same has the same key, so that it counts once.
    """

    name = "follows"
    entity = "interactions"
    key = ("kind", "interaction_key")
    columns = COLUMNS

    def is_wanted(
        self, record: Record, since: datetime, until: datetime | None
    ) -> bool:
        """Contacts that the customer made, and not before `since`."""
        info = part(record, "follow_info")
        at = epoch(info.get("createtime"), "", Problems())
        is_within = at is None or (since <= at and (until is None or at < until))
        return str(info.get("add_way")) not in BY_STAFF and is_within

    def rows(self, record: Record) -> Iterator[Row]:
        """One row."""
        problems = Problems()
        contact, info = part(record, "external_contact"), part(record, "follow_info")
        at = epoch(info.get("createtime"), "createtime", problems)
        userid, person = text(info.get("userid")), text(contact.get("external_userid"))
        yield entry(
            getattr(record, "place", None),
            problems,
            kind="follow",
            key=joined(userid, person, hour_of(at)),
            at=at,
            account=userid,
            who=self.who(record, problems),
            code=text(info.get("state")),
        )


def _tags(record: Record) -> str:
    """Tags of the corp without a value; what the member noted are values."""
    names, info = record.get("tags"), part(record, "follow_info")
    tags: dict[str, Any] = {
        name: None
        for one in (names if isinstance(names, list) else [])
        if (name := text(one))
    }
    tags |= {field: value for field in NOTES if (value := text(info.get(field)))}
    return orjson.dumps(tags).decode()


def _consents(left_by: Any) -> str | None:
    """A contact may be written to; staff who end one do not speak for the customer."""
    if left_by not in (None, "customer"):
        return None
    return orjson.dumps({"wecom": left_by is None}).decode()
