"""What one Pinduoduo shop needs to be told."""

from datetime import timedelta
from typing import Literal

from pydantic import Field, SecretStr

from connectors.shop_config import AuthorisedShop

StreamName = Literal["orders", "refunds"]


class Config(AuthorisedShop):
    """One shop and the application that it has authorised; durations in seconds."""

    base_url: str = "https://gw-api.pinduoduo.com/api/router"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    streams: tuple[StreamName, ...] = ("orders", "refunds")
    history: timedelta | None = Field(
        default=timedelta(days=90), description="how far back Pinduoduo answers"
    )
    receiver_is_buyer: bool = Field(
        default=False,
        description="take a receiver's plain mobile number for the buyer's: Pinduoduo "
        "names no buyer, but lends virtual numbers to one person after another",
    )
