"""The settings that every shop has whose lists are read in windows of time."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

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

    @field_validator("since")
    @classmethod
    def _in_china(cls, since: datetime) -> datetime:
        return since if since.tzinfo else since.replace(tzinfo=CHINA)

    @field_validator("base_url", check_fields=False)
    @classmethod
    def _without_slash(cls, base_url: str) -> str:
        return base_url.rstrip("/")
