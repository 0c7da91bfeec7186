"""Gateways that take one signed form a call, and tell errors with HTTP 200."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import SecretStr

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.shop_config import AuthorisedShop
from connectors.tokens import Token, Tokens
from connectors.values import part

AUTHORISE = "authorise the application again, and set access_token and refresh_token"


class GatewayClient(Client, ABC):
    """Calls one shop's APIs for an application that the shop has authorised.

    Each try is signed anew, with its own time; the token is renewed when it ends.
    """

    token_name: ClassVar[str] = "access_token"
    """The parameter that holds the token."""
    token_calls: ClassVar[tuple[str, ...]] = ()
    """The signed calls that go without a token, since they get one."""

    def __init__(
        self, source: str, config: AuthorisedShop, secret: SecretStr, **options: Any
    ) -> None:
        self._secret = secret.get_secret_value()
        super().__init__(source, secrets=[self._secret], **options)
        refresh = config.refresh_token
        given = Token(
            config.access_token.get_secret_value(),
            refresh.get_secret_value() if refresh else None,
            config.access_token_ends,
        )
        self._tokens = Tokens(self, self._ask, given, config.token_file)

    @abstractmethod
    def public(self) -> dict[str, str]:
        """What each try says of the application and the time, besides its API."""

    @abstractmethod
    def signature(self, params: dict[str, str]) -> str:
        """The value of `sign` for all the other parameters."""

    @abstractmethod
    def judge(self, error: dict[str, Any]) -> Trouble:
        """What the platform's `error_response` means."""

    @abstractmethod
    def refreshed(self, refresh_token: str) -> dict[str, Any]:
        """The platform's answer to a refresh token: the next pair, and its life."""

    def ends(self, seconds: int) -> datetime:
        """When a token that lives so long should no longer be used."""
        return self.clock() + timedelta(seconds=seconds)

    def ask(self, call: Call, *roots: str) -> dict[str, Any]:
        """The object that the answer holds under one of `roots`."""
        body = self.call(call).body
        answer = next((body[root] for root in roots if root in body), None)
        if not isinstance(answer, dict):
            said = f"the answer holds no {roots[0]}"
            raise self.error(call, Trouble(Cure.WAIT, said))
        return answer

    def sign(self, call: Call) -> Call:
        """With the time of this try and the token."""
        assert call.form is not None
        params = {**call.form, **self.public()}
        if call.name not in self.token_calls:
            params[self.token_name] = self._tokens.valid()
        return replace(call, form={**params, "sign": self.signature(params)})

    def renew(self, refused: Call) -> None:
        """Another token than the refused one."""
        if refused.form is None or self.token_name not in refused.form:
            said = "the refresh token was refused"
            raise self.error(refused, Trouble(Cure.PERSON, said, AUTHORISE))
        self._tokens.renew(refused.form[self.token_name])

    def trouble(self, reply: Reply) -> Trouble | None:
        """The envelope of errors, whatever the HTTP status says."""
        if not isinstance(reply.body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        error = part(reply.body, "error_response")
        return self.judge(error) if error else None

    def _ask(self, stale: Token | None) -> Token:
        """The next token; mostly, the refresh token that gets it works once."""
        if stale is None or stale.refresh is None:
            raise self._no_token(
                "the access token has ended, and there is no refresh_token"
            )
        answer = self.refreshed(stale.refresh)
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not access:
            words = [str(answer[one]) for one in ("code", "msg") if answer.get(one)]
            said = ", ".join(["there is no token in the answer", *words])
            raise self._no_token(said)
        refresh = refresh if isinstance(refresh, str) and refresh else stale.refresh
        seconds = str(answer.get("expires_in"))
        return Token(
            access, refresh, self.ends(int(seconds)) if seconds.isdecimal() else None
        )

    def _no_token(self, said: str) -> Exception:
        return self.error(Call("token", ""), Trouble(Cure.PERSON, said, AUTHORISE))


def said_of(code: object, *words: object) -> str:
    """`code 7: App Call Limited, …`: each word once, empty ones left out."""
    told = [str(one) for one in dict.fromkeys(words) if one]
    return f"code {code}: {', '.join(told)}"
