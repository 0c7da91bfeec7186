"""Show our segments and tags on the customers of the platforms that have them."""

import logging
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from flows import clock, story
from flows.retries import step
from tasks import database, sources
from tasks.people import push_tags as pushing
from tasks.people.push_tags import Pushed

log = logging.getLogger(__name__)

SourceName = Annotated[
    str | None,
    Field(
        description="only this source; empty: all that have the key push_tags in "
        "sources.yaml",
        examples=["youzan_main"],
    ),
]


class PushFailed(Exception):
    """Some platforms were not brought up to date; the others are."""


@flow(flow_run_name="push tags")
def push_tags(source: SourceName = None) -> State[Any]:
    """Put segments and tags on customers where staff see them, and take them away.

    Only differences go out: a second run changes nothing. A source that fails does not
    stop the next, and the run then ends as Failed with the reason of each. **Retry is
    always safe**: what a platform took is noted, and the rest is told again.
    Runbook: `deployments/RUNBOOK.md`, *push_tags*.
    """
    names = [source] if source else _wanted()
    if not names:
        said = "no source of sources.yaml has the key push_tags"
        return story.ended("No source", said)
    done: dict[str, Pushed] = {}
    failures: dict[str, Exception] = {}
    for name in names:
        try:
            done[name] = pushed(name)
        except Exception as error:
            log.exception("%s failed", name)
            failures[name] = error
    _tell(done, failures)
    if failures:
        cause = next(iter(failures.values()))
        raise PushFailed(_why(names, failures)) from cause
    return story.ended(*_last_state(done))


@step("push {source}")
def pushed(source: str) -> Pushed:
    """Everything that differs at one source; how often each label came and went."""
    seldom = story.Seldom()

    def tell(done: Pushed) -> None:
        if seldom.is_due():
            log.info("%s: %s so far", source, _counted(done))

    found = sources.find(source)
    done = pushing.push(database.engine(), found, clock.now(), tell)
    log.info("%s: %s", source, _counted(done))
    return done


def _wanted() -> list[str]:
    return [one.name for one in sources.load() if one.push_tags is not None]


def _tell(done: dict[str, Pushed], failures: dict[str, Exception]) -> None:
    labels = [
        [name, label, one.added[label], one.removed[label]]
        for name, one in done.items()
        for label in sorted({*one.added, *one.removed})
    ]
    refused = [
        [name, reason, count]
        for name, one in done.items()
        for reason, count in one.refused.most_common()
    ]
    failed = [[name, story.cause(error)] for name, error in failures.items()]
    story.tell(
        "push-tags",
        "What platforms were told about their customers",
        story.table(["source", "label", "put on", "taken away"], labels),
        story.table(["source", "not taken, since", "customers"], refused),
        story.table(["source", "why it failed"], failed),
        "" if labels or refused or failed else "Nothing differed.",
    )


def _last_state(done: dict[str, Pushed]) -> tuple[str, str]:
    message = "; ".join(f"{name}: {_counted(one)}" for name, one in done.items())
    changed = sum(one.added.total() + one.removed.total() for one in done.values())
    if refused := sum(one.refused.total() for one in done.values()):
        return f"{refused:,} not taken", message
    return (f"{changed:,} changed" if changed else "Nothing differed"), message


def _counted(done: Pushed) -> str:
    counts = {
        "put on": done.added.total(),
        "taken away": done.removed.total(),
        "not taken": done.refused.total(),
    }
    return story.counted(counts) or "nothing differed"


def _why(names: list[str], failures: dict[str, Exception]) -> str:
    each = "; ".join(
        f"{name}: {story.cause(error)}" for name, error in failures.items()
    )
    return f"{len(failures)} of {len(names)} sources failed. {each}"
