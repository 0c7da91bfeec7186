"""Settings come from the environment alone, and are described."""

from pathlib import Path

import pytest

from tasks.settings import Settings, env_files, environment_value


def test_the_database_is_found_under_its_usual_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://example/one")
    assert Settings().database_url == "postgresql://example/one"


def test_a_variable_wins_over_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("REGULARS_HOME_CURRENCY=EUR\nREGULARS_LANGUAGE=en\n")
    monkeypatch.setenv("REGULARS_ENV_FILE", str(tmp_path / ".env"))
    monkeypatch.setenv("REGULARS_HOME_CURRENCY", "GBP")
    read = Settings(_env_file=env_files())
    assert (read.home_currency, read.language) == ("GBP", "en")


def test_a_wrong_value_names_the_setting_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REGULARS_HOME_CURRENCY", "yuan")
    with pytest.raises(ValueError, match=r"(?s)home_currency.*\^\[A-Z\]\{3\}\$.*yuan"):
        Settings()


def test_the_secret_is_not_shown() -> None:
    assert "change-me" not in repr(Settings())


def test_the_operators_file_wins_over_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("REGULARS_LANGUAGE=en\n")
    (tmp_path / "sandbox.env").write_text("REGULARS_LANGUAGE=fr\nONLY_HERE=1\n")
    monkeypatch.setenv("REGULARS_HOME", str(tmp_path))
    monkeypatch.setenv("REGULARS_ENV_FILE", str(tmp_path / ".env"))
    assert Settings(_env_file=env_files()).language == "en"
    assert environment_value("ONLY_HERE") == "1"
