"""A double of Alibaba Cloud SMS: checks signatures, files what it sends."""

import hashlib
import hmac
import itertools
import json
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from connectors.sandbox.server import Answer, Double, Seen

CHINA = ZoneInfo("Asia/Shanghai")
SIGNED = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),"
    r"Signature=([0-9a-f]{64})"
)
PHONE = re.compile(r"1[3-9]\d{9}|[2-9]\d{6,14}")


class SmsDouble(Double):
    """SendSms and QuerySendDetails; the same OutId twice is two messages."""

    def __init__(
        self,
        port: int = 0,
        log: Path | None = None,
        *,
        keys: tuple[str, str] = ("testId", "testSecret"),
    ) -> None:
        super().__init__(port)
        self.sent: list[dict[str, str]] = []
        self.delay = 0.0
        self._keys = keys
        self._nonces: set[str] = set()
        self._numbers = itertools.count(900_000_000_000_000_000)
        self._by_phone: dict[str, list[dict[str, object]]] = {}
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._log = os.open(log, flags, 0o600) if log else None

    def answer(self, request: Seen) -> Answer:
        """What the gateway says of a bad signature, else what the service does."""
        refusal = self._refusal(request)
        if refusal:
            body = {"RequestId": "R", "HostId": "double", "Code": refusal}
            return Answer(body | {"Message": refusal}, 400)
        action = request.headers["x-acs-action"]
        if action == "SendSms":
            return self._send(request.query)
        if action == "QuerySendDetails":
            return self._details(request.query)
        return Answer({"Code": "InvalidAction.NotFound", "RequestId": "R"}, 404)

    def _send(self, given: object) -> Answer:
        query = dict(given)  # type: ignore[call-overload]
        code = self._judged(query)
        if code != "OK":
            return Answer({"Code": code, "Message": code, "RequestId": "R"})
        if self.delay:
            time.sleep(self.delay)
        biz_id = f"{next(self._numbers)}^0"
        self.sent.append(query)
        phone, key = query["PhoneNumbers"], query.get("OutId", "")
        detail = {
            "PhoneNum": phone,
            "SendStatus": 1,
            "OutId": key,
            "TemplateCode": query["TemplateCode"],
            "SendDate": f"{datetime.now(CHINA):%Y-%m-%d %H:%M:%S}",
        }
        self._by_phone.setdefault(phone, []).append(detail)
        if self._log is not None:
            os.write(self._log, f"{key} {phone}\n".encode())
        return Answer(
            {"Code": "OK", "Message": "OK", "BizId": biz_id, "RequestId": "R"}
        )

    def _details(self, query: object) -> Answer:
        asked = dict(query)  # type: ignore[call-overload]
        day = datetime.strptime(asked["SendDate"], "%Y%m%d").date().isoformat()
        filed = self._by_phone.get(asked["PhoneNumber"], [])
        found = [one for one in filed if str(one["SendDate"]).startswith(day)]
        size, page = int(asked["PageSize"]), int(asked["CurrentPage"])
        details = found[(page - 1) * size : page * size]
        return Answer(
            {
                "Code": "OK",
                "Message": "OK",
                "TotalCount": len(found),
                "SmsSendDetailDTOs": {"SmsSendDetailDTO": details},
                "RequestId": "R",
            }
        )

    def _judged(self, query: dict[str, str]) -> str:
        if not PHONE.fullmatch(query.get("PhoneNumbers", "")):
            return "isv.MOBILE_NUMBER_ILLEGAL"
        if not query.get("TemplateCode", "").startswith("SMS_"):
            return "isv.SMS_TEMPLATE_ILLEGAL"
        try:
            values = json.loads(query.get("TemplateParam", "{}")).values()
        except (ValueError, AttributeError):
            return "isv.INVALID_JSON_PARAM"
        is_text = all(isinstance(value, str) for value in values)
        return "OK" if is_text else "isv.INVALID_JSON_PARAM"

    def _refusal(self, request: Seen) -> str | None:
        """Why the gateway does not let this in, checked with its own arithmetic."""
        found = SIGNED.fullmatch(request.headers.get("authorization", ""))
        if not found:
            return "MissingAuthorization"
        if found[1] != self._keys[0]:
            return "InvalidAccessKeyId.NotFound"
        moment = datetime.strptime(
            request.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ"
        ).replace(tzinfo=UTC)
        if abs(datetime.now(UTC) - moment) > timedelta(minutes=15):
            return "InvalidTimeStamp.Expired"
        nonce = request.headers["x-acs-signature-nonce"]
        if nonce in self._nonces:
            return "SignatureNonceUsed"
        self._nonces.add(nonce)
        if not hmac.compare_digest(self._signature(request, found[2]), found[3]):
            return "SignatureDoesNotMatch"
        return None

    def _signature(self, request: Seen, names: str) -> str:
        pairs = sorted(
            (quote(name, safe="~"), quote(value, safe="~"))
            for name, value in request.query.items()
        )
        lines = [f"{name}:{request.headers[name]}" for name in names.split(";")]
        whole = "\n".join(
            [
                request.method,
                "/",
                "&".join("=".join(pair) for pair in pairs),
                *lines,
                "",
                names,
                hashlib.sha256(request.body).hexdigest(),
            ]
        )
        words = "ACS3-HMAC-SHA256\n" + hashlib.sha256(whole.encode()).hexdigest()
        key = self._keys[1].encode()
        return hmac.new(key, words.encode(), hashlib.sha256).hexdigest()
