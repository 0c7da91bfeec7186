"""The one way to read an HTTP API: timeouts, retries, one new token, safe errors."""

import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
import requests

from connectors.base import SourceRefused, SourceUnavailable

log = logging.getLogger(__name__)

# What must never reach a log: cipher texts, e-mail addresses, mobile numbers.
PERSONAL = re.compile(
    r"([$#~])[A-Za-z0-9+/=_-]{8,}\1\d\1"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|(?<!\d)(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)"
)
LONGEST_QUOTE = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One read of an API, safe to repeat; `name` and `page` are what errors show."""

    name: str
    url: str
    page: int | str | None = None
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    is_signed: bool = True
    """False for the call that asks for a token."""

    def __str__(self) -> str:
        return self.name if self.page is None else f"{self.name}, page {self.page}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `body` is the parsed JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Cure(Enum):
    """What helps against a trouble."""

    WAIT = "the same call again, later"
    TOKEN = "a new token, once"
    PERSON = "nothing but a person"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a reply cannot be used. `wait` is in seconds, when the platform told it."""

    cure: Cure
    said: str
    advice: str = ""
    wait: float | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a client is; all in seconds, `tries` counts the first one too."""

    tries: int = 5
    first_pause: float = 1.0
    longest_pause: float = 60.0
    longest_wait: float = 120.0
    """A platform that asks for more than this is left to a later run."""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


class CallRefused(SourceRefused):
    """A platform said no; `code` is its own word for why."""

    code: str | None = None


class CallFailed(SourceUnavailable):
    """The last try failed too; `wait` is what the platform asked for, in seconds."""

    wait: float | None = None


class Client:
    """Calls one source; a platform overrides `sign`, `trouble` and `renew`.

    `sleep`, `clock` and `jitter` (from, to) are arguments so that tests need not wait.
    """

    def __init__(
        self,
        source: str,
        pace: Pace | None = None,
        *,
        secrets: Iterable[str] = (),
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.source = source
        self.pace = pace or Pace()
        self.clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._secrets: set[str] = set()
        self.hide(*secrets)
        self._session = requests.Session()
        # No password of ~/.netrc instead of the source's own; see `_way`.
        self._session.trust_env = False
        self._ways: dict[str, dict[str, Any]] = {}

    def call(self, call: Call) -> Reply:
        """Send `call` until there is a usable reply.

        Raises:
            CallFailed: it may work later.
            CallRefused: a person must look.
        """
        tries, is_renewed = 0, False
        while True:
            tries += 1
            signed = self.sign(call) if call.is_signed else call
            outcome = self._send(signed)
            if isinstance(outcome, Reply):
                return outcome
            if outcome.cure is Cure.TOKEN and call.is_signed and not is_renewed:
                is_renewed = True
                self.renew(signed)
            elif outcome.cure is Cure.WAIT and self._is_worth_waiting(outcome, tries):
                self._wait(call, outcome, tries)
            else:
                raise self.error(call, outcome, tries)

    def sign(self, call: Call) -> Call:
        """The call with token or signature; asked before each try."""
        return call

    def trouble(self, reply: Reply) -> Trouble | None:
        """What the platform's own envelope says is wrong; HTTP status comes after."""
        return None

    def renew(self, refused: Call) -> None:
        """Get another token than the one in `refused`."""
        raise self.error(refused, Trouble(Cure.PERSON, "the credentials were refused"))

    def hide(self, *secrets: str) -> None:
        """Never show these in an error or a log line."""
        for secret in secrets:
            # Shorter ones would blank out ordinary words.
            if len(secret) >= 4:
                self._secrets |= {secret, quote(secret, safe="")}

    def redact(self, text: str) -> str:
        """`text` without secrets and personal data, cut to a readable length."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = PERSONAL.sub("***", " ".join(text.split()))
        return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"

    def error(
        self, call: Call, trouble: Trouble, tries: int = 1
    ) -> CallRefused | CallFailed:
        """The exception for `trouble`: the source, the call and page, the way out."""
        said = self.redact(trouble.said)
        if tries > 1:
            said = f"{said} ({tries} tries)"
        advice = f"; {trouble.advice}" if trouble.advice else ""
        message = f"{self.source}: {call}: {said}{advice}"
        if trouble.cure is Cure.WAIT:
            failed = CallFailed(message)
            failed.wait = trouble.wait
            return failed
        refused = CallRefused(message)
        refused.code = trouble.code
        return refused

    def _send(self, call: Call) -> Reply | Trouble:
        try:
            response = self._session.request(
                call.method,
                call.url,
                params=call.params,
                data=orjson.dumps(call.json) if call.json is not None else call.form,
                headers=_headers(call),
                timeout=(self.pace.connect_timeout, self.pace.read_timeout),
                allow_redirects=False,
                stream=True,
                **self._way(call.url),
            )
            # As large as it comes; requests itself takes 10 kB at a time.
            content = b"".join(response.iter_content(None))
        except (requests.RequestException, ValueError) as error:
            # Only its kind is told on: its text holds the address with the token.
            return self._broken(call, error)
        return self._judge(response, content)

    def _way(self, url: str) -> dict[str, Any]:
        """The environment's proxy and certificates, looked up once for each host."""
        host = urlsplit(url).netloc
        if host not in self._ways:
            ask = requests.Session().merge_environment_settings
            found = ask(url, {}, None, None, None)
            self._ways[host] = {one: found[one] for one in ("proxies", "verify")}
        return self._ways[host]

    def _broken(self, call: Call, error: Exception) -> Trouble:
        if isinstance(error, ValueError):
            return Trouble(
                Cure.PERSON, "the address cannot be called", "check base_url"
            )
        for kind, words in TRANSPORT.items():
            if isinstance(error, kind):
                return Trouble(Cure.WAIT, words.format(pace=self.pace))
        return Trouble(Cure.WAIT, f"the transport failed ({type(error).__name__})")

    def _judge(self, response: requests.Response, content: bytes) -> Reply | Trouble:
        status, headers = response.status_code, response.headers
        try:
            reply = Reply(status, headers, orjson.loads(content))
        except orjson.JSONDecodeError:
            return self._by_status(response) or _not_json(response, len(content))
        trouble = self.trouble(reply)
        if trouble is None:
            return self._by_status(response) or reply
        if trouble.cure is Cure.WAIT and trouble.wait is None:
            return replace(trouble, wait=self._retry_after(headers))
        return trouble

    def _by_status(self, response: requests.Response) -> Trouble | None:
        status = response.status_code
        if 200 <= status < 300:
            return None
        said = f"HTTP {status} {response.reason or ''}".strip()
        if status == 401:
            return Trouble(Cure.TOKEN, said, "check the credentials", code="401")
        if status in (408, 425, 429) or status >= 500:
            return Trouble(Cure.WAIT, said, wait=self._retry_after(response.headers))
        advice = ADVICE.get(status, "the platform rejects this request")
        return Trouble(Cure.PERSON, said, advice, code=str(status))

    def _retry_after(self, headers: Mapping[str, str]) -> float | None:
        """Seconds from `Retry-After`, which holds seconds or an HTTP date."""
        value = headers.get("Retry-After", "").strip()
        try:
            return max(0.0, float(value))
        except ValueError:
            pass
        try:
            return max(
                0.0, (parsedate_to_datetime(value) - self.clock()).total_seconds()
            )
        except (ValueError, TypeError):
            return None

    def _is_worth_waiting(self, trouble: Trouble, tries: int) -> bool:
        is_short = (trouble.wait or 0) <= self.pace.longest_wait
        return is_short and tries < self.pace.tries

    def _wait(self, call: Call, trouble: Trouble, tries: int) -> None:
        """Sleep as long as told, else twice as long each time, never in step."""
        full = min(self.pace.first_pause * 2 ** (tries - 1), self.pace.longest_pause)
        pause = (
            trouble.wait if trouble.wait is not None else self._jitter(full / 2, full)
        )
        log.warning(
            "%s: %s: %s; again in %.1f s",
            self.source,
            call,
            self.redact(trouble.said),
            pause,
        )
        self._sleep(pause)


