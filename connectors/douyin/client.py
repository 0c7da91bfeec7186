"""Douyin's shop gateway: one signed JSON text a call, a code and a sub_code back."""

import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import md5
from typing import Any

import orjson

from connectors.client import Call, CallRefused, Client, Cure, Reply, Trouble
from connectors.douyin.config import Config
from connectors.signing import joined
from connectors.tokens import Token, Tokens

GOOD = "10000"
TOO_MANY_CALLS = "60000"
# Its service is down or slow.
BUSY_CODES = {"20000", "20001", TOO_MANY_CALLS}
CALL_IS_GONE = "70000"
TOKEN_CALLS = ("token/create", "token/refresh")
# A piece of the sub_code or the code itself -> the way out.
ADVICE = {
    "app-permissions": "ask Douyin for the permission package of this call",
    "authorization": "the shop has withdrawn its authorisation: authorise again",
    "signature": "check app_key and app_secret",
    "app-id": "check app_key",
    "timestamp": "check this machine's clock",
    "token-generate-failed": "check app_key, app_secret, shop_id and app_kind",
    "30002": "add this machine's address to the application's IP list",
    CALL_IS_GONE: "Douyin has ended this call: report this",
}


class DouyinClient(Client):
    """Calls one shop's APIs; a self-use application asks for its token itself."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        self._secret = config.app_secret.get_secret_value()
        super().__init__(source, secrets=[self._secret], **options)
        self._config = config
        self._tokens = Tokens(self, self._ask, _given(config), config.token_file)

    def read(self, path: str, body: dict[str, Any], page: int | None = None) -> Any:
        """The `data` of one API; `path` goes like `order/searchList`."""
        # Douyin signs the text with its names sorted, at every depth.
        ordered = orjson.loads(orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
        call = Call(path, f"{self._config.base_url}/{path}", page, json=ordered)
        return self.call(call).body.get("data")

    def sign(self, call: Call) -> Call:
        """With the time of this try; a call for a token goes without one."""
        signed = {
            "app_key": self._config.app_key,
            "method": call.name.replace("/", "."),
            "param_json": orjson.dumps(call.json).decode(),
            "timestamp": str(int(self.clock().timestamp())),
            "v": "2",
        }
        sign = signature(signed, self._secret, self._config.sign_method)
        params = {**signed, "sign": sign, "sign_method": self._config.sign_method}
        # It is the body: in the address it would be told to every log on the way.
        del params["param_json"]
        if call.name not in TOKEN_CALLS:
            params["access_token"] = self._tokens.valid()
        return replace(call, params=params)

    def renew(self, refused: Call) -> None:
        """Another token than the refused one."""
        if "access_token" not in refused.params:
            said = "Douyin gives no token"
            raise self.error(refused, Trouble(Cure.PERSON, said, self._way_out()))
        self._tokens.renew(refused.params["access_token"])

    def trouble(self, reply: Reply) -> Trouble | None:
        """Anything but code 10000; older answers have `err_no` 0 instead."""
        body = reply.body
        if not isinstance(body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        code = str(body.get("code", GOOD if body.get("err_no") == 0 else ""))
        if not code and 200 <= reply.status < 300:
            return Trouble(Cure.WAIT, "the answer holds no code")
        if code in ("", GOOD):
            return None
        kind = str(body.get("sub_code") or "")
        words = dict.fromkeys((body.get("msg"), body.get("sub_msg")))
        told = f"code {code} {kind}".strip()
        said = f"{told}: {', '.join(str(one) for one in words if one)}"
        advice = next((way for sign, way in ADVICE.items() if sign in told), "")
        wait = self._config.throttle_pause if code == TOO_MANY_CALLS else None
        return Trouble(self._cure(code, kind), said, advice, wait, code)

    def _cure(self, code: str, kind: str) -> Cure:
        if self._config.token_trouble in kind:
            return Cure.TOKEN
        is_theirs = kind.startswith("isp.") and code != CALL_IS_GONE
        return Cure.WAIT if code in BUSY_CODES or is_theirs else Cure.PERSON

    def _ask(self, stale: Token | None) -> Token:
        """The next token by the refresh token, else a first one."""
        is_tool = self._config.app_kind == "tool"
        if stale and stale.refresh:
            body = {"grant_type": "refresh_token", "refresh_token": stale.refresh}
            try:
                return self._granted("token/refresh", body)
            except CallRefused:
                if is_tool:
                    raise
        # The shop's number is the authorisation; the code is asked for, but empty.
        self_use = {"grant_type": "authorization_self", "code": ""}
        return self._granted(
            "token/create", {**self_use, "shop_id": self._config.shop_id}
        )

    def _granted(self, path: str, body: dict[str, Any]) -> Token:
        data = self.read(path, body)
        access = data.get("access_token") if isinstance(data, dict) else None
        if not isinstance(access, str) or not access:
            said = "there is no token in the answer"
            trouble = Trouble(Cure.PERSON, said, self._way_out())
            raise self.error(Call(path, ""), trouble)
        refresh, seconds = data.get("refresh_token"), data.get("expires_in")
        return Token(access, str(refresh) if refresh else None, self._ends(seconds))

    def _ends(self, seconds: Any) -> datetime | None:
        if not isinstance(seconds, int):
            return None
        return self.clock() + timedelta(seconds=seconds)

    def _way_out(self) -> str:
        if self._config.app_kind == "tool":
            return "authorise again, and set access_token and refresh_token"
        return "check app_key, app_secret and shop_id"


def signature(params: dict[str, str], secret: str, method: str) -> str:
    """Lower-case hex over the joined parameters between two copies of the secret."""
    text = f"{secret}{joined(params)}{secret}".encode()
    if method == "md5":
        return md5(text, usedforsecurity=False).hexdigest()
    return hmac.digest(secret.encode(), text, "sha256").hex()


def _given(config: Config) -> Token | None:
    """A tool's first tokens; a self-use application asks for its own."""
    access, refresh = config.access_token, config.refresh_token
    if config.app_kind == "self" or access is None or refresh is None:
        return None
    return Token(access.get_secret_value(), refresh.get_secret_value())
