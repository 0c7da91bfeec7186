"""Work out who is who, then facts, segments and tags of everybody who changed."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows import clock, story
from flows.retries import step
from tasks import database
from tasks.people import facts, identify, segments, tags

R = TypeVar("R")

AsOf = Annotated[
    datetime | None,
    Field(description="the moment that counts as now; empty: now"),
]
Full = Annotated[
    bool,
    Field(description="compute everybody anew instead of those who changed"),
]


@flow(flow_run_name="refresh")
def refresh(as_of: AsOf = None, full: Full = False) -> State[int]:
    """Join identifiers into customers, then refresh facts, segments and tags.

    Only customers about whom something changed are computed, unless `full`; both give
    the same rows. **Retry is always safe**: each step finds by itself what is left.
    Runbook: `deployments/RUNBOOK.md`, *refresh*.
    """
    moment = as_of or clock.now()
    identified = customers(moment)
    computed = facts_of_customers(moment, full)
    # Tags first: a segment may read them.
    tagged, bad_tag = _tried(tags_of_customers, moment, full)
    moved, bad_segment = _tried(segments_of_customers, moment, full)
    story.tell(
        "refresh",
        "Who is who, and where they stand",
        story.table(["customers", ""], _lines(identified, computed)),
        story.table(["segment", "joined", "left", "now in it"], _moves(moved or {})),
        story.table(["tag", "given", "taken"], _changes(tagged or {})),
    )
    if error := bad_segment or bad_tag:
        raise error
    name = f"{computed:,} refreshed" if computed else "Nobody changed"
    return story.ended(name, f"{computed:,} customers refreshed", computed)


@step("identify")
def customers(as_of: datetime) -> identify.Identified:
    """New identifiers get their customer, new links are followed."""
    return identify.identify(database.engine(), as_of)


@step("facts")
def facts_of_customers(as_of: datetime, full: bool) -> int:
    """One row per customer; how many were computed."""
    return facts.refresh(database.engine(), as_of, full)


@step("segments")
def segments_of_customers(as_of: datetime, full: bool) -> dict[str, segments.Moved]:
    """Who joined and who left, per segment."""
    return segments.refresh(database.engine(), as_of, full)


@step("tags")
def tags_of_customers(as_of: datetime, full: bool) -> dict[str, tags.Changed]:
    """Who was given a tag and who lost one, per tag."""
    return tags.refresh(database.engine(), as_of, full)


def _tried(
    act: Callable[[datetime, bool], R], as_of: datetime, full: bool
) -> tuple[R | None, Exception | None]:
    """What it gave, or why it failed; a bad segment must not keep tags from moving."""
    try:
        return act(as_of, full), None
    except Exception as error:
        return None, error


def _lines(identified: identify.Identified, computed: int) -> list[list[Any]]:
    return [
        ["new", identified.new_customers],
        ["joined with another", identified.merges],
        ["conflicts kept apart", identified.conflicts],
        ["facts computed", computed],
    ]


def _changes(tagged: dict[str, tags.Changed]) -> list[list[Any]]:
    return [[name, one.given, one.taken] for name, one in sorted(tagged.items())]


def _moves(moved: dict[str, segments.Moved]) -> list[list[Any]]:
    return [
        [name, one.joined, one.left, one.size] for name, one in sorted(moved.items())
    ]
