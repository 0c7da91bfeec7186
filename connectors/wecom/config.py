"""What one corp of WeCom needs to be told."""

from typing import Literal

from pydantic import Field

from connectors.wechat_base.config import AccountConfig

StreamName = Literal["contacts", "follows", "joins", "events"]


class Config(AccountConfig):
    """A corp and one of its own applications that may read customer contacts."""

    base_url: str = "https://qyapi.weixin.qq.com"
    corp_id: str = Field(min_length=1, description="external_userids are its own")
    streams: tuple[StreamName, ...] = ("contacts", "follows", "joins", "events")
    staff_at_once: int = Field(
        default=20, ge=1, le=100, description="members whose contacts are one question"
    )
    tag_group: str = Field(
        default="Regulars",
        min_length=1,
        max_length=15,
        description="the group of corp tags that holds those of ours",
    )
    code_staff: tuple[str, ...] = Field(
        default=(), description="userids that a code leads to; without, no codes"
    )
