"""WeChat template messages: service notices to followers, recognised for ten minutes.

The platform forbids marketing here. `client_msg_id` is our key: the same one to the
same person within ten minutes is sent once, so what is in doubt is simply sent again.
"""

import json
import time
from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tasks.channels.base import Account, Channel, MayLeave, Message, Outcome, Result
from tasks.channels.web import Line, NotSent, Unclear

TOKEN_EXPIRED = {40001, 40014, 41001, 42001}
# https://developers.weixin.qq.com/doc/ return codes; an unlisted one is unknown.
CODES: Mapping[int, Outcome] = {
    0: Outcome.ACCEPTED,
    -1: Outcome.RETRYABLE,
    42010: Outcome.RETRYABLE,
    45066: Outcome.RETRYABLE,
    61450: Outcome.RETRYABLE,
    45011: Outcome.RATE_LIMITED,
    45009: Outcome.QUOTA_EXHAUSTED,
    **dict.fromkeys((45015, 45047), Outcome.OUT_OF_WINDOW),
    **dict.fromkeys((43004, 43019, 43101, 48002, 50005), Outcome.RECIPIENT_BLOCKED),
    **dict.fromkeys((40003, 46004, 49003), Outcome.RECIPIENT_INVALID),
    **dict.fromkeys(
        (40007, 40008, 40037, 41030, 44004, 45002, 47001, 47003),
        Outcome.CONTENT_REJECTED,
    ),
    **dict.fromkeys(
        (40001, 40013, 40014, 40125, 40164, 41001, 42001, 48001, 48004, 48008, 50002),
        Outcome.CONFIG,
    ),
}


class WeChatTemplate(BaseModel):
    """A template of the account, and what fills it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(description="template_id at the platform")
    data: dict[str, str] = Field(
        default={}, description="keyword of the template: value of audience.sql"
    )
    url: str | None = Field(default=None, description="opened by a tap")


class WeChatAccount(Account):
    """A service account; it reaches those who follow it."""

    app_id: str
    secret: SecretStr = Field(description="AppSecret, as ${NAME}")
    templates: dict[str, WeChatTemplate] = Field(
        description="campaign/step, or campaign/step/language: the template"
    )
    api: str = Field(default="https://api.weixin.qq.com")
    timeout: float = Field(default=10, ge=1, description="seconds for one answer")

    @property
    def scope(self) -> str:
        """An openid is unique per app."""
        return self.app_id


class WeChatTemplateChannel(Channel):
    """Recognises a key for ten minutes."""

    name = "wechat_template"
    identifier = "openid"
    consent = "wechat_template"
    account_type = WeChatAccount
    batch: ClassVar[int] = 20
    dedupes_for: ClassVar[timedelta | None] = timedelta(minutes=10)
    is_for_marketing: ClassVar[bool] = False

    def __init__(self, account: str, settings: WeChatAccount) -> None:
        super().__init__(account, settings)
        self._to = settings
        self._line = Line(settings.timeout)
        self._token: str | None = None
        self._token_ends = 0.0

    def send(
        self, messages: Sequence[Message], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        """One request per message, one after the other."""
        is_stopped = False
        for message in messages:
            try:
                body = self._body(message)
                token = self._token_now()
            except LookupError as error:
                yield Result(message, Outcome.CONTENT_REJECTED, str(error.args[0]))
                continue
            except (NotSent, Unclear) as error:
                yield Result(message, Outcome.NOT_SENT, f"no token: {error}")
                continue
            except PermissionError as error:
                yield Result(message, Outcome.CONFIG, str(error))
                continue
            is_stopped = is_stopped or not may_leave(message)
            if is_stopped:
                yield Result(message, Outcome.NOT_SENT)
            else:
                yield self._send(message, body, token)

    def check(self) -> None:
        """Get a token; raises PermissionError when the credentials are wrong."""
        self._token_now()

    def close(self) -> None:
        """Hang up; the token is kept."""
        self._line.close()

    def _send(self, message: Message, body: bytes, token: str) -> Result:
        try:
            code, answer = self._post(body, token)
            if code in TOKEN_EXPIRED:
                # Once: a token that is new and refused is a matter of credentials.
                code, answer = self._post(body, self._token_now(is_new=True))
        except NotSent as error:
            return Result(message, Outcome.NOT_SENT, str(error))
        except Unclear as error:
            return Result(message, Outcome.UNKNOWN_OUTCOME, str(error))
        except PermissionError as error:
            return Result(message, Outcome.CONFIG, str(error))
        outcome = CODES.get(code, Outcome.UNKNOWN_OUTCOME)
        if outcome is Outcome.ACCEPTED:
            return Result(message, outcome, None, str(answer.get("msgid") or ""))
        return Result(message, outcome, str(code))

    def _post(self, body: bytes, token: str) -> tuple[int, dict[str, Any]]:
        url = f"{self._to.api}/cgi-bin/message/template/send"
        headers = {"Content-Type": "application/json; charset=utf-8"}
        query = {"access_token": token}
        status, answer, _ = self._line.request(
            "POST", url, params=query, data=body, headers=headers
        )
        if status >= 500 or not isinstance(answer.get("errcode"), int):
            raise Unclear(f"HTTP {status}")
        return answer["errcode"], answer

    def _token_now(self, is_new: bool = False) -> str:
        """The account's token; all workers are given the same one by the platform.

        Raises:
            PermissionError: app id or secret are wrong.
        """
        if self._token and not is_new and time.monotonic() < self._token_ends:
            return self._token
        given = {
            "grant_type": "client_credential",
            "appid": self._to.app_id,
            "secret": self._to.secret.get_secret_value(),
            "force_refresh": False,
        }
        url = f"{self._to.api}/cgi-bin/stable_token"
        _, answer, _ = self._line.request("POST", url, json=given)
        token, code = answer.get("access_token"), answer.get("errcode")
        if not isinstance(token, str):
            if code in (-1, 45009, 45011) or code is None:
                raise NotSent(f"stable_token: {code}")
            raise PermissionError(f"stable_token: {code}")
        self._token = token
        self._token_ends = (
            time.monotonic() + float(answer.get("expires_in", 7200)) * 0.9
        )
        return token

    def _body(self, message: Message) -> bytes:
        """The request; LookupError says what channels.yaml or the SQL lacks."""
        name = f"{message.campaign}/{message.step}"
        known = self._to.templates
        template = known.get(f"{name}/{message.language}") or known.get(name)
        if template is None:
            raise LookupError(f"channels.yaml has no template for {name}")
        missing = [v for v in template.data.values() if message.params.get(v) is None]
        if missing:
            raise LookupError(f"audience.sql gives no {', '.join(missing)}")
        body: dict[str, Any] = {
            "touser": message.address,
            "template_id": template.id,
            "client_msg_id": message.key,
            "data": {
                name: {"value": str(message.params[value])}
                for name, value in template.data.items()
            },
        }
        if template.url:
            body["url"] = template.url
        # The platform shows \uXXXX as it stands.
        return json.dumps(body, ensure_ascii=False).encode()
