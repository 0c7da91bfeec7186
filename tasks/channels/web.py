"""One HTTP request of a channel: did it surely not leave, or is nobody to know?"""

from typing import Any

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

# These happen before a byte of the request is written.
BEFORE = (NewConnectionError, ConnectTimeoutError, NameResolutionError, SSLError)


class NotSent(Exception):
    """The request did not leave; the message is a kind of error, never an address."""


class Unclear(Exception):
    """The request may have been heard, and no whole answer came back."""


class Line:
    """Kept-alive connections to one provider; nothing is ever repeated by itself."""

    def __init__(self, timeout: float, proxy: str | None = None) -> None:
        self._timeout = timeout
        self._session = requests.Session()
        # Only tasks/settings.py reads the environment.
        self._session.trust_env = False
        if proxy:
            self._session.proxies = {"http": proxy, "https": proxy}

    def request(
        self, method: str, url: str, **details: Any
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Status, JSON object and headers of the answer.

        Raises:
            NotSent: the connection could not be made.
            Unclear: the line was cut, the answer timed out, or it is no JSON object.
        """
        given = {"timeout": self._timeout, "allow_redirects": False} | details
        try:
            response = self._session.request(method, url, **given)
            body = response.json()
        except requests.JSONDecodeError:
            raise Unclear(f"HTTP {response.status_code} without JSON") from None
        except requests.RequestException as error:
            raise _meaning(error) from None
        if not isinstance(body, dict):
            raise Unclear(f"HTTP {response.status_code} without a JSON object")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, body, headers

    def close(self) -> None:
        """Hang up; the next request connects again."""
        self._session.close()


def _meaning(error: requests.RequestException) -> Exception:
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", None) or cause
    if isinstance(error, requests.ConnectTimeout) or isinstance(cause, BEFORE):
        return NotSent(f"no connection: {type(cause).__name__}")
    return Unclear(type(error).__name__)
