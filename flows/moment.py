"""How people write a moment on the command line: by the shop's clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from flows import clock
from tasks.settings import settings


def zone() -> ZoneInfo:
    """The shop's time zone."""
    return ZoneInfo(settings().timezone)


def shown(moment: datetime | None) -> str:
    """A moment by the shop's clock, to the minute."""
    return moment.astimezone(zone()).strftime("%Y-%m-%d %H:%M") if moment else "–"


def _read(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime:
    if value is None:
        return clock.now()
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        message = f'"{value}" is no moment: write 2011-12-10 09:00'
        raise click.BadParameter(message, ctx, param) from None
    return told if told.tzinfo else told.replace(tzinfo=zone())


as_of = click.option(
    "--as-of",
    callback=_read,
    show_default="now",
    help="the moment that counts as now, by the shop's clock: 2011-12-10 09:00",
)
