"""Douyin's open platform: a token in the header, two error codes in the answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.douyin_account.config import Config
from connectors.tokens import Token, Tokens
from connectors.values import part, text

REFRESH = "oauth/refresh_token"
TOO_FAST = "28003018"
DAY_IS_USED_UP = ("28003017", "2190001")
BUSY_CODES = {"28001005", "28001006", "2100004", TOO_FAST, *DAY_IS_USED_UP}
TOKEN_CODES = {"28001008", "2190008"}
AUTHORISE = "authorise the application again, and set access_token and refresh_token"
NO_SCOPE = "the application lacks the scope of this call (ma.item.comment)"
OFFLINE = "Douyin has banned the application or taken it offline"
ADVICE = {
    **dict.fromkeys(TOKEN_CODES, AUTHORISE),
    **dict.fromkeys(("28001012", "28001014", "28001018"), NO_SCOPE),
    "28001015": "the tokens are of another account: check account",
    **dict.fromkeys(("28001016", "28001019", "28001056"), OFFLINE),
    **dict.fromkeys(DAY_IS_USED_UP, "the day's calls are used up: try tomorrow"),
}
# Longer than any client waits: left to a later run.
TOMORROW = 86_400.0


class AccountClient(Client):
    """Calls one account's APIs; the tokens come from the sources file."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        assert config.access_token and config.refresh_token
        self._secret = config.client_secret.get_secret_value()
        super().__init__(source, secrets=[self._secret], **options)
        self._config = config
        given = Token(
            config.access_token.get_secret_value(),
            config.refresh_token.get_secret_value(),
        )
        self._tokens = Tokens(self, self._ask, given, config.token_file)

    def read(
        self, path: str, params: dict[str, Any], page: int | None = None
    ) -> dict[str, Any]:
        """The `data` of one API of the account."""
        asked = {name: str(value) for name, value in params.items()}
        url = f"{self._config.base_url}/{path}/"
        whose = {"open_id": self._config.account, **asked}
        reply = self.call(Call(path, url, page, "GET", whose))
        return part(reply.body, "data")

    def sign(self, call: Call) -> Call:
        """The token goes in a header of its own."""
        return replace(call, headers={"access-token": self._tokens.valid()})

    def renew(self, refused: Call) -> None:
        """Another token than the refused one."""
        self._tokens.renew(refused.headers["access-token"])

    def trouble(self, reply: Reply) -> Trouble | None:
        """An error may be told in `data`, in `extra`, or in both."""
        if not isinstance(reply.body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        for told in self._told(reply.body):
            code = text(told.get("error_code")) or "0"
            if code != "0":
                said = f"code {code}: {told.get('description') or ''}"
                wait = self._wait_for(code)
                return Trouble(_cure(code), said, ADVICE.get(code, ""), wait, code)
        return None

    def _told(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield part(body, "data")
        yield part(body, "extra")

    def _wait_for(self, code: str) -> float | None:
        if code in DAY_IS_USED_UP:
            return TOMORROW
        return self._config.throttle_pause if code == TOO_FAST else None

    def _ask(self, stale: Token | None) -> Token:
        """The next access token. The refresh token stays as it is."""
        assert stale is not None and stale.refresh is not None
        form = {
            "client_key": self._config.client_key,
            "grant_type": "refresh_token",
            "refresh_token": stale.refresh,
        }
        url = f"{self._config.base_url}/{REFRESH}/"
        call = Call(REFRESH, url, form=form, is_signed=False)
        data = part(self.call(call).body, "data")
        access, refresh = (
            text(data.get("access_token")),
            text(data.get("refresh_token")),
        )
        if access is None:
            said = "there is no token in the answer"
            raise self.error(call, Trouble(Cure.PERSON, said, AUTHORISE))
        seconds = data.get("expires_in")
        life = timedelta(seconds=seconds) if isinstance(seconds, int) else None
        ends = self.clock() + life if life else None
        return Token(access, refresh or stale.refresh, ends)


def _cure(code: str) -> Cure:
    if code in TOKEN_CODES:
        return Cure.TOKEN
    return Cure.WAIT if code in BUSY_CODES else Cure.PERSON
