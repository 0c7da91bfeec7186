"""Doubles of shops, ready to be called."""

from collections.abc import Iterator

import pytest

from connectors.sandbox.youzan import YouzanDouble
from connectors.sandbox.youzan_world import World
from tests.connectors.youzan_shop import AS_OF, CONTACT, Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A Youzan shop of 150 people, one of whom another feed knows too."""
    with YouzanDouble(World(7, AS_OF, 150, [CONTACT])) as double:
        yield Shop(double)
