"""Pinduoduo's gateway: one address, signed parameters, errors with HTTP 200."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.pinduoduo.config import Config
from connectors.signing import wrapped_md5
from connectors.tokens import Token, Tokens
from connectors.values import part

# The name of an answer cannot be derived from that of its call.
ROOTS = {
    "pdd.order.number.list.increment.get": "order_sn_increment_get_response",
    "pdd.refund.list.increment.get": "refund_increment_get_response",
    "pdd.pop.auth.token.refresh": "pop_auth_token_refresh_response",
}
REFRESH = "pdd.pop.auth.token.refresh"

TOKEN_CODES = {"10019"}
THROTTLE_CODES = {"52101", "70031"}
BUSY_CODES = {"52102", "52103", "70033", "50000", "50001", "50002", "52001", "52002"}
BUSY_CODES |= THROTTLE_CODES
AUTHORISE = "authorise the application again, and set access_token and refresh_token"
ADVICE = {
    "10019": AUTHORISE,
    "20004": "check client_id and client_secret",
    "20005": "add this machine's address to the application's IP list",
    "20031": "the application lacks the permission for this call",
    "70032": "Pinduoduo forbids this call to the application",
    "70034": "Pinduoduo forbids this call to the application",
    "70035": "Pinduoduo forbids this call to the application",
    "70036": "the day's calls of an application in test are used up",
}


class PinduoduoClient(Client):
    """Calls one shop's APIs; the token comes from the sources file."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        self._secret = config.client_secret.get_secret_value()
        super().__init__(source, secrets=[self._secret], **options)
        self._config = config
        refresh = config.refresh_token
        given = Token(
            config.access_token.get_secret_value(),
            refresh.get_secret_value() if refresh else None,
        )
        self._tokens = Tokens(self, self._ask, given, config.token_file)

    def read(
        self, api: str, params: dict[str, Any], page: int | None = None
    ) -> dict[str, Any]:
        """What one API answers, without its envelope."""
        form = {name: as_text(value) for name, value in params.items()}
        call = Call(api, self._config.base_url, page, form={"type": api, **form})
        answer = self.call(call).body.get(ROOTS[api])
        if not isinstance(answer, dict):
            said = f"the answer holds no {ROOTS[api]}"
            raise self.error(call, Trouble(Cure.WAIT, said))
        return answer

    def sign(self, call: Call) -> Call:
        """With the time of this try; only a call for a token goes without one."""
        assert call.form is not None
        params = {
            **call.form,
            "client_id": self._config.client_id,
            "timestamp": str(int(self.clock().timestamp())),
            "data_type": "JSON",
            "version": "V1",
        }
        if call.name != REFRESH:
            params["access_token"] = self._tokens.valid()
        params["sign"] = wrapped_md5(params, self._secret)
        return replace(call, form=params)

    def renew(self, refused: Call) -> None:
        """Another token than the refused one."""
        if refused.form is None or "access_token" not in refused.form:
            said = "the refresh token was refused"
            raise self.error(refused, Trouble(Cure.PERSON, said, AUTHORISE))
        self._tokens.renew(refused.form["access_token"])

    def trouble(self, reply: Reply) -> Trouble | None:
        """The envelope of errors, whatever the HTTP status says."""
        if not isinstance(reply.body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        error = part(reply.body, "error_response")
        if not error:
            return None
        code = str(error.get("error_code", "unknown"))
        words = dict.fromkeys((error.get("error_msg"), error.get("sub_msg")))
        said = f"code {code}: {', '.join(str(one) for one in words if one)}"
        wait = self._config.throttle_pause if code in THROTTLE_CODES else None
        return Trouble(_cure(code), said, ADVICE.get(code, ""), wait, code)

    def _ask(self, stale: Token | None) -> Token:
        """The next token; the refresh token that gets it works once."""
        if stale is None or stale.refresh is None:
            said = "the access token has ended, and there is no refresh_token"
            raise self.error(Call(REFRESH, ""), Trouble(Cure.PERSON, said, AUTHORISE))
        answer = self.read(REFRESH, {"refresh_token": stale.refresh})
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not access:
            said = "there is no token in the answer"
            raise self.error(Call(REFRESH, ""), Trouble(Cure.PERSON, said, AUTHORISE))
        refresh = refresh if isinstance(refresh, str) and refresh else stale.refresh
        return Token(access, refresh, self._ends(answer.get("expires_in")))

    def _ends(self, seconds: Any) -> datetime | None:
        if not isinstance(seconds, int):
            return None
        return self.clock() + timedelta(seconds=seconds)


def as_text(value: Any) -> str:
    """A parameter as it is signed and sent; lists and objects are compact JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _cure(code: str) -> Cure:
    if code in TOKEN_CODES:
        return Cure.TOKEN
    return Cure.WAIT if code in BUSY_CODES else Cure.PERSON
