"""What one Youzan shop needs to be told."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.values import CHINA

StreamName = Literal["customers", "orders", "refunds", "reviews"]


class Config(BaseModel):
    """One shop and the self-use application that may read it; durations in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = "https://open.youzanyun.com"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    grant_id: int = Field(description="the shop's own number, called kdt_id elsewhere")
    since: datetime = Field(description="the first pull starts here; China time")
    streams: tuple[StreamName, ...] = ("customers", "orders", "refunds", "reviews")
    page_size: int = Field(
        default=100,
        ge=1,
        le=100,
        description="records a call; calls are what Youzan charges for",
    )
    overlap: timedelta = timedelta(minutes=2)
    lag: timedelta = timedelta(seconds=60)
    decrypt: bool = Field(
        default=True, description="ask for phones and names in plain text"
    )
    customer_tags: bool = Field(
        default=True, description="one more call for each customer that is read"
    )
    customer_times: Literal["milliseconds", "seconds"] = Field(
        default="milliseconds",
        description="what created_at_start is read as; Youzan's pages disagree",
    )
    customer_round: timedelta | None = Field(
        default=timedelta(days=30),
        description="each customer's points and tags are read again this often",
    )
    wechat_app_id: str | None = Field(
        default=None, description="the app of the buyers' outer_user_id, if one alone"
    )

    @field_validator("since")
    @classmethod
    def _in_china(cls, since: datetime) -> datetime:
        return since if since.tzinfo else since.replace(tzinfo=CHINA)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, base_url: str) -> str:
        return base_url.rstrip("/")
