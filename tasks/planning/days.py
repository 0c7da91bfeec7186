"""The shop's own days, in which budgets and quotas are counted."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from tasks.settings import settings


def shop_day(moment: datetime) -> date:
    """The day of the shop's own clock."""
    return moment.astimezone(ZoneInfo(settings().timezone)).date()


def beginning(day: date) -> datetime:
    """When a day of the shop begins."""
    return datetime.combine(day, time(), ZoneInfo(settings().timezone))
