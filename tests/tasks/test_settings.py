"""Settings come from the environment alone, and are described."""

from pathlib import Path

import pytest

from tasks.settings import Settings


def test_the_database_is_found_under_its_usual_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://example/one")
    assert Settings().database_url == "postgresql://example/one"


def test_a_variable_wins_over_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("REGULARS_HOME_CURRENCY=EUR\nREGULARS_HOME=kept\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGULARS_HOME_CURRENCY", "GBP")
    assert (Settings().home_currency, Settings().home) == ("GBP", Path("kept"))


def test_a_wrong_value_names_the_setting_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REGULARS_HOME_CURRENCY", "yuan")
    with pytest.raises(ValueError, match=r"(?s)home_currency.*\^\[A-Z\]\{3\}\$.*yuan"):
        Settings()


def test_the_secret_is_not_shown() -> None:
    assert "change-me" not in repr(Settings())
