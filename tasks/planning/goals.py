"""Whether a campaign brings about what it is for, beside its control group."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from tasks.campaigns.campaign import Campaign
from tasks.database import rows


@dataclass(frozen=True, slots=True)
class Reached:
    """Of so many people, so many reached the goal within its window.

    `is_control`: they were held out; the others were sent the step's message.
    """

    step: str
    is_control: bool
    people: int
    reached: int


def measure(
    connection: Connection, campaign: Campaign, as_of: datetime
) -> list[Reached]:
    """Per step and group, over the last 180 days; empty for campaigns without a goal.

    The window begins when the message was sent, for the control group with the plan.
    """
    if campaign.goal is None:
        return []
    found = rows(
        connection,
        "plan/goals",
        campaign=campaign.name,
        as_of=as_of,
        event=campaign.goal.event,
        within=campaign.goal.within,
    )
    return [Reached(**row) for row in found]
