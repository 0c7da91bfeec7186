"""Access tokens that end, and are renewed with another token that ends too."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import RLock

from connectors.base import SourceRefused
from connectors.client import Client

# A token that ends within this is not worth using.
MARGIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Token:
    """What a platform gave: `refresh` gets the next one, `ends` is when it ends."""

    access: str
    refresh: str | None = None
    ends: datetime | None = None


class Tokens:
    """The token of one account, shared by its streams and, in a file, by processes.

    Most platforms give a new refresh token with each renewal and forget the old one:
    without `file`, what was renewed would be lost with the process. The file belongs
    to the `given` token; another one in the sources file begins anew.
    """

    def __init__(
        self,
        client: Client,
        ask: Callable[[Token | None], Token],
        given: Token | None = None,
        file: Path | None = None,
    ) -> None:
        """`ask` gets the next token, given the one that has ended, if there was one."""
        self._client = client
        self._ask = ask
        self._given = self._hidden(given) if given else None
        self._file = file
        self._token: Token | None = None
        # Asking for a token is a call of the client too.
        self._lock = RLock()

    def valid(self) -> str:
        """The access token; asks for one when there is none or it is about to end.

        Raises:
            SourceRefused: there is none to be had, or the file cannot be written.
        """
        with self._lock:
            token = self._token = self._token or self._kept() or self._given
            if token is None or self._is_ending(token):
                token = self._replace(token)
            return token.access

    def renew(self, stale: str) -> None:
        """Another token than `stale`, unless somebody has renewed it already."""
        with self._lock:
            if self._token is not None and self._token.access == stale:
                self._replace(self._token)

    def _is_ending(self, token: Token) -> bool:
        return token.ends is not None and token.ends - MARGIN <= self._client.clock()

    def _replace(self, stale: Token | None) -> Token:
        with self._alone():
            kept = self._kept()
            if kept is not None and (stale is None or kept.access != stale.access):
                token = kept
            else:
                token = self._hidden(self._ask(stale))
                self._keep(token)
        if stale is not None and token.access == stale.access:
            # The platform has no other: it shall be used up and not asked for again.
            token = Token(token.access, token.refresh)
        self._token = token
        return token

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process renews the same token meanwhile."""
        if self._file is None:
            yield
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(f"{self._file}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._refusal(
                f"cannot be written ({error.strerror}): correct token_file or its "
                "permissions"
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _kept(self) -> Token | None:
        """The token in the file, if it stems from the given one."""
        if self._file is None or not self._file.exists():
            return None
        try:
            kept = json.loads(self._file.read_text())
            ends = datetime.fromisoformat(kept["ends"]) if kept["ends"] else None
            token = Token(kept["access_token"], kept["refresh_token"], ends)
            self._hidden(token)
        except (OSError, ValueError, KeyError, TypeError):
            raise self._refusal(
                "cannot be read: delete it, and authorise again if the tokens of the "
                "sources file have ended"
            ) from None
        return token if kept.get("given") == self._origin() else None

    def _refusal(self, why: str) -> SourceRefused:
        file = f"the token file '{self._file}'"
        return SourceRefused(f"{self._client.source}: {file} {why}")

    def _hidden(self, token: Token) -> Token:
        """The token, which no error and no log line will show."""
        self._client.hide(token.access, token.refresh or "")
        return token

    def _keep(self, token: Token) -> None:
        if self._file is None:
            return
        kept = {
            "given": self._origin(),
            "access_token": token.access,
            "refresh_token": token.refresh,
            "ends": token.ends.isoformat() if token.ends else None,
        }
        new = self._file.with_name(f"{self._file.name}.new")
        new.touch(0o600)
        with new.open("w") as out:
            json.dump(kept, out)
            out.flush()
            os.fsync(out.fileno())
        new.replace(self._file)

    def _origin(self) -> str:
        given = self._given
        text = f"{given.access} {given.refresh}" if given else ""
        return sha256(text.encode()).hexdigest()[:16]
