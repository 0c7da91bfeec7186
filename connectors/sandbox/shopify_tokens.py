"""The double's tokens: one for ever, those of the app itself, those of an hour."""

import uuid
from collections.abc import Callable, Mapping
from typing import Protocol

from connectors.sandbox.server import Answer

CLIENT_ID = "demo-client-id-0001"
CLIENT_SECRET = "hush-demo-secret"
A_DAY, AN_HOUR = 86_400, 3_600


class Shop(Protocol):
    """What says who may see what, and when it is."""

    scopes: list[str]

    clock: Callable[[], float]


class Tokens:
    """Of one app in one shop; `ends` is when each ends, None for never."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.permanent = f"shpat_{uuid.uuid4().hex}"
        self.ends: dict[str, float | None] = {self.permanent: None}
        self._refresh: str | None = None

    def is_good(self, token: str) -> bool:
        """Whether it was given and has not ended."""
        ends = self.ends.get(token, 0.0)
        return ends is None or ends > self._shop.clock()

    def expire(self) -> None:
        """Every token given so far is over."""
        self.ends = dict.fromkeys(self.ends, 0.0)

    def authorise(self) -> tuple[str, str]:
        """A token that ends within the hour, and the one that gets the next."""
        self._refresh = f"shprt_{uuid.uuid4().hex}"
        return self._new("shpat", AN_HOUR), self._refresh

    def grant(self, given: Mapping[str, str]) -> Answer:
        """`/admin/oauth/access_token`."""
        known = (given.get("client_id"), given.get("client_secret"))
        if known != (CLIENT_ID, CLIENT_SECRET):
            return Answer({"error": "invalid_client"}, 400)
        granted = {"scope": ",".join(self._shop.scopes)}
        if given.get("grant_type") == "client_credentials":
            token = self._new("shpca", A_DAY)
            return Answer({**granted, "access_token": token, "expires_in": A_DAY - 1})
        is_refresh = given.get("grant_type") == "refresh_token"
        if is_refresh and given.get("refresh_token") == self._refresh:
            token, refresh = self.authorise()
            pair = {"access_token": token, "refresh_token": refresh}
            return Answer({**granted, **pair, "expires_in": AN_HOUR})
        return Answer({"error": "invalid_grant"}, 400)

    def _new(self, kind: str, seconds: float) -> str:
        token = f"{kind}_{uuid.uuid4().hex}"
        self.ends[token] = self._shop.clock() + seconds
        return token
