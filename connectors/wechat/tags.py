"""Puts tags on the followers of an official account."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from connectors.base import TagChange, Tagged, TagWriter
from connectors.client import CallRefused
from connectors.values import part
from connectors.wechat.client import WeChatClient
from connectors.wechat.config import Config
from connectors.wechat.users import tag_numbers

MOST_AT_ONCE = 50
NO_TAG = {
    "45056": "the account has as many tags as WeChat allows: remove some there",
    "45158": "the name of the tag is too long for WeChat: 30 bytes, 10 characters",
}
NO_PERSON = {
    "40003": "WeChat does not know this openid",
    "43004": "this person follows no more",
    "45059": "this person has as many tags as WeChat allows",
    "49003": "this openid is of another account",
}
TAKEN = "45157"


class WeChatTags(TagWriter):
    """`batchtagging` and `batchuntagging`: one tag, fifty people a call."""

    kind = "openid"
    at_once = 2_000

    def __init__(self, config: Config, client: WeChatClient) -> None:
        self.scope = config.app_id
        self.client = client

    def write(self, changes: Sequence[TagChange]) -> Iterator[Tagged]:
        """Tag by tag; where WeChat refuses somebody, the others get theirs."""
        numbers = tag_numbers(self.client)
        by_tag = sorted(changes, key=_call)
        for (tag, is_added), group in groupby(by_tag, key=_call):
            wanted = list(group)
            error = None
            if is_added and tag not in numbers:
                error = self._create(tag, numbers)
            if error or tag not in numbers:
                # A tag that the account does not have is on nobody.
                yield Tagged(wanted, error)
                continue
            for start in range(0, len(wanted), MOST_AT_ONCE):
                some = wanted[start : start + MOST_AT_ONCE]
                yield from self._mark(numbers[tag], is_added, some)

    def _create(self, name: str, numbers: dict[str, str]) -> str | None:
        """Note the id of a new tag; what WeChat says against it."""
        try:
            answer = self.client.read("tags/create", json={"tag": {"name": name}})
        except CallRefused as refused:
            if refused.code == TAKEN:
                # Somebody made it just now, or the answer to our first try was lost.
                numbers.update(tag_numbers(self.client))
                return None
            if refused.code in NO_TAG:
                return NO_TAG[refused.code]
            raise
        numbers[name] = str(part(answer, "tag").get("id"))
        return None

    def _mark(
        self, number: str, is_added: bool, changes: Sequence[TagChange]
    ) -> Iterator[Tagged]:
        """A call that is refused for one of its people is halved until it is found."""
        name = "batchtagging" if is_added else "batchuntagging"
        openids = [one.person for one in changes]
        body = {"openid_list": openids, "tagid": int(number)}
        try:
            self.client.read(f"tags/members/{name}", json=body)
        except CallRefused as refused:
            if refused.code not in NO_PERSON:
                raise
            if len(changes) == 1:
                # Whoever has left wears no tags any more.
                yield Tagged(changes, NO_PERSON[refused.code] if is_added else None)
                return
            half = len(changes) // 2
            yield from self._mark(number, is_added, changes[:half])
            yield from self._mark(number, is_added, changes[half:])
            return
        yield Tagged(changes)


def _call(change: TagChange) -> tuple[str, bool]:
    return change.tag, change.is_added
