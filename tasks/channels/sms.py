"""SMS by Alibaba Cloud: sent one by one, never repeated unasked.

SendSms is documented as not idempotent, but QuerySendDetails finds a message by number,
day and OutId, which is our key: what is in doubt is asked about, then decided.
"""

import json
import secrets
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tasks.campaigns import sms_length
from tasks.channels import aliyun
from tasks.channels.base import Account, Channel, MayLeave, Message, Outcome, Result
from tasks.channels.web import Line, NotSent, Unclear

VERSION = "2017-05-25"
CHINA = ZoneInfo("Asia/Shanghai")
# https://help.aliyun.com/document_detail/101346.html; an unlisted code is unknown.
CODES: Mapping[str, Outcome] = {
    "OK": Outcome.ACCEPTED,
    "Throttling": Outcome.RATE_LIMITED,
    "Throttling.User": Outcome.RATE_LIMITED,
    "Throttling.Api": Outcome.RATE_LIMITED,
    # Too often to this one number: not the account's trouble.
    "isv.BUSINESS_LIMIT_CONTROL": Outcome.RETRYABLE,
    "isv.DAY_LIMIT_CONTROL": Outcome.QUOTA_EXHAUSTED,
    "isv.MONTH_LIMIT_CONTROL": Outcome.QUOTA_EXHAUSTED,
    "isv.MOBILE_NUMBER_ILLEGAL": Outcome.RECIPIENT_INVALID,
    **dict.fromkeys(
        (
            "isv.SMS_TEMPLATE_ILLEGAL",
            "isv.SMS_SIGNATURE_ILLEGAL",
            "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
            "isv.SIGN_STATE_ILLEGAL",
            "isv.SMS_SIGN_ILLEGAL",
            "isv.SMS_CONTENT_ILLEGAL",
            "isv.BLACK_KEY_CONTROL_LIMIT",
            "isv.PARAM_LENGTH_LIMIT",
            "isv.PARAM_NOT_SUPPORT_URL",
            "isv.INVALID_JSON_PARAM",
            "isv.TEMPLATE_MISSING_PARAMETERS",
            "isv.INVALID_PARAMETERS",
            "isv.EXTEND_CODE_ERROR",
        ),
        Outcome.CONTENT_REJECTED,
    ),
    **dict.fromkeys(
        (
            "isp.RAM_PERMISSION_DENY",
            "isv.ACCOUNT_NOT_EXISTS",
            "isv.ACCOUNT_ABNORMAL",
            "isv.PRODUCT_UN_SUBSCRIPT",
            "isv.OUT_OF_SERVICE",
            "isv.AMOUNT_NOT_ENOUGH",
            "isv.DENY_IP_RANGE",
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId.NotFound",
            "InvalidTimeStamp.Expired",
        ),
        Outcome.CONFIG,
    ),
}
PAUSES = {"isv.BUSINESS_LIMIT_CONTROL": timedelta(hours=1)}
PAGE = 50


