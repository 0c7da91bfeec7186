"""Shopify's GraphQL: one address, errors inside of 200, and a bucket of points."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.shopify.config import Config
from connectors.tokens import Token, Tokens
from connectors.values import part

TOKEN = "X-Shopify-Access-Token"
VERSION = "X-Shopify-API-Version"
TOO_COSTLY = "MAX_COST_EXCEEDED"
BUSY_CODES = {"INTERNAL_SERVER_ERROR", "TIMEOUT"}
ADVICE = {
    "ACCESS_DENIED": "give the app the scopes read_orders and read_customers, and "
    "access to protected customer data; without it, set personal_data: false",
    "SHOP_INACTIVE": "the shop is closed or has not paid Shopify",
    TOO_COSTLY: "lower page_size and lines_at_once",
    "402": "the shop is frozen until it has paid Shopify",
    "403": "give the app the scopes read_orders and read_customers",
    "404": "check base_url and api_version",
    "423": "Shopify has locked the shop: ask its support",
}
NEW_QUESTION = "api_version may lack a field that is asked for: report this"
# Two clocks and their fractions: a refusal would cost more than this.
A_MOMENT = 0.05
SCOPES = "{ currentAppInstallation { accessScopes { handle } } }"


@dataclass(slots=True)
class Bucket:
    """What the app may spend at once: `points` at `seen`, and `rate` more a second."""

    points: float
    rate: float
    seen: datetime

    def wait(self, cost: float, now: datetime) -> float:
        """Seconds until a call of that cost is let through."""
        points = self.points + self.rate * (now - self.seen).total_seconds()
        return max(0.0, (cost - points) / self.rate) if self.rate > 0 else 0.0


class ShopifyClient(Client):
    """Calls one shop; waits before it calls when the bucket is too low for it."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        secret = config.client_secret
        self._secret = secret.get_secret_value() if secret else ""
        super().__init__(source, secrets=[self._secret], **options)
        self._config = config
        self._tokens = Tokens(self, self._ask, _given(config), config.token_file)
        self._bucket: Bucket | None = None
        self._costs: dict[str, float] = {}
        self._scopes: frozenset[str] | None = None
        self.answered_version = config.api_version
        """What Shopify has used: for one that it no longer knows, a newer one."""

    def ask(
        self,
        name: str,
        query: str,
        variables: dict[str, Any] | None = None,
        page: int | None = None,
    ) -> dict[str, Any]:
        """The `data` of one GraphQL query; `name` is what errors call it."""
        self._wait_for_points(name)
        site, version = self._config.base_url, self._config.api_version
        url = f"{site}/admin/api/{version}/graphql.json"
        asked = {"query": query, "variables": variables or {}}
        call = Call(name, url, page, json=asked)
        reply = self.call(call)
        self.answered_version = reply.headers.get(VERSION, version)
        self._learn(name, reply)
        data = reply.body.get("data")
        if not isinstance(data, dict):
            raise self.error(call, Trouble(Cure.WAIT, "the answer holds no data"))
        return data

    def pause(self, seconds: float) -> None:
        """Wait, as between two tries."""
        self._sleep(seconds)

    def scopes(self) -> frozenset[str]:
        """What the app may read; asked for once."""
        if self._scopes is None:
            installed = part(self.ask("scopes", SCOPES), "currentAppInstallation")
            listed = installed.get("accessScopes") or []
            self._scopes = frozenset(str(one.get("handle")) for one in listed)
        return self._scopes

    def sign(self, call: Call) -> Call:
        """With the token in a header."""
        return replace(call, headers={**call.headers, TOKEN: self._tokens.valid()})

    def renew(self, refused: Call) -> None:
        """Another token than the refused one, where there is a way to get one."""
        if TOKEN not in refused.headers:
            raise self._no_token("Shopify gives no token")
        self._tokens.renew(refused.headers[TOKEN])

    def trouble(self, reply: Reply) -> Trouble | None:
        """`errors`: a list with HTTP 200, a text or an object with any other status."""
        body = reply.body
        if not isinstance(body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        errors = body.get("errors")
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            return self._judge_error(errors[0], body)
        is_theirs = reply.status == 429 or reply.status >= 500
        if is_theirs or not (errors or body.get("error")):
            return None
        code = str(reply.status)
        said = str(errors or body.get("error_description") or body["error"])
        cure = Cure.TOKEN if reply.status == 401 else Cure.PERSON
        advice = self._advice(code, body)
        return Trouble(cure, f"HTTP {code}: {said}", advice, code=code)

    def _judge_error(self, error: dict[str, Any], body: dict[str, Any]) -> Trouble:
        code = str(part(error, "extensions").get("code") or "unknown")
        said = f"{code}: {error.get('message')}"
        if code == "THROTTLED":
            return Trouble(Cure.WAIT, said, wait=self._deficit(body), code=code)
        if code in BUSY_CODES:
            return Trouble(Cure.WAIT, said, code=code)
        return Trouble(Cure.PERSON, said, ADVICE.get(code, NEW_QUESTION), code=code)

    def _advice(self, code: str, body: dict[str, Any]) -> str:
        if "error" in body:
            return "check client_id and client_secret, and that the app is installed"
        return ADVICE.get(code, "")

    def _deficit(self, body: dict[str, Any]) -> float:
        """Seconds until the bucket holds what a refused call costs."""
        cost = part(part(body, "extensions"), "cost")
        bucket, price = self._read_bucket(cost), cost.get("requestedQueryCost")
        if bucket is None or not isinstance(price, int | float):
            return self._config.throttle_pause
        self._bucket = bucket
        return bucket.wait(price, bucket.seen)

    def _learn(self, name: str, reply: Reply) -> None:
        cost = part(part(reply.body, "extensions"), "cost")
        price = cost.get("requestedQueryCost")
        if isinstance(price, int | float):
            self._costs[name] = price
        self._bucket = self._read_bucket(cost) or self._bucket

    def _read_bucket(self, cost: dict[str, Any]) -> Bucket | None:
        status = part(cost, "throttleStatus")
        points, rate = status.get("currentlyAvailable"), status.get("restoreRate")
        if not isinstance(points, int | float) or not isinstance(rate, int | float):
            return None
        return Bucket(points, rate, self.clock())

    def _wait_for_points(self, name: str) -> None:
        """So that a refusal, which costs a try, is the exception."""
        if self._bucket is None or name not in self._costs:
            return
        pause = self._bucket.wait(self._costs[name], self.clock())
        if pause > 0:
            self.pause(pause + A_MOMENT)

    def _ask(self, stale: Token | None) -> Token:
        """The next token: by refresh token, else by the app's own credentials."""
        known = self._config.client_id or ""
        form = {"client_id": known, "client_secret": self._secret}
        if stale is not None and stale.refresh:
            form |= {"grant_type": "refresh_token", "refresh_token": stale.refresh}
        elif known and self._secret:
            form |= {"grant_type": "client_credentials"}
        else:
            raise self._no_token("the access token was refused, or the app removed")
        url = f"{self._config.base_url}/admin/oauth/access_token"
        body = self.call(Call("access_token", url, form=form, is_signed=False)).body
        access, seconds = body.get("access_token"), body.get("expires_in")
        if not isinstance(access, str) or not access:
            raise self._no_token("there is no token in the answer")
        lives = timedelta(seconds=seconds) if isinstance(seconds, int) else None
        refresh = body.get("refresh_token")
        return Token(
            access,
            refresh if isinstance(refresh, str) else None,
            self.clock() + lives if lives else None,
        )

    def _no_token(self, said: str) -> Exception:
        way_out = "install the app again, and set access_token"
        if self._config.client_id:
            way_out = "check client_id and client_secret, and that the app is installed"
        return self.error(Call("token", ""), Trouble(Cure.PERSON, said, way_out))


def _given(config: Config) -> Token | None:
    access, refresh = config.access_token, config.refresh_token
    if access is None:
        return None
    return Token(
        access.get_secret_value(), refresh.get_secret_value() if refresh else None
    )
