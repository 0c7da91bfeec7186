"""A mail server that counts, and campaigns where the tests write them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sandbox.mail import MailDouble
from tasks.settings import settings


@pytest.fixture
def double() -> Iterator[MailDouble]:
    with MailDouble() as opened:
        yield opened


@pytest.fixture(autouse=True)
def campaigns_here(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    settings.cache_clear()
