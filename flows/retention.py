"""Delete or put away what is old, in small steps."""

from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows import clock, story
from flows.retries import step
from tasks import database
from tasks import retention as rules

Days = Annotated[int, Field(ge=1, description="how many days it is kept")]


@flow(flow_run_name="retention")
def retention(
    quarantine: Days = rules.KEPT["quarantine"],
    messages: Days = rules.KEPT["messages"],
    clicks: Days = rules.KEPT["clicks"],
    words: Days = rules.KEPT["words"],
    memberships: Days = rules.KEPT["memberships"],
) -> State[int]:
    """Forget settled quarantine, old words of customers and messages, old memberships.

    Openings and clicks move to the archive. What was decided and sent stays for ever,
    since it keeps anybody from getting it twice. **Retry is always safe.**
    Runbook: `deployments/RUNBOOK.md`, *retention*.
    """
    put_away = put_away_what_is_old(
        {
            "quarantine": quarantine,
            "messages": messages,
            "clicks": clicks,
            "words": words,
            "memberships": memberships,
        }
    )
    lines = [[subject, f"{rows:,}"] for subject, rows in put_away.items()]
    story.tell("retention", "Put away", story.table(["what", "rows"], lines))
    total = sum(put_away.values())
    name = f"{total:,} put away" if total else "Nothing was old"
    return story.ended(name, f"{total:,} rows put away", total)


@step("put away")
def put_away_what_is_old(kept: dict[rules.Subject, int]) -> dict[str, int]:
    """Rows by subject."""
    return rules.apply(database.engine(), clock.now(), kept)
