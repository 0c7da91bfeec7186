"""What one Shopify shop needs to be told."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from connectors.shop_config import ShopConfig

StreamName = Literal["customers", "orders", "refunds"]


class Config(ShopConfig):
    """One shop and the app that may read it; durations in seconds.

    The app's token is either given (`access_token`), or asked for with `client_id` and
    `client_secret`, which apps of the shop's own organisation may do.
    """

    base_url: str = Field(
        pattern=r"^https?://[^/]+/?$", description="https://my-shop.myshopify.com"
    )
    domain: str | None = Field(
        default=None,
        description="the shop's myshopify.com name, where base_url is another address",
    )
    api_version: str = Field(
        default="2026-10", pattern=r"^(\d{4}-(01|04|07|10)|unstable)$"
    )
    access_token: SecretStr | None = Field(default=None, min_length=1)
    client_id: str | None = None
    client_secret: SecretStr | None = Field(
        default=None, min_length=1, description="verifies webhooks, too"
    )
    refresh_token: SecretStr | None = Field(
        default=None, description="of an access_token that ends within the hour"
    )
    token_file: Path | None = Field(
        default=None,
        description="keeps renewed tokens between runs; a path from where it runs",
    )
    streams: tuple[StreamName, ...] = ("customers", "orders", "refunds")
    page_size: int = Field(
        default=20,
        ge=1,
        le=250,
        description="orders a call, and five times as many of what is cheaper; halved "
        "when Shopify finds the call too costly",
    )
    lines_at_once: int = Field(
        default=5,
        ge=1,
        le=250,
        description="lines of an order in the first call; longer orders cost another",
    )
    deepest_record: int = Field(
        default=20_000,
        ge=100,
        le=25_000,
        description="after so many records the question is asked anew from there",
    )
    personal_data: bool = Field(
        default=True,
        description="false for an app without access to protected customer data",
    )
    test_orders: bool = Field(default=False, description="true for a development shop")
    short_history: timedelta | None = Field(
        default=timedelta(days=60),
        description="what an app without the scope read_all_orders may see of orders",
    )
    bulk_window: timedelta = Field(
        default=timedelta(days=30),
        ge=timedelta(hours=1),
        description="so much history is fetched with one bulk operation",
    )
    bulk_pause: float = Field(
        default=10.0, gt=0, description="seconds between two looks at an operation"
    )
    bulk_patience: timedelta = Field(
        default=timedelta(hours=6),
        description="so long an operation may take, or one of somebody else's",
    )

    @property
    def shop(self) -> str:
        """The name by which Shopify calls the shop."""
        return (self.domain or urlsplit(self.base_url).netloc).lower()

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        can_ask = self.client_id is not None and self.client_secret is not None
        if self.access_token is None and not can_ask:
            raise ValueError("needs access_token, or client_id and client_secret")
        can_renew = can_ask and self.access_token and self.token_file
        if self.refresh_token is not None and not can_renew:
            raise ValueError(
                "refresh_token needs access_token, client_id, client_secret, and "
                "token_file, where the next tokens are kept"
            )
        return self
