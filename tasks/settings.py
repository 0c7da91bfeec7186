"""The environment: the only place that reads it."""

from functools import lru_cache
from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator may set; each field is `REGULARS_<NAME>` in capitals.

    `.env` in the working directory is read too; the environment wins over it.
    """

    model_config = SettingsConfigDict(
        env_prefix="REGULARS_", env_file=".env", extra="ignore", populate_by_name=True
    )

    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "REGULARS_DATABASE_URL"),
        description="postgresql://… of your own server; empty: an embedded Postgres",
    )
    home: Path = Field(
        default=Path("var"),
        description="where the embedded Postgres, journals, reports and logs live",
    )
    sources_file: Path = Field(
        default=Path("deployments/sources.yaml"),
        description="the shop's sources, one entry each",
    )
    channels_file: Path = Field(
        default=Path("deployments/channels.yaml"),
        description="the sending accounts of each channel, with their limits",
    )
    campaigns: Path | None = Field(
        default=None, description="another folder of campaigns than sql/campaigns"
    )
    home_currency: str = Field(
        default="CNY",
        pattern="^[A-Z]{3}$",
        description="the currency in which customers are compared",
    )
    timezone: str = Field(
        default="Asia/Shanghai", description="the shop's own IANA time zone"
    )
    secret: SecretStr = Field(
        default=SecretStr("change-me"),
        description="signs unsubscribe links and salts the hashes of deleted people",
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
