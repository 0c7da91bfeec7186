"""`regulars rewards`: codes go in once, and what is left is shown."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flows.cli import main

pytestmark = pytest.mark.usefixtures("home")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rewards", *arguments])


def test_codes_are_loaded_once_and_counted(tmp_path: Path) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("A1\n\nB2 \nA1\n")
    assert "2 of 3 codes are new in spring" in run("load", "spring", str(codes)).output
    assert "0 of 3" in run("load", "spring", str(codes)).output
    assert run("list").output.split()[:6] == [
        "pool",
        "codes",
        "free",
        "spring",
        "2",
        "2",
    ]


def test_a_bad_name_or_an_empty_file_is_said(tmp_path: Path) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("\n")
    assert "lower case letters" in run("load", "Spring 5", str(codes)).output
    assert "holds no codes" in run("load", "spring", str(codes)).output
