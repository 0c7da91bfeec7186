"""What one Taobao or Tmall shop needs to be told."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from connectors.shop_config import AuthorisedShop

StreamName = Literal["orders", "refunds", "reviews"]


class Config(AuthorisedShop):
    """One shop and the application that it has authorised; durations in seconds."""

    base_url: str = Field(
        default="https://gw.api.taobao.com/router/rest",
        description="eco.taobao.com answers too; api.taobao.com from abroad",
    )
    token_url: str = Field(
        default="https://oauth.taobao.com/token", description="where tokens are renewed"
    )
    app_key: str = Field(min_length=1)
    app_secret: SecretStr = Field(min_length=1)
    sign_method: Literal["md5", "hmac", "hmac-sha256"] = "md5"
    streams: tuple[StreamName, ...] = ("orders", "refunds", "reviews")
    page_size: int = Field(
        default=50, ge=1, le=100, description="records a call; Taobao advises 40 to 50"
    )
    window: timedelta = Field(
        default=timedelta(hours=3),
        ge=timedelta(minutes=30),
        le=timedelta(days=1),
        description="how much time one question spans, at least one call each: Taobao "
        "allows a day, and advises half an hour to shops with very many orders",
    )
    trade_types: tuple[str, ...] = Field(
        default=("guarantee_trade", "auto_delivery", "ec", "cod", "step"),
        min_length=1,
        description="kinds of trade; the orders and refunds of others are left out",
    )
    history: timedelta | None = Field(
        default=timedelta(days=90),
        description="how far back Taobao answers for orders and refunds",
    )
    review_history: timedelta | None = Field(
        default=timedelta(days=180), description="the same for ratings"
    )
    review_overlap: timedelta = Field(
        default=timedelta(days=16),
        ge=timedelta(0),
        le=timedelta(days=30),
        description="how far back each pull reads ratings again: one may show days "
        "after it was written, when both sides have rated or the time for it is over",
    )
