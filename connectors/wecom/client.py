"""A corp's token, and what WeCom's error codes mean."""

from collections.abc import Iterator
from typing import Any

from connectors.client import Call, CallRefused, Cure, Trouble
from connectors.tokens import Token
from connectors.values import text
from connectors.wechat_base.client import ErrcodeClient
from connectors.wecom.config import Config

STAFF = "externalcontact/get_follow_user_list"
APP = (
    "name the application in the console under customer contact, where it says which "
    "applications may call"
)
ADVICE = {
    "40001": "check secret",
    "40013": "check corp_id",
    "41045": "the corp has as many contact ways as WeCom allows: remove some there",
    "45009": "too many calls; WeCom stops them for a minute, an hour or the day",
    "48002": APP,
    "60011": "a member lies outside what the application may see",
    "60020": "add this server's address to the application's trusted addresses",
    "84074": APP,
    "301002": APP,
}
# Nobody knows this person: there is no such id, or no member has it as contact.
NO_CONTACT = frozenset({"40096", "84061"})


class WeComClient(ErrcodeClient):
    """Calls one corp; WeCom gives the same token until it ends."""

    token_codes = frozenset({"40014", "41001", "42001"})
    busy_codes = frozenset({"-1", "6000", "41063", "45033"})
    throttle_codes = frozenset({"45009"})
    day_codes = frozenset[str]()
    advice = ADVICE

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        secret = config.secret.get_secret_value()
        super().__init__(
            source, config.base_url, secret, config.throttle_pause, **options
        )
        self._config = config

    def next_token(self, stale: Token | None) -> Token:
        """The token of now."""
        secret = self._config.secret.get_secret_value()
        given = {"corpid": self._config.corp_id, "corpsecret": secret}
        return self.ask_for_token("gettoken", "GET", given)

    def staff(self) -> list[str]:
        """The members who may have contacts, in the order of their userids."""
        listed = self.listed(self.read(STAFF), "follow_user", STAFF)
        return sorted(one for userid in listed if (one := text(userid)))

    def cursored(
        self, path: str, body: dict[str, Any]
    ) -> Iterator[tuple[dict[str, Any], str]]:
        """Each answer of a list with `next_cursor`, and its place."""
        cursor, page = "", 1
        while True:
            answer = self.read(path, json={**body, "cursor": cursor}, page=page)
            yield answer, f"{path}, page {page}"
            following = text(answer.get("next_cursor"))
            if following is None:
                return
            if following == cursor:
                said = "there is more, but the cursor does not move"
                raise self.error(Call(path, "", page), Trouble(Cure.WAIT, said))
            cursor, page = following, page + 1

    def corp_tags(self) -> list[tuple[str, str, str]]:
        """All corp tags: (group, name, id)."""
        path = "externalcontact/get_corp_tag_list"
        groups = self.listed(self.read(path, json={}), "tag_group", path)
        return [tag for group in groups for tag in tags_of(group)]


def tags_of(group: Any) -> list[tuple[str, str, str]]:
    """The tags of one group that are not deleted: (group, name, id)."""
    found = group.get("tag") if isinstance(group, dict) else None
    return [
        (str(group.get("group_name")), str(one.get("name")), str(one.get("id")))
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict) and not one.get("deleted")
    ]


def is_nobody(refused: CallRefused) -> bool:
    """Whether the call was refused because of whom it was about."""
    return refused.code in NO_CONTACT
