"""Puts tags on the customers of a Youzan shop."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from connectors.base import TagChange, Tagged, TagWriter
from connectors.client import CallRefused
from connectors.youzan.client import NO_CUSTOMER, YouzanClient

LONGEST_NAME = 30


class YouzanTags(TagWriter):
    """`youzan.scrm.tag.relation.add` and `.delete`: one customer, several tags a call.

    Youzan creates a tag that it does not have when the first customer gets it.
    """

    kind = "buyer"
    at_once = 200

    def __init__(self, source: str, client: YouzanClient) -> None:
        self.scope = source
        self.client = client

    def write(self, changes: Sequence[TagChange]) -> Iterator[Tagged]:
        """One call for each customer and direction."""
        good = [one for one in changes if len(one.tag) <= LONGEST_NAME]
        if bad := [one for one in changes if len(one.tag) > LONGEST_NAME]:
            yield Tagged(bad, f"Youzan's tags have at most {LONGEST_NAME} characters")
        by_call = sorted(good, key=lambda one: (one.person, one.is_added))
        for (person, is_added), group in groupby(
            by_call, key=lambda one: (one.person, one.is_added)
        ):
            yield self._write(person, is_added, list(group))

    def _write(self, person: str, is_added: bool, changes: list[TagChange]) -> Tagged:
        api = f"youzan.scrm.tag.relation.{'add' if is_added else 'delete'}"
        body = {
            "account_type": "YzOpenId",
            "account_id": person,
            "tags": [{"tag_name": one.tag} for one in changes],
        }
        try:
            self.client.read(api, "4.0.0", body)
        except CallRefused as refused:
            if refused.code in NO_CUSTOMER:
                return Tagged(changes, "Youzan does not know this customer any more")
            raise
        return Tagged(changes)