ADVICE = {
    301: "it answers from another address: correct base_url",
    302: "it answers from another address: correct base_url",
    308: "it answers from another address: correct base_url",
    403: "the account lacks the permission for this call",
    404: "check base_url",
}

# The first kind that fits is told, so the narrow ones come first.
TRANSPORT: dict[type[requests.RequestException], str] = {
    requests.ConnectTimeout: "no connection within {pace.connect_timeout:g} s",
    requests.Timeout: "no answer within {pace.read_timeout:g} s",
    requests.exceptions.SSLError: "the TLS handshake failed (certificate or clock?)",
    requests.exceptions.ProxyError: "the proxy did not connect",
    requests.ConnectionError: "no connection, or it was cut",
    requests.exceptions.ChunkedEncodingError: "the answer broke off half-way",
    requests.exceptions.ContentDecodingError: "the answer cannot be unpacked",
}


def _headers(call: Call) -> dict[str, str]:
    kind = {"Content-Type": "application/json"} if call.json is not None else {}
    return {"Accept": "application/json", **kind, **call.headers}


def _not_json(response: requests.Response, size: int) -> Trouble:
    """Size and type only: the body may hold anybody's data."""
    kind = response.headers.get("Content-Type", "no content type").partition(";")[0]
    return Trouble(
        Cure.WAIT,
        f"the answer is not JSON ({kind}, {size:,} bytes)",
        "if it stays so, something between here and the platform answers instead of it",
    )
