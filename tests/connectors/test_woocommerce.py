"""WooCommerce's streams keep the promises of every stream, in a busy shop."""

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Case, StreamContract
from tests.connectors.woocommerce_shop import WooShop, woo_shop


@pytest.fixture
def shop() -> Iterator[WooShop]:
    with woo_shop() as running:
        yield running


class TestOrders(StreamContract):
    """Orders change all the time: paid, shipped, received, a note edited."""

    @pytest.fixture
    def case(self, shop: WooShop) -> Case:
        return shop.case("orders")


class TestRefunds(StreamContract):
    """Refunds are found by their orders, which change too."""

    @pytest.fixture
    def case(self, shop: WooShop) -> Case:
        return shop.case("refunds")


class TestReviews(StreamContract):
    """Reviews are written and taken away."""

    @pytest.fixture
    def case(self, shop: WooShop) -> Case:
        return shop.case("reviews")


class TestCustomers(StreamContract):
    """Accounts are opened and closed."""

    @pytest.fixture
    def case(self, shop: WooShop) -> Case:
        return shop.case("customers")
