"""Pinduoduo's gateway: one address, signed parameters, errors with HTTP 200."""

from typing import Any

import orjson

from connectors.client import Call, Cure, Trouble
from connectors.gateway import AUTHORISE, GatewayClient, said_of
from connectors.pinduoduo.config import Config
from connectors.signing import wrapped_md5

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


class PinduoduoClient(GatewayClient):
    """Calls one shop's APIs; the token comes from the sources file."""

    token_calls = (REFRESH,)

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        self._config = config
        super().__init__(source, config, config.client_secret, **options)

    def read(
        self, api: str, params: dict[str, Any], page: int | None = None
    ) -> dict[str, Any]:
        """What one API answers, without its envelope."""
        form = {name: as_text(value) for name, value in params.items()}
        call = Call(api, self._config.base_url, page, form={"type": api, **form})
        return self.ask(call, ROOTS[api])

    def public(self) -> dict[str, str]:
        """The time is in seconds since 1970."""
        return {
            "client_id": self._config.client_id,
            "timestamp": str(int(self.clock().timestamp())),
            "data_type": "JSON",
            "version": "V1",
        }

    def signature(self, params: dict[str, str]) -> str:
        """The only one that Pinduoduo knows."""
        return wrapped_md5(params, self._secret)

    def refreshed(self, refresh_token: str) -> dict[str, Any]:
        """`pdd.pop.auth.token.refresh`, which is signed, but goes without a token."""
        return self.read(REFRESH, {"refresh_token": refresh_token})

    def judge(self, error: dict[str, Any]) -> Trouble:
        """Throttles tell no time to wait."""
        code = str(error.get("error_code", "unknown"))
        said = said_of(code, error.get("error_msg"), error.get("sub_msg"))
        wait = self._config.throttle_pause if code in THROTTLE_CODES else None
        return Trouble(_cure(code), said, ADVICE.get(code, ""), wait, code)


def as_text(value: Any) -> str:
    """A parameter as it is signed and sent; lists and objects are compact JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _cure(code: str) -> Cure:
    if code in TOKEN_CODES:
        return Cure.TOKEN
    return Cure.WAIT if code in BUSY_CODES else Cure.PERSON
