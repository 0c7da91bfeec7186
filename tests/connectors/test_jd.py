"""JD's streams keep the promises of every stream, while their shop is busy."""

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Case, StreamContract
from tests.connectors.jd_shop import JdShop, jd_shop


@pytest.fixture
def shop() -> Iterator[JdShop]:
    with jd_shop() as running:
        yield running


class TestOrders(StreamContract):
    """Orders change all the time: paid, shipped, received, a note edited."""

    @pytest.fixture
    def case(self, shop: JdShop) -> Case:
        return shop.case("orders")


class TestRefunds(StreamContract):
    """Refunds of cancelled orders change until they are closed."""

    @pytest.fixture(params=["newest first", "oldest first"])
    def case(self, shop: JdShop, request: pytest.FixtureRequest) -> Case:
        shop.double.is_ascending = request.param == "oldest first"
        return shop.case("refunds")


class TestReturns(StreamContract):
    """Returns stay where they are; what happens to them moves nothing."""

    @pytest.fixture
    def case(self, shop: JdShop) -> Case:
        return shop.return_case()


class TestReviews(StreamContract):
    """Comments stay where they are, but may be taken away."""

    @pytest.fixture(params=["newest first", "oldest first"])
    def case(self, shop: JdShop, request: pytest.FixtureRequest) -> Case:
        shop.double.is_ascending = request.param == "oldest first"
        return shop.review_case()
