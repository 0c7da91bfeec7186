"""Which errors may pass by themselves, and what a task of a flow is like."""

from collections.abc import Callable, Iterator
from typing import Any, ParamSpec, TypeVar

import psycopg2
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from sqlalchemy.exc import DBAPIError

P = ParamSpec("P")
R = TypeVar("R")


def step(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a Prefect task of a function; `name` may hold its {parameters}.

    How often and how patiently it is tried again is PREFECT_TASKS_DEFAULT_RETRIES and
    …_RETRY_DELAY_SECONDS in deployments/prefect.env. It is never skipped for a cached
    result: it asks Postgres what is left to do.
    """
    return task(
        name=name.partition(" ")[0],
        task_run_name=name,
        cache_policy=NO_CACHE,
        retry_jitter_factor=0.5,
        retry_condition_fn=may_pass,
    )


def may_pass(task: Task[..., Any], task_run: TaskRun, state: State[Any]) -> bool:
    """Whether the error in `state` asks for another try; its type says so."""
    return any(_is_passing(error) for error in _causes(state.data))


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        # A dead connection, whatever the driver called it; also a deadlock.
        return error.connection_invalidated or _is_passing_for_driver(error.orig)
    return getattr(error, "retriable", False) or _is_passing_for_driver(error)


def _is_passing_for_driver(error: BaseException | None) -> bool:
    if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return True
    # A connection lost in the middle of a COPY has no class of its own, and no code.
    return isinstance(error, psycopg2.DatabaseError) and error.pgcode is None


def _causes(error: Any) -> Iterator[BaseException]:
    while isinstance(error, BaseException):
        yield error
        error = error.__cause__
