"""What one Weibo account needs to be told."""

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.values import CHINA

StreamName = Literal["comments", "mentions", "comment_mentions", "messages"]


class Config(BaseModel):
    """One account and the application that it authorised; durations in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = "https://api.weibo.com/2"
    access_token: SecretStr = Field(min_length=1)
    app_secret: SecretStr | None = Field(
        default=None, description="signs what Weibo pushes; without it nothing is taken"
    )
    account: str = Field(pattern=r"^\d+$", description="the account's own uid")
    since: datetime = Field(description="the first pull starts here; China time")
    streams: tuple[StreamName, ...] = (
        *("comments", "mentions", "comment_mentions", "messages"),
    )
    page_size: int = Field(
        default=200, ge=1, le=200, description="records a call; calls are rationed"
    )
    deepest_record: int = Field(
        default=1_000, gt=0, description="Weibo shows no more than these, the newest"
    )
    overlap: timedelta = Field(
        default=timedelta(minutes=10),
        description="how far back each pull reads again, for late entries",
    )
    lag: timedelta = timedelta(seconds=60)
    rest: timedelta = Field(
        default=timedelta(minutes=15),
        description="how long a ration that is used up is left alone",
    )
    callback_age: timedelta = Field(
        default=timedelta(minutes=10),
        description="older pushes are refused, so that nobody can repeat one",
    )

    @field_validator("since")
    @classmethod
    def _in_china(cls, since: datetime) -> datetime:
        return since if since.tzinfo else since.replace(tzinfo=CHINA)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, base_url: str) -> str:
        return base_url.rstrip("/")

    @field_validator("account", mode="before")
    @classmethod
    def _as_text(cls, account: object) -> object:
        is_number = isinstance(account, int) and not isinstance(account, bool)
        return str(account) if is_number else account
