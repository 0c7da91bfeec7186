"""Which errors a step is tried again for."""

import psycopg2
import pytest
from prefect.states import Failed
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from connectors.base import SourceRefused, SourceUnavailable
from flows.retries import may_pass, step


def tried_again(error: Exception) -> bool:
    return may_pass(None, None, Failed(data=error))  # type: ignore[arg-type]


def test_a_source_that_is_away_is_tried_again_and_one_that_refuses_is_not() -> None:
    assert tried_again(SourceUnavailable("HTTP 500"))
    assert not tried_again(SourceRefused("HTTP 403"))


def test_a_lost_connection_is_tried_again_whatever_the_driver_calls_it(
    engine: Engine,
) -> None:
    with pytest.raises(DBAPIError) as lost, engine.connect() as connection:
        connection.execute(text("select pg_terminate_backend(pg_backend_pid())"))
    assert tried_again(lost.value)
    assert tried_again(psycopg2.InterfaceError("connection already closed"))
    assert tried_again(psycopg2.DatabaseError("server closed the connection"))


def test_a_fault_in_a_statement_is_not_tried_again(engine: Engine) -> None:
    with pytest.raises(DBAPIError) as wrong, engine.connect() as connection:
        connection.execute(text("select nothing_of_that_name"))
    assert not tried_again(wrong.value)
    assert not tried_again(ValueError("a fault of ours"))


def test_what_an_error_was_caused_by_counts_too() -> None:
    try:
        raise RuntimeError("the page was not stored") from SourceUnavailable("HTTP 502")
    except RuntimeError as error:
        assert tried_again(error)


def test_a_step_asks_the_error_and_is_never_skipped_for_a_cached_result() -> None:
    @step("land {stream}")
    def made(stream: str) -> int:
        return 1

    assert made.name == "land"
    assert made.retry_condition_fn is may_pass
    assert made.retry_jitter_factor == 0.5
