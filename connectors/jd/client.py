"""JD's gateway (JOS): one address, one JSON text of parameters, one signature."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from connectors.client import Call, Cure, Reply, Trouble
from connectors.gateway import AUTHORISE, GatewayClient, said_of
from connectors.jd.config import Config
from connectors.signing import wrapped_md5
from connectors.values import in_china, part

PARAMETERS = "360buy_param_json"
# JD's own spelling; a few APIs have the other.
ENDINGS = ("_responce", "_response")
GOOD = "0"
TOO_MANY_CALLS = "2"
ADVICE = {
    TOO_MANY_CALLS: "ask JD for more calls a day, if it stays so",
    **dict.fromkeys(("7", "8"), "check this machine's clock"),
    **dict.fromkeys(("11", "12", "20", "21"), "check app_key and app_secret"),
    **dict.fromkeys(("18", "19"), AUTHORISE),
    "22": "another account has authorised the application: let the shop's do it",
    "24": "the application lacks the permission for this call",
    "64": "this kind of shop may not make this call: leave its stream out of streams",
}
# Where APIs say what was wrong with a question that the gateway let through.
WORDS = ("chineseErrCode", "englishErrCode", "numberCode", "code", "errorMsg", "msg")


class JdClient(GatewayClient):
    """Calls one shop's APIs; the token comes from the sources file."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        self._config = config
        ends = config.access_token_ends
        known = {"access_token_ends": ends - config.renew_before if ends else None}
        given = config.model_copy(update=known)
        super().__init__(source, given, config.app_secret, **options)

    def read(
        self, api: str, params: dict[str, Any], page: int | None = None
    ) -> dict[str, Any]:
        """What one API answers, without its envelope."""
        # What is signed is the text that is sent.
        text = orjson.dumps(params, option=orjson.OPT_SORT_KEYS).decode()
        form = {"method": api, PARAMETERS: text}
        call = Call(api, self._config.base_url, page, form=form)
        root = api.replace(".", "_")
        return self.ask(call, *(f"{root}{ending}" for ending in ENDINGS))

    def public(self) -> dict[str, str]:
        """The time may be six minutes off."""
        now = in_china(self.clock())
        return {"app_key": self._config.app_key, "timestamp": now, "v": "2.0"}

    def signature(self, params: dict[str, str]) -> str:
        """The only one that JD knows."""
        return wrapped_md5(params, self._secret)

    def refreshed(self, refresh_token: str) -> dict[str, Any]:
        """`/oauth2/refresh_token`, which reads its parameters from the address."""
        params = {
            "app_key": self._config.app_key,
            "app_secret": self._secret,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        url = self._config.token_url
        call = Call(
            "the renewal of the token",
            url,
            method="GET",
            params=params,
            is_signed=False,
        )
        answer: dict[str, Any] = self.call(call).body
        return answer

    def ends(self, seconds: int) -> datetime:
        """Ahead of its end, but not so far that a short life would be none."""
        life = timedelta(seconds=seconds)
        return self.clock() + life - min(self._config.renew_before, life / 2)

    def trouble(self, reply: Reply) -> Trouble | None:
        """The envelope of errors, or an answer that says itself that it is none."""
        return super().trouble(reply) or self._inside(reply.body)

    def judge(self, error: dict[str, Any]) -> Trouble:
        """Throttles tell no time to wait; they may last until tomorrow."""
        code = str(error.get("code", "unknown"))
        said = said_of(code, error.get("zh_desc"), error.get("en_desc"))
        wait = self._config.throttle_pause if code == TOO_MANY_CALLS else None
        return Trouble(self._cure(code), said, ADVICE.get(code, ""), wait, code)

    def _inside(self, body: dict[str, Any]) -> Trouble | None:
        root = next((name for name in body if name.endswith(ENDINGS)), "")
        answer = part(body, root)
        if str(answer.get("code", GOOD)) != GOOD:
            return self.judge(answer)
        for name in answer:
            result = part(answer, name)
            state = part(result, "apiResult") or result
            if str(state.get("success", True)).lower() == "false":
                words = [state.get(word) for word in WORDS]
                said = ", ".join(str(one) for one in words if one) or "no reason"
                return Trouble(Cure.WAIT, f"JD could not answer: {said}")
        return None

    def _cure(self, code: str) -> Cure:
        if code in self._config.token_codes:
            return Cure.TOKEN
        is_passing = code in self._config.busy_codes or code == TOO_MANY_CALLS
        return Cure.WAIT if is_passing else Cure.PERSON
