"""What one official account needs to be told."""

from typing import Literal

from pydantic import Field

from connectors.wechat_base.config import AccountConfig

StreamName = Literal["users", "follows", "events"]


class Config(AccountConfig):
    """A service account or a subscription account, by its AppID and AppSecret."""

    base_url: str = "https://api.weixin.qq.com"
    app_id: str = Field(min_length=1, description="openids mean something within it")
    streams: tuple[StreamName, ...] = ("users", "follows", "events")
