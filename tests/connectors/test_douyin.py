"""Douyin's streams keep the promises of every stream, while their shop is busy."""

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Case, StreamContract
from tests.connectors.douyin_shop import DouyinShop, douyin_shop


@pytest.fixture
def shop() -> Iterator[DouyinShop]:
    with douyin_shop() as running:
        yield running


class TestOrders(StreamContract):
    """Orders change all the time: paid, shipped, received, a note edited."""

    @pytest.fixture
    def case(self, shop: DouyinShop) -> Case:
        return shop.case("orders")


class TestRefunds(StreamContract):
    """Cases change until they are closed."""

    @pytest.fixture
    def case(self, shop: DouyinShop) -> Case:
        return shop.case("refunds")
