"""A token in the query, and errors that are told by `errcode` with HTTP 200."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.tokens import MARGIN, Token, Tokens
from connectors.values import text

# Longer than any client waits: left to a later run.
TOMORROW = 86_400.0


class ErrcodeClient(Client):
    """Calls `/cgi-bin/<path>` of one account; a platform says what its codes mean."""

    token_codes: ClassVar[frozenset[str]]
    busy_codes: ClassVar[frozenset[str]]
    throttle_codes: ClassVar[frozenset[str]]
    """Too many calls of late: `throttle_pause` helps."""
    day_codes: ClassVar[frozenset[str]]
    """The day's calls are used up."""
    advice: ClassVar[Mapping[str, str]]

    def __init__(
        self,
        source: str,
        base_url: str,
        secret: str,
        throttle_pause: float,
        **options: Any,
    ) -> None:
        super().__init__(source, secrets=[secret], **options)
        self._base_url = base_url
        self._throttle_pause = throttle_pause
        self._tokens = Tokens(self, self.next_token)

    @abstractmethod
    def next_token(self, stale: Token | None) -> Token:
        """The token that the platform has now, given the one that is of no use."""

    def read(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        page: int | str | None = None,
    ) -> dict[str, Any]:
        """The answer to a GET, or to a POST when there is `json`."""
        method = "GET" if json is None else "POST"
        call = Call(path, self._url(path), page, method, params or {}, json=json)
        found: dict[str, Any] = self.call(call).body
        return found

    def listed(self, answer: Mapping[str, Any], name: str, place: str) -> list[Any]:
        """The list `name` of an answer; a missing one is an error, never empty."""
        found = answer.get(name)
        if not isinstance(found, list):
            said = f"the answer holds no {name}"
            raise self.error(Call(place, ""), Trouble(Cure.WAIT, said))
        return found

    def ask_for_token(
        self, path: str, method: str, params: Mapping[str, str], json: Any = None
    ) -> Token:
        """The token in the answer of one unsigned call, and when it ends."""
        call = Call(path, self._url(path), None, method, params, {}, json, None, False)
        answer = self.call(call).body
        access, seconds = text(answer.get("access_token")), answer.get("expires_in")
        if access is None:
            said = "there is no token in the answer"
            raise self.error(call, Trouble(Cure.PERSON, said))
        life = timedelta(seconds=seconds) if isinstance(seconds, int) else None
        return Token(access, None, self.clock() + life if life else None)

    def is_ending(self, token: Token) -> bool:
        """Whether it is about to end, which is why another one is asked for."""
        return token.ends is not None and token.ends - MARGIN <= self.clock()

    def sign(self, call: Call) -> Call:
        """The token goes in the query, nothing else is signed."""
        return replace(
            call, params={**call.params, "access_token": self._tokens.valid()}
        )

    def renew(self, refused: Call) -> None:
        """Another token than the refused one."""
        self._tokens.renew(refused.params["access_token"])

    def trouble(self, reply: Reply) -> Trouble | None:
        """`errcode`, which alone counts; the words beside it change."""
        if not isinstance(reply.body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        code = str(reply.body.get("errcode") or 0)
        if code == "0":
            return None
        said = f"code {code}: {reply.body.get('errmsg') or ''}"
        cure, wait = self._cure(code)
        return Trouble(cure, said, self.advice.get(code, ""), wait, code)

    def _cure(self, code: str) -> tuple[Cure, float | None]:
        if code in self.token_codes:
            return Cure.TOKEN, None
        if code in self.day_codes:
            return Cure.WAIT, TOMORROW
        if code in self.throttle_codes:
            return Cure.WAIT, self._throttle_pause
        return (Cure.WAIT if code in self.busy_codes else Cure.PERSON), None

    def _url(self, path: str) -> str:
        return f"{self._base_url}/cgi-bin/{path}"
