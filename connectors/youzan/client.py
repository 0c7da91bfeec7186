"""Youzan's envelope, token and cipher texts; `orders.md` of its documentation §1."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from connectors.client import Call, Client, Cure, Reply, Trouble
from connectors.values import Problems, epoch, part
from connectors.youzan.config import Config

# Youzan's own word for why, as `gw_err_resp.err_code` or `code`. What is listed
# nowhere needs a person.
TOKEN_CODES = {"4201", "4202", "4203", "40010"}
BUSY_CODES = {"4101", "5001", "5002", "5003", "10500", "80001", "99997"}
BUSY_CODES |= {"121000100", "141500102", "141500203"}
ADVICE = {
    "4005": "the application must be of the self-use kind (自用型)",
    "53001": "the call lacks a parameter: Youzan changed it, report this",
    "53002": "a parameter has another type now: Youzan changed it, report this",
    "106000001": "the window is too long for Youzan, report this",
    "121003009": "lower page_size",
    "142710032": "more customers than Youzan lets anybody list, report this",
}
NO_CUSTOMER = {"141503101", "142400105", "141001107", "144100000", "144100001"}

# A token lives seven days; one that ends within this is not worth using.
TOKEN_MARGIN = timedelta(minutes=10)
DECRYPT_AT_ONCE = 5_000


class YouzanClient(Client):
    """Calls one shop's APIs with a token that is asked for once and kept."""

    def __init__(self, source: str, config: Config, **options: Any) -> None:
        secret = config.client_secret.get_secret_value()
        super().__init__(source, secrets=[secret], **options)
        self._config = config
        self._token: str | None = None
        self._token_ends: datetime | None = None
        self._lock = Lock()

    def read(
        self, api: str, version: str, body: dict[str, Any], page: int | None = None
    ) -> Any:
        """The `data` (or legacy `response`) of one API."""
        url = f"{self._config.base_url}/api/{api}/{version}"
        call = Call(f"{api} {version}", url, page, json=body)
        reply = self.call(call)
        for envelope in ("data", "response"):
            if reply.body.get(envelope) is not None:
                return reply.body[envelope]
        raise self.error(
            call, Trouble(Cure.WAIT, "the answer holds neither data nor response")
        )

    def decrypt(self, texts: Iterable[str]) -> dict[str, str]:
        """Plain text by cipher text; what is no cipher text is left out."""
        wanted = sorted({text for text in texts if is_cipher(text)})
        plain: dict[str, str] = {}
        for some in _chunks(wanted, DECRYPT_AT_ONCE):
            found = self.read(
                "youzan.cloud.secret.decrypt.batch", "1.0.0", {"sources": some}
            )
            plain.update({cipher: text for cipher, text in found.items() if text})
        return plain

    def sign(self, call: Call) -> Call:
        """Youzan takes the token in the query, nothing else is signed."""
        return replace(call, params={**call.params, "access_token": self._valid()})

    def renew(self, refused: Call) -> None:
        """Another token: whatever Youzan has now, else a new one by force.

        Not by force at once: another process may have renewed it, and the forced
        kind ends the old token within the hour for everybody else.
        """
        with self._lock:
            stale = refused.params["access_token"]
            if self._token == stale:
                self._ask(is_forced=False)
            if self._token == stale:
                self._ask(is_forced=True)

    def trouble(self, reply: Reply) -> Trouble | None:
        """An error may come in four envelopes, nearly always with HTTP 200."""
        if not isinstance(reply.body, dict):
            return Trouble(Cure.WAIT, "the answer is JSON, but no object")
        for envelope in _envelopes(reply.body):
            trouble = _trouble(envelope)
            if trouble:
                return trouble
        return None

    def _valid(self) -> str:
        with self._lock:
            if self._token is None:
                self._ask(is_forced=False)
            if self._is_ending():
                # Asked gently, Youzan gives the same one until it has ended.
                self._ask(is_forced=True)
                if self._is_ending():
                    self._token_ends = None
            assert self._token is not None
            return self._token

    def _is_ending(self) -> bool:
        ends = self._token_ends
        return ends is not None and ends - TOKEN_MARGIN <= self.clock()

    def _ask(self, is_forced: bool) -> None:
        config = self._config
        call = Call(
            "auth/token",
            f"{config.base_url}/auth/token",
            json={
                "client_id": config.client_id,
                "client_secret": config.client_secret.get_secret_value(),
                "authorize_type": "silent",
                "grant_id": config.grant_id,
                "refresh": is_forced,
            },
            is_signed=False,
        )
        data = part(self.call(call).body, "data")
        if not data.get("access_token"):
            raise self.error(
                call, Trouble(Cure.PERSON, "there is no token in the answer")
            )
        self._token = str(data["access_token"])
        self._token_ends = epoch(data.get("expires"), "expires", Problems())
        self.hide(self._token)

    def error(self, call: Call, trouble: Trouble, tries: int = 1) -> Any:
        """As everywhere; a refused token request is about three lines of the file."""
        if trouble.cure is not Cure.WAIT and not call.is_signed:
            advice = "check client_id, client_secret and grant_id of this source"
            trouble = replace(trouble, advice=trouble.advice or advice)
        return super().error(call, trouble, tries)


def is_cipher(text: object) -> bool:
    """Whether `text` is one of Youzan's cipher texts, like `$k3j…==$1$`."""
    return isinstance(text, str) and len(text) > 4 and text[0] == "$" == text[-1]


def _envelopes(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body, and the second envelope that reviews come in."""
    yield body
    yield part(part(body, "response"), "item_reviews_models")


def _trouble(envelope: dict[str, Any]) -> Trouble | None:
    error = part(envelope, "gw_err_resp") or part(envelope, "error_response")
    if not error:
        code = str(envelope.get("code", "200"))
        if envelope.get("success") is not False and code in ("200", "0"):
            return None
        error = envelope
    code = str(error.get("err_code") or error.get("code") or "unknown")
    said = error.get("err_msg") or error.get("msg") or error.get("message") or ""
    more = error.get("sub_msg")
    words = f"code {code}: {said}{f' ({more})' if more else ''}"
    return Trouble(_cure(code), words, ADVICE.get(code, ""), code=code)


def _cure(code: str) -> Cure:
    if code in TOKEN_CODES:
        return Cure.TOKEN
    return Cure.WAIT if code in BUSY_CODES else Cure.PERSON


def _chunks(texts: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        yield texts[start : start + size]
