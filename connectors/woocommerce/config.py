"""What one WooCommerce shop needs to be told."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from connectors.shop_config import ShopConfig

StreamName = Literal["customers", "orders", "refunds", "reviews"]
Status = Literal[
    "unpaid",
    "paid",
    "part_shipped",
    "shipped",
    "finished",
    "cancelled",
    "refunded",
    "on_hold",
]


class Config(ShopConfig):
    """One shop and a key that may read it; durations in seconds."""

    base_url: str = Field(
        pattern=r"^https?://[^/]", description="the site, like https://shop.example"
    )
    consumer_key: SecretStr = Field(min_length=1)
    consumer_secret: SecretStr = Field(min_length=1)
    webhook_secret: SecretStr | None = Field(
        default=None, min_length=1, description="verifies the shop's webhooks"
    )
    streams: tuple[StreamName, ...] = ("customers", "orders", "refunds", "reviews")
    auth: Literal["auto", "basic", "oauth"] = Field(
        default="auto",
        description="auto: basic over HTTPS, OAuth over plain HTTP. oauth where the "
        "site stands behind a proxy and does not know that it is called by HTTPS",
    )
    oauth_method: Literal["HMAC-SHA256", "HMAC-SHA1"] = "HMAC-SHA256"
    permalinks: bool = Field(
        default=True, description="false where the site's addresses are plain (?p=1)"
    )
    order_status: str = Field(
        default="any",
        min_length=1,
        description="which orders to ask for, comma-separated; any leaves out trash",
    )
    statuses: dict[str, Status] = Field(
        default_factory=dict,
        description="what order statuses mean that plugins have added",
    )
    review_status: str = Field(default="approved", min_length=1)
    review_overlap: timedelta = Field(
        default=timedelta(days=30),
        ge=timedelta(0),
        le=timedelta(days=60),
        description="reviews are read again for so long: they are approved and edited "
        "later, and can only be asked for by the time they were written",
    )
    customer_role: str = Field(default="customer", min_length=1)
    customer_round: timedelta | None = Field(
        default=timedelta(days=30),
        description="all customers are read again this often: WooCommerce does not "
        "say who has changed",
    )
