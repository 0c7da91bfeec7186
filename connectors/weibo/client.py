"""Weibo's errors, and the token of one account."""

from dataclasses import replace
from typing import Any

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.weibo.config import Config

BUSY = {"10001", "10002", "10003", "10009", "10010", "10011"}
USED_UP = {"10004", "10022", "10023", "10024"}
TOKEN = {"21314", "21315", "21316", "21317", "21319", "21327", "21332"}
ADVICE = {
    "10005": "the application lacks the permission for this call",
    "10006": "the call came without a token: check access_token",
    "10014": "the application lacks the permission for this call",
}
AGAIN = "the account must authorise the application again; then set access_token"


class WeiboClient(Client):
    """Calls with the token that the account gave; there is no other to be had."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        self._config = config
        self._token = config.access_token.get_secret_value()
        super().__init__(source, secrets=[self._token], **options)

    def read(self, name: str, params: dict[str, str]) -> Any:
        """The answer of `GET /<name>.json`."""
        url = f"{self._config.base_url}/{name}.json"
        page = f"from {params['max_id']} down" if "max_id" in params else 1
        return self.call(Call(name, url, page, "GET", params)).body

    def sign(self, call: Call) -> Call:
        """Weibo takes the token in the query, nothing else is signed."""
        return replace(call, params={**call.params, "access_token": self._token})

    def trouble(self, reply: Reply) -> Trouble | None:
        """`error_code`, whatever the status is."""
        if not isinstance(reply.body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        if "error_code" not in reply.body:
            return None
        code = str(reply.body["error_code"])
        said = f"code {code}: {reply.body.get('error', '')}"
        if code in USED_UP:
            # Rations last an hour or a day: trying again soon only uses the next up.
            wait = self._config.rest.total_seconds()
            advice = "the ration of calls is used up; a later run goes on"
            return Trouble(Cure.WAIT, said, advice, wait, code)
        if code in BUSY:
            return Trouble(Cure.WAIT, said, code=code)
        advice = AGAIN if code in TOKEN else ADVICE.get(code, "")
        return Trouble(Cure.PERSON, said, advice, code=code)
