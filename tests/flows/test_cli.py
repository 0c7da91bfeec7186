"""What people see when something is wrong."""

import pytest
from click.testing import CliRunner

from flows.cli import main
from tasks import database
from tasks.database import SchemaEdited


def test_an_error_of_ours_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _break(monkeypatch, SchemaEdited("put it back"))
    outcome = CliRunner().invoke(main, ["database", "migrate"])
    assert (outcome.exit_code, outcome.output) == (1, "Error: put it back\n")


def test_a_fault_of_the_program_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _break(monkeypatch, ZeroDivisionError("by zero"))
    outcome = CliRunner().invoke(main, ["database", "migrate"])
    assert isinstance(outcome.exception, ZeroDivisionError)


def test_an_unknown_verb_is_refused() -> None:
    outcome = CliRunner().invoke(main, ["deliverr"])
    assert outcome.exit_code == 2 and "No such command 'deliverr'" in outcome.output


def _break(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def migrate() -> list[str]:
        raise error

    monkeypatch.setattr(database, "migrate", migrate)
