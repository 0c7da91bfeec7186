"""The settings that every shop has whose lists are read in windows of time."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from connectors.values import CHINA


class ShopConfig(BaseModel):
    """When to begin, how much at once, how carefully; durations in seconds."""

    # A shop's number may be written without quotes.
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    since: datetime = Field(description="the first pull starts here; China time")
    page_size: int = Field(default=100, ge=1, le=100, description="records a call")
    overlap: timedelta = Field(
        default=timedelta(minutes=2),
        ge=timedelta(0),
        le=timedelta(minutes=15),
        description="how far behind the cursor each pull starts again",
    )
    lag: timedelta = Field(
        default=timedelta(seconds=60),
        ge=timedelta(0),
        description="how far behind now each pull stops, since search indexes lag",
    )
    deepest_record: int = Field(
        default=10_000,
        ge=100,
        description="a window with more records than this is halved",
    )

    throttle_pause: float = Field(
        default=15.0,
        gt=0,
        description="seconds to wait when the platform says too many calls; with the "
        "usual five tries this outlasts a quota by the minute",
    )

    @field_validator("since", "access_token_ends", check_fields=False)
    @classmethod
    def _in_china(cls, time: datetime | None) -> datetime | None:
        return time.replace(tzinfo=CHINA) if time and time.tzinfo is None else time

    @field_validator("base_url", check_fields=False)
    @classmethod
    def _without_slash(cls, base_url: str) -> str:
        return base_url.rstrip("/")


class AuthorisedShop(ShopConfig):
    """A shop that has authorised an application, which has got tokens from that."""

    access_token: SecretStr = Field(min_length=1)
    access_token_ends: datetime | None = Field(
        default=None, description="it is renewed before, if that is known; China time"
    )
    refresh_token: SecretStr | None = Field(
        default=None, description="gets the next access token when one has ended"
    )
    token_file: Path | None = Field(
        default=None,
        description="keeps renewed tokens between runs; a path from where it runs",
    )

    @model_validator(mode="after")
    def _keeps_tokens(self) -> Self:
        if self.refresh_token and self.token_file is None:
            raise ValueError(
                "a refresh_token works once: set token_file, where the next one is kept"
            )
        return self
