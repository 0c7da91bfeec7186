"""Pinduoduo's streams keep the promises of every stream, while their shop is busy."""

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Case, StreamContract
from tests.connectors.pinduoduo_shop import PinduoduoShop, pinduoduo_shop


@pytest.fixture
def shop() -> Iterator[PinduoduoShop]:
    with pinduoduo_shop() as running:
        yield running


class TestOrders(StreamContract):
    """Orders change all the time: paid, shipped, received, a note edited."""

    @pytest.fixture(params=["newest first", "oldest first"])
    def case(self, shop: PinduoduoShop, request: pytest.FixtureRequest) -> Case:
        shop.double.is_ascending = request.param == "oldest first"
        return shop.case("orders")


class TestRefunds(StreamContract):
    """Refunds change until they are closed."""

    @pytest.fixture
    def case(self, shop: PinduoduoShop) -> Case:
        return shop.case("refunds")
