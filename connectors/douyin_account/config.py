"""What one Douyin account needs to be told."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from connectors.values import CHINA

StreamName = Literal["messages", "comments"]


class Config(BaseModel):
    """One account and the application that it has authorised; durations in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = "https://open.douyin.com"
    client_key: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    account: str = Field(min_length=1, description="the account's own open_id")
    since: datetime = Field(description="comments before this are left; China time")
    streams: tuple[StreamName, ...] = ("messages",)
    videos: tuple[str, ...] = Field(
        default=(), description="item_id of each video whose comments are read"
    )
    access_token: SecretStr | None = Field(default=None, description="for comments")
    refresh_token: SecretStr | None = Field(
        default=None, description="for comments; Douyin ends it after 30 days"
    )
    token_file: Path | None = Field(
        default=None,
        description="keeps renewed tokens between runs; a path from where it runs",
    )
    page_size: int = Field(default=50, ge=1, le=50)
    lag: timedelta = timedelta(seconds=60)
    overlap: timedelta = Field(
        default=timedelta(days=7),
        description="how far back comments are taken again: one that slips through "
        "while others are deleted is found by a later pull",
    )
    throttle_pause: float = Field(
        default=15.0, gt=0, description="seconds to wait when calls are too many"
    )

    @field_validator("since")
    @classmethod
    def _in_china(cls, since: datetime) -> datetime:
        return since if since.tzinfo else since.replace(tzinfo=CHINA)

    @field_validator("base_url")
    @classmethod
    def _without_slash(cls, base_url: str) -> str:
        return base_url.rstrip("/")

    @model_validator(mode="after")
    def _can_read_comments(self) -> Self:
        if "comments" in self.streams:
            needed = ("videos", "access_token", "refresh_token", "token_file")
            missing = [name for name in needed if not getattr(self, name)]
            if missing:
                raise ValueError(f"the stream comments needs {', '.join(missing)}")
        return self
