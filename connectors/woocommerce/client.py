"""WooCommerce's REST API: signed by key, errors with a code, totals in headers."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import requests

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.woocommerce.config import Config
from connectors.woocommerce.oauth import signature

API = "/wc/v3"
TOO_MANY_CALLS = 429
BEHIND_A_PROXY = (
    "check that the key may read; where the site stands behind a proxy, it does not "
    "know that it is called by HTTPS: set auth: oauth, or pass X-Forwarded-Proto on"
)
# A piece of the code or of the message -> the way out; the first that fits.
ADVICE = {
    "Invalid timestamp": "check this machine's clock, and that of the shop",
    "permissions": "give the key the permission to read",
    "authentication": "check consumer_key and consumer_secret",
    "cannot_view": "the key's user may not see this: it must be a shop manager's",
    "rest_no_route": "is WooCommerce active there? set permalinks: false if the site's "
    "addresses are plain",
}


class WooClient(Client):
    """Calls one shop; each try has a signature of its own."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        self._key = config.consumer_key.get_secret_value()
        self._secret = config.consumer_secret.get_secret_value()
        super().__init__(source, secrets=[self._key, self._secret], **options)
        self._config = config
        is_https = config.base_url.lower().startswith("https:")
        self._is_basic = config.auth == "basic" or (config.auth == "auto" and is_https)
        if self._is_basic:
            self.hide(self._password())

    def read(
        self, path: str, params: Mapping[str, str], page: int | None = None
    ) -> Reply:
        """The answer to GET `path`, like `orders`."""
        site = self._config.base_url
        url, asked = f"{site}/wp-json{API}/{path}", dict(params)
        if not self._config.permalinks:
            url, asked["rest_route"] = f"{site}/", f"{API}/{path}"
        return self.call(Call(path, url, page, method="GET", params=asked))

    def sign(self, call: Call) -> Call:
        """With key and secret over HTTPS, else with a signature and a new nonce."""
        if self._is_basic:
            header = {"Authorization": f"Basic {self._password()}"}
            return replace(call, headers={**call.headers, **header})
        params = {
            **call.params,
            "oauth_consumer_key": self._key,
            "oauth_timestamp": str(int(self.clock().timestamp())),
            "oauth_nonce": secrets.token_hex(16),
            "oauth_signature_method": self._config.oauth_method,
        }
        sign = signature(call.method, call.url, params, self._secret)
        return replace(call, params={**params, "oauth_signature": sign})

    def trouble(self, reply: Reply) -> Trouble | None:
        """`{"code", "message", "data"}` of any status that waiting does not help."""
        body, status = reply.body, reply.status
        if not isinstance(body, dict) or not isinstance(body.get("code"), str):
            return None
        if status < 400 or status == TOO_MANY_CALLS or status >= 500:
            return None
        said = f"code {body['code']}: {body.get('message', '')}"
        return Trouble(Cure.PERSON, said, self._advice(said), code=body["code"])

    def _advice(self, said: str) -> str:
        if "cannot_view" in said and self._is_basic:
            return BEHIND_A_PROXY
        return next((way for sign, way in ADVICE.items() if sign in said), "")

    def _by_status(self, response: requests.Response) -> Trouble | None:
        """As everywhere; hosts that count calls seldom say how long to wait."""
        trouble = super()._by_status(response)
        is_unsaid = trouble is not None and trouble.wait is None
        if trouble and is_unsaid and response.status_code == TOO_MANY_CALLS:
            return replace(trouble, wait=self._config.throttle_pause)
        return trouble

    def _password(self) -> str:
        return b64encode(f"{self._key}:{self._secret}".encode()).decode()
