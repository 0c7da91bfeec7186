"""The settings that every account of WeChat and WeCom has."""

import re
from datetime import datetime, timedelta
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


class AccountConfig(BaseModel):
    """When to begin, how often to read again, what verifies pushes; in seconds."""

    # A corp's number may be written without quotes.
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    secret: SecretStr = Field(min_length=1)
    since: datetime = Field(description="what happened before this is left; China time")
    page_size: int = Field(default=100, ge=1, le=100, description="people a call")
    reread: timedelta = Field(
        default=timedelta(days=1),
        ge=timedelta(0),
        description="how often everybody is read again: most changes leave no trace",
    )
    throttle_pause: float = Field(
        default=60.0, gt=0, description="seconds to wait when calls are too many"
    )
    callback_token: SecretStr | None = Field(
        default=None, description="verifies what is pushed; without it nothing is taken"
    )
    encoding_aes_key: SecretStr | None = Field(
        default=None, description="43 characters; opens what is pushed enciphered"
    )
    callback_age: timedelta = Field(
        default=timedelta(minutes=10),
        description="older pushes are refused, so that nobody can repeat one",
    )

    @field_validator("since")
    @classmethod
    def _in_china(cls, since: datetime) -> datetime:
        return since if since.tzinfo else since.replace(tzinfo=CHINA)

    @field_validator("base_url", check_fields=False)
    @classmethod
    def _without_slash(cls, base_url: str) -> str:
        return base_url.rstrip("/")

    @field_validator("encoding_aes_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key and not re.fullmatch(r"[A-Za-z0-9]{43}", key.get_secret_value()):
            raise ValueError("it must be the 43 letters and digits of the console")
        return key

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if self.encoding_aes_key and not self.callback_token:
            raise ValueError("an encoding_aes_key is of no use without callback_token")
        return self
