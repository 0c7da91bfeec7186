"""Taobao's gateway (TOP): one address, three signatures, errors with HTTP 200."""

import hmac
import re
from typing import Any

from connectors.client import Call, Cure, Reply, Trouble
from connectors.gateway import AUTHORISE, GatewayClient, said_of
from connectors.signing import joined, wrapped_md5
from connectors.taobao.config import Config
from connectors.values import in_china

TOKEN_CODES = {"26", "27"}
# Of the user, the session, the partner, the application, the frequency.
THROTTLE_CODES = {"4", "5", "6", "7", "8"}
BUSY_CODES = {"10"}
# The call has reached a service behind the gateway: its sub_code says whose fault.
REMOTE = "15"
THEIRS, OURS = "isp.", "isv."
CLOCK = "check this machine's clock"
PERMISSION = "the application lacks the permission for this call"
ADVICE = {
    **dict.fromkeys(("11", "12", "13"), PERMISSION),
    **dict.fromkeys(("25", "28", "29"), "check app_key, app_secret and sign_method"),
    **dict.fromkeys(("26", "27"), AUTHORISE),
    **dict.fromkeys(("30", "31"), CLOCK),
}
# "This ban will last for 1 more seconds"
SECONDS = re.compile(r"(\d+)\s*(?:more\s+)?(?:seconds?|秒)")


class TaobaoClient(GatewayClient):
    """Calls one shop's APIs; the token, called session, is from the sources file."""

    token_name = "session"

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        self._config = config
        super().__init__(source, config, config.app_secret, **options)

    def read(
        self, api: str, params: dict[str, str], page: int | None = None
    ) -> dict[str, Any]:
        """What one API answers, without its envelope."""
        # An empty parameter is not signed, so it must not be sent.
        form = {name: value for name, value in params.items() if value}
        call = Call(api, self._config.base_url, page, form={"method": api, **form})
        return self.ask(
            call, f"{api.removeprefix('taobao.').replace('.', '_')}_response"
        )

    def public(self) -> dict[str, str]:
        """Without `format` the answer would be XML."""
        return {
            "app_key": self._config.app_key,
            "timestamp": in_china(self.clock()),
            "format": "json",
            "v": "2.0",
            "sign_method": self._config.sign_method,
        }

    def signature(self, params: dict[str, str]) -> str:
        """As `sign_method` says."""
        return signature(params, self._secret, self._config.sign_method)

    def refreshed(self, refresh_token: str) -> dict[str, Any]:
        """`/token`; only applications of the service market have refresh tokens."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self._config.app_key,
            "client_secret": self._secret,
        }
        url = self._config.token_url
        call = Call("the renewal of the token", url, form=form, is_signed=False)
        answer: dict[str, Any] = self.call(call).body
        return answer

    def trouble(self, reply: Reply) -> Trouble | None:
        """The envelope of errors, or that of a refused renewal."""
        error = reply.body.get("error") if isinstance(reply.body, dict) else None
        if isinstance(error, str) and reply.status < 500:
            said = f"{error}: {reply.body.get('error_description')}"
            return Trouble(Cure.PERSON, said, AUTHORISE)
        return super().trouble(reply)

    def judge(self, error: dict[str, Any]) -> Trouble:
        """A throttle says in `sub_msg` how many seconds it lasts."""
        code, kind = str(error.get("code", "unknown")), str(error.get("sub_code") or "")
        said = said_of(code, error.get("msg"), kind, error.get("sub_msg"))
        wait = self._ban(error.get("sub_msg")) if code in THROTTLE_CODES else None
        return Trouble(_cure(code, kind), said, ADVICE.get(code, ""), wait, code)

    def _ban(self, told: Any) -> float:
        found = SECONDS.search(str(told))
        return float(found[1]) if found else self._config.throttle_pause


def signature(params: dict[str, str], secret: str, method: str) -> str:
    """Only md5 puts the secret around the parameters; the others have it as key."""
    if method == "md5":
        return wrapped_md5(params, secret)
    digest = "md5" if method == "hmac" else "sha256"
    return hmac.digest(secret.encode(), joined(params).encode(), digest).hex().upper()


def _cure(code: str, kind: str) -> Cure:
    if code in TOKEN_CODES:
        return Cure.TOKEN
    is_theirs = kind.startswith(THEIRS) or (code == REMOTE and not kind)
    is_passing = code in THROTTLE_CODES | BUSY_CODES or is_theirs
    return Cure.WAIT if is_passing else Cure.PERSON
