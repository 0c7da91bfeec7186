"""An official account's stable token, and what its error codes mean."""

from typing import Any

from connectors.tokens import Token
from connectors.wechat.config import Config
from connectors.wechat_base.client import ErrcodeClient

LIST = "add this server's address to the IP whitelist in the account's console"
RIGHT = "the account has no right to this call: it must be a certified one"

ADVICE = {
    "40001": "check secret: a token that is new is refused",
    "40013": "check app_id",
    "40125": "check secret",
    "40164": LIST,
    "45009": "the day's calls are used up; a run of tomorrow goes on",
    "48001": RIGHT,
    "48004": "WeChat has banned this call for the account",
    "48008": RIGHT,
    "50002": "WeChat has restricted the account",
    "61004": LIST,
    "89503": "the account's administrator must confirm this server's address",
    "89506": "the account's administrator refused this server's address for a day",
    "89507": "the account's administrator refused this server's address for an hour",
}


class WeChatClient(ErrcodeClient):
    """Calls one account; all processes are given the same token."""

    token_codes = frozenset({"40001", "40014", "41001", "42001"})
    busy_codes = frozenset({"-1", "42010", "45066", "61450", "268488001"})
    throttle_codes = frozenset({"45011"})
    day_codes = frozenset({"45009"})
    advice = ADVICE

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        secret = config.secret.get_secret_value()
        super().__init__(
            source, config.base_url, secret, config.throttle_pause, **options
        )
        self._config = config

    def next_token(self, stale: Token | None) -> Token:
        """The token of now; by force, if WeChat goes on giving one it refuses.

        By force ends the old token for everybody, and works twenty times a day.
        """
        token = self._stable(is_forced=False)
        is_same = stale is not None and token.access == stale.access
        if is_same and stale and not self.is_ending(stale):
            return self._stable(is_forced=True)
        return token

    def _stable(self, is_forced: bool) -> Token:
        given = {
            "grant_type": "client_credential",
            "appid": self._config.app_id,
            "secret": self._config.secret.get_secret_value(),
            "force_refresh": is_forced,
        }
        return self.ask_for_token("stable_token", "POST", {}, given)