class SmsTemplate(BaseModel):
    """A template as the provider approved it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(description="SMS_… at the provider")
    params: dict[str, str] = Field(
        default={}, description="variable of the template: value of audience.sql"
    )


class SmsAccount(Account):
    """A key of Alibaba Cloud and what may be sent with it."""

    access_key: str = Field(description="AccessKeyId, ${NAME} is allowed")
    secret: SecretStr = Field(description="AccessKeySecret, as ${NAME}")
    sign_name: str = Field(description="the registered signature, without 【】")
    templates: dict[str, SmsTemplate] = Field(
        description="campaign/step, or campaign/step/language: the template"
    )
    url: str = Field(default="https://dysmsapi.aliyuncs.com")
    timeout: float = Field(default=10, ge=1, description="seconds for one answer")


class Sms(Channel):
    """Not idempotent, but it can be asked."""

    name = "sms"
    identifier = "phone"
    consent = "sms"
    account_type = SmsAccount
    batch: ClassVar[int] = 20
    can_ask: ClassVar[bool] = True
    is_paid_by_piece: ClassVar[bool] = True
    attempts: ClassVar[int] = 4

    def __init__(self, account: str, settings: SmsAccount) -> None:
        super().__init__(account, settings)
        self._to = settings
        self._line = Line(settings.timeout)

    def send(
        self, messages: Sequence[Message], may_leave: MayLeave
    ) -> Generator[Result, None, None]:
        """One request per message, one after the other."""
        is_stopped = False
        for message in messages:
            try:
                params = self._params(message)
            except LookupError as error:
                yield Result(message, Outcome.CONTENT_REJECTED, str(error.args[0]))
                continue
            is_stopped = is_stopped or not may_leave(message)
            if is_stopped:
                yield Result(message, Outcome.NOT_SENT)
            else:
                yield self._send(message, params)

    def ask(self, messages: Sequence[Message]) -> Iterator[Result]:
        """Look each up by number, day of the attempt and OutId."""
        for message in messages:
            try:
                yield self._asked(message)
            except (NotSent, Unclear) as error:
                yield Result(message, Outcome.UNKNOWN_OUTCOME, f"asking: {error}")

    @staticmethod
    def pieces(text: str) -> int:
        """How many SMS: 70 letters, then 67 each; 160 and 153 where all are GSM-7."""
        return sms_length.measure(text.strip()).segments

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _send(self, message: Message, params: Mapping[str, str]) -> Result:
        try:
            status, body, headers = self._call("SendSms", params)
        except NotSent as error:
            return Result(message, Outcome.NOT_SENT, str(error))
        except Unclear as error:
            return Result(message, Outcome.UNKNOWN_OUTCOME, str(error))
        code = str(body.get("Code", ""))
        outcome = CODES.get(code, Outcome.UNKNOWN_OUTCOME)
        if outcome is Outcome.ACCEPTED:
            return Result(message, outcome, None, str(body.get("BizId") or ""))
        pause = PAUSES.get(code)
        if headers.get("retry-after", "").isdigit():
            pause = timedelta(seconds=int(headers["retry-after"]))
        reason = code or f"HTTP {status}"
        return Result(message, outcome, reason, retry_after=pause)

    def _asked(self, message: Message) -> Result:
        is_complete = True
        for day in _days(message.sent_at):
            page, more = 1, True
            while more:
                _, body, _ = self._call(
                    "QuerySendDetails",
                    {
                        "PhoneNumber": _number(message.address),
                        "SendDate": f"{day:%Y%m%d}",
                        "PageSize": str(PAGE),
                        "CurrentPage": str(page),
                    },
                )
                if body.get("Code") != "OK":
                    raise Unclear(str(body.get("Code")))
                found = (body.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO")
                details: list[dict[str, Any]] = found or []
                for one in details:
                    if one.get("OutId") == message.key:
                        return _status(message, one)
                more = page * PAGE < int(body.get("TotalCount") or 0)
                is_complete = is_complete and (not more or bool(details))
                more = more and bool(details)
                page += 1
        if not is_complete:
            raise Unclear("the list ends before its end")
        return Result(message, Outcome.NOT_SENT, "asked: not found")

    def _params(self, message: Message) -> dict[str, str]:
        """What SendSms needs; LookupError says what channels.yaml or the SQL lacks."""
        name = f"{message.campaign}/{message.step}"
        known = self._to.templates
        template = known.get(f"{name}/{message.language}") or known.get(name)
        if template is None:
            raise LookupError(f"channels.yaml has no template for {name}")
        missing = [v for v in template.params.values() if message.params.get(v) is None]
        if missing:
            raise LookupError(f"audience.sql gives no {', '.join(missing)}")
        values = {n: str(message.params[v]) for n, v in template.params.items()}
        return {
            "PhoneNumbers": _number(message.address),
            "SignName": self._to.sign_name,
            "TemplateCode": template.code,
            "TemplateParam": json.dumps(values, ensure_ascii=False),
            "OutId": message.key,
        }

    def _call(
        self, action: str, params: Mapping[str, str]
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        headers = {
            "host": urlsplit(self._to.url).netloc,
            "x-acs-action": action,
            "x-acs-content-sha256": aliyun.NOTHING,
            # The real time: the gateway refuses what is fifteen minutes off.
            "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": VERSION,
        }
        signed = aliyun.authorization(
            "POST",
            params,
            headers,
            self._to.access_key,
            self._to.secret.get_secret_value(),
        )
        url = f"{self._to.url}/?{aliyun.query(params)}"
        headers["Authorization"] = signed
        return self._line.request("POST", url, headers=headers)


def _number(address: str) -> str:
    """A mainland number without its 86, any other with its country code."""
    is_mainland = len(address) == 13 and address.startswith("861")
    return address[2:] if is_mainland else address


def _days(moment: datetime | None) -> list[date]:
    """The provider's days on which an attempt of this moment may be filed."""
    if moment is None:
        return []
    local, hour = moment.astimezone(CHINA), timedelta(hours=1)
    return sorted({(local - hour).date(), (local + hour).date()})


def _status(message: Message, detail: Mapping[str, Any]) -> Result:
    """SendStatus: 1 under way, 2 failed (a receipt says why), 3 arrived."""
    arrived = detail.get("SendStatus") == 3
    outcome = Outcome.DELIVERED if arrived else Outcome.ACCEPTED
    return Result(message, outcome, "asked: found")
