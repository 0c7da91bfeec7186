"""The environment: the only place that reads it."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator may set; each field is `REGULARS_<NAME>` in capitals.

    `.env` in the working directory (or the file named by REGULARS_ENV_FILE) is read
    too; the environment wins over it, and it wins over what the demo wrote.
    """

    model_config = SettingsConfigDict(
        env_prefix="REGULARS_", extra="ignore", populate_by_name=True
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
    language: str = Field(
        default="zh",
        pattern="^[a-z]{2}$",
        description="what customers are written in whose own language is unknown",
    )
    secret: SecretStr = Field(
        default=SecretStr("change-me"),
        description="signs unsubscribe links and salts the hashes of deleted people",
    )
    clock_offset: float = Field(
        default=0,
        description="seconds from the machine's clock to that of the flows: for a"
        " sandbox whose shop lives in another year",
    )
    prefect_port: int = Field(
        default=4200,
        ge=1,
        le=65535,
        description="where `regulars up` serves Prefect's API and UI, on loopback",
    )
    prefect_database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… that `regulars up` gives to the Prefect server;"
        " empty: a database of its own beside the shop's",
    )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings(_env_file=env_files())


def env_files() -> tuple[Path, Path]:
    """The demo's own settings, then the operator's; either may be missing."""
    home = Path(os.environ.get("REGULARS_HOME", "var"))
    return home / "sandbox.env", Path(os.environ.get("REGULARS_ENV_FILE", ".env"))


def environment(**changes: str) -> dict[str, str]:
    """The environment for a process started from here: this one's, with changes."""
    return {**os.environ, **changes}


def adopt(values: Mapping[str, str]) -> None:
    """Make `values` part of this process's environment, for what is imported later."""
    os.environ.update(values)


def environment_value(name: str) -> str | None:
    """One variable that a file of an operator names as `${NAME}`; None when unset.

    Looked up as the settings are: the environment, `.env`, the sandbox's.
    """
    sandbox, operator = env_files()
    written = dotenv_values(sandbox) | dotenv_values(operator)
    return os.environ.get(name) or written.get(name) or None
