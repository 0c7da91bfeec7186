"""What one Pinduoduo shop needs to be told."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.shop_config import ShopConfig

StreamName = Literal["orders", "refunds"]


class Config(ShopConfig):
    """One shop and the application that it has authorised; durations in seconds."""

    base_url: str = "https://gw-api.pinduoduo.com/api/router"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    access_token: SecretStr = Field(min_length=1)
    refresh_token: SecretStr | None = Field(
        default=None, description="renews a token that lives for a day"
    )
    token_file: Path | None = Field(
        default=None,
        description="keeps renewed tokens between runs; a path from where it runs",
    )
    streams: tuple[StreamName, ...] = ("orders", "refunds")
    history: timedelta | None = Field(
        default=timedelta(days=90), description="how far back Pinduoduo answers"
    )
    receiver_is_buyer: bool = Field(
        default=False,
        description="take a receiver's plain mobile number for the buyer's: Pinduoduo "
        "names no buyer, but lends virtual numbers to one person after another",
    )

    @model_validator(mode="after")
    def _keeps_tokens(self) -> Self:
        if self.refresh_token and self.token_file is None:
            raise ValueError(
                "a refresh_token works once: set token_file, where the next one is kept"
            )
        return self
