"""What platforms push goes through the same flow as what is pulled."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from sqlalchemy import Engine

from connectors.base import Request
from connectors.sandbox.weibo import ACCOUNT, APP_SECRET, TOKEN, pushed, signed
from flows.ingest import ingest
from tasks.ingest.inbox import receive
from tasks.settings import settings

pytestmark = pytest.mark.usefixtures("client")


@pytest.fixture
def weibo(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source of which nothing is pulled."""
    file = home / "sources.yaml"
    file.write_text(
        f"weibo: {{connector: weibo, access_token: {TOKEN}, app_secret: {APP_SECRET},"
        f" account: {ACCOUNT}, since: 2026-01-01, streams: [messages]}}\n"
    )
    monkeypatch.setenv("REGULARS_SOURCES_FILE", str(file))
    settings.cache_clear()


def push(engine: Engine, words: str) -> None:
    now = datetime.now(UTC)
    query, body = signed(pushed(now, 5, "text", words), now)
    receive(engine, "weibo", Request("POST", query, {}, body), now)


def test_an_ingest_takes_what_was_pushed_once(engine: Engine, weibo: None) -> None:
    push(engine, "在吗")
    push(engine, "还在吗")
    state: State[Any] = ingest("weibo", return_state=True)
    assert state.name == "2 loaded", state.message
    again: State[Any] = ingest("weibo", return_state=True)
    assert again.name == "Nothing new"
