"""Shopify's streams keep the promises of every stream, in a busy shop."""

from collections.abc import Iterator

import pytest

from tests.connectors.contract import Case, StreamContract
from tests.connectors.shopify_shop import ShopifyShop, shopify_shop


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    with shopify_shop() as running:
        yield running


class TestOrders(StreamContract):
    """Orders change all the time: paid, shipped, received, a note edited."""

    @pytest.fixture
    def case(self, shop: ShopifyShop) -> Case:
        return shop.case("orders")


class TestRefunds(StreamContract):
    """Refunds stand in their orders, which change too."""

    @pytest.fixture
    def case(self, shop: ShopifyShop) -> Case:
        return shop.case("refunds")


class TestCustomers(StreamContract):
    """Customers change their addresses and consents."""

    @pytest.fixture
    def case(self, shop: ShopifyShop) -> Case:
        return shop.case("customers")
