"""Puts corp tags on the contacts of staff."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from connectors.base import TagChange, Tagged, TagWriter
from connectors.client import CallRefused
from connectors.values import part, text
from connectors.wecom.client import WeComClient, is_nobody, tags_of
from connectors.wecom.config import Config

GET = "externalcontact/get"
CREATE = "externalcontact/add_corp_tag"
MARK = "externalcontact/mark_tag"
NO_MEMBER = "no member of staff has this person as a contact any more"
NO_TAG = {
    "40058": "the name of the tag is too long for WeCom: 30 characters",
    "40070": "the corp has as many tags as WeCom allows: remove some there",
}


class WeComTags(TagWriter):
    """`mark_tag`: one member and one customer a call; every member shall see it."""

    kind = "external_userid"
    at_once = 200

    def __init__(self, config: Config, client: WeComClient) -> None:
        self.scope = config.corp_id
        self.group = config.tag_group
        self.client = client

    def write(self, changes: Sequence[TagChange]) -> Iterator[Tagged]:
        """Person by person; tags that there are not yet are made first."""
        numbers = {
            name: number
            for group, name, number in self.client.corp_tags()
            if group == self.group
        }
        left = list(changes)
        for name in sorted({one.tag for one in changes if one.is_added}):
            error = None if name in numbers else self._create(name, numbers)
            if error:
                yield Tagged([one for one in left if _adds(one, name)], error)
                left = [one for one in left if not _adds(one, name)]
        by_person = sorted(left, key=lambda one: one.person)
        for person, group in groupby(by_person, key=lambda one: one.person):
            yield from self._tag(person, list(group), numbers)

    def _create(self, name: str, numbers: dict[str, str]) -> str | None:
        """Note the id of a new tag; what WeCom says against it."""
        body = {"group_name": self.group, "tag": [{"name": name}]}
        try:
            answer = self.client.read(CREATE, json=body)
        except CallRefused as refused:
            if refused.code in NO_TAG:
                return NO_TAG[refused.code]
            raise
        made = {one: number for _, one, number in tags_of(part(answer, "tag_group"))}
        numbers.update(made)
        return None if name in numbers else "WeCom did not make the tag"

    def _tag(
        self, person: str, changes: list[TagChange], numbers: dict[str, str]
    ) -> Iterator[Tagged]:
        add = [numbers[one.tag] for one in changes if one.is_added]
        # A tag that the corp does not have is on nobody.
        known = [one for one in changes if not one.is_added and one.tag in numbers]
        remove = [numbers[one.tag] for one in known]
        staff = self._staff_of(person) if add or remove else []
        reached = [self._mark(one, person, add, remove) for one in staff]
        if any(reached) or not add:
            yield Tagged(changes)
            return
        yield Tagged([one for one in changes if one.is_added], NO_MEMBER)
        if removed := [one for one in changes if not one.is_added]:
            yield Tagged(removed)

    def _staff_of(self, person: str) -> list[str]:
        try:
            answer = self.client.read(GET, {"external_userid": person})
        except CallRefused as refused:
            if is_nobody(refused):
                return []
            raise
        listed = self.client.listed(answer, "follow_user", GET)
        named = (text(part({"": one}, "").get("userid")) for one in listed)
        return [one for one in named if one]

    def _mark(
        self, userid: str, person: str, add: list[str], remove: list[str]
    ) -> bool:
        """Whether the member still has this person as a contact."""
        body = {
            "userid": userid,
            "external_userid": person,
            "add_tag": add,
            "remove_tag": remove,
        }
        try:
            self.client.read(MARK, json=body)
        except CallRefused as refused:
            if is_nobody(refused):
                return False
            raise
        return True


def _adds(change: TagChange, name: str) -> bool:
    return change.is_added and change.tag == name
