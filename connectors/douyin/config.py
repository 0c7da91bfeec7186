"""What one Douyin shop needs to be told."""

from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.shop_config import ShopConfig

StreamName = Literal["orders", "refunds"]


class Config(ShopConfig):
    """One shop and the application that may read it; durations in seconds."""

    base_url: str = "https://openapi-fxg.jinritemai.com"
    app_key: str = Field(min_length=1)
    app_secret: SecretStr = Field(min_length=1)
    shop_id: str = Field(pattern=r"^\d+$", description="the shop's own number")
    app_kind: Literal["self", "tool"] = Field(
        default="self",
        description="self (自用型) asks for tokens itself; tool (工具型) needs the two "
        "tokens that the merchant's authorisation gave",
    )
    access_token: SecretStr | None = Field(default=None, description="of a tool")
    refresh_token: SecretStr | None = Field(default=None, description="of a tool")
    token_file: Path | None = Field(
        default=None,
        description="keeps renewed tokens between runs; a path from where it runs",
    )
    sign_method: Literal["hmac-sha256", "md5"] = Field(
        default="hmac-sha256", description="Douyin gives md5 up"
    )
    token_trouble: str = Field(
        default="access-token",
        min_length=1,
        description="what Douyin's sub_code holds when a token has ended",
    )
    streams: tuple[StreamName, ...] = ("orders", "refunds")
    history: timedelta | None = Field(
        default=timedelta(days=90), description="how far back Douyin answers"
    )
    callback_patience: float = Field(
        default=3.0,
        ge=0,
        description="seconds that a push may take to ask for what it is about; Douyin "
        "waits 5. 0: pushes are only acknowledged, and the next pull brings it",
    )

    @model_validator(mode="after")
    def _has_tokens(self) -> Self:
        if self.app_kind == "tool":
            needed = ("access_token", "refresh_token", "token_file")
            missing = [name for name in needed if getattr(self, name) is None]
            if missing:
                raise ValueError(f"app_kind: tool needs {', '.join(missing)}")
        return self
