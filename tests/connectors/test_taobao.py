"""Taobao's streams keep the promises of every stream, while their shop is busy."""

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Case, StreamContract
from tests.connectors.taobao_shop import TaobaoShop, taobao_shop


@pytest.fixture
def shop() -> Iterator[TaobaoShop]:
    with taobao_shop() as running:
        yield running


class TestOrders(StreamContract):
    """Orders change all the time: paid, shipped, received, a note edited."""

    @pytest.fixture(params=["newest first", "oldest first"])
    def case(self, shop: TaobaoShop, request: pytest.FixtureRequest) -> Case:
        shop.double.is_ascending = request.param == "oldest first"
        return shop.case("orders")


class TestRefunds(StreamContract):
    """Refunds change until they are closed."""

    @pytest.fixture
    def case(self, shop: TaobaoShop) -> Case:
        return shop.case("refunds")


class TestReviews(StreamContract):
    """Ratings stay where they are, but may be taken away."""

    @pytest.fixture(params=["newest first", "oldest first"])
    def case(self, shop: TaobaoShop, request: pytest.FixtureRequest) -> Case:
        shop.double.is_ascending = request.param == "oldest first"
        return shop.review_case()
