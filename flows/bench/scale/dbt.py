"""Five segments by dbt and by us, each as a command from its start to its end."""

import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from pathlib import Path

import psycopg2.extensions

import sql
from flows.bench import Figure, figure
from tasks.people import definition
from tasks.settings import environment, settings

# In an environment of its own: it brings forty packages that nothing else needs.
VERSIONS = ("dbt-core==1.10.23", "dbt-postgres==1.11.0")
FIVE = ("new", "active", "slipping", "lapsed", "lost")
REGULARS = str(Path(sys.executable).with_name("regulars"))
REFRESH = (REGULARS, "segments", "refresh", "--as-of")
MOMENT = "timestamptz '2026-01-02 00:00:00+00'"
PROJECT = """
name: five
version: "1.0"
profile: five
model-paths: [models]
models: {+materialized: table}
flags: {send_anonymous_usage_stats: false}
"""
PROFILE = """
five:
  target: bench
  outputs:
    bench: {{type: postgres, host: "{host}", port: {port}, user: "{user}",
      password: "{password}", dbname: "{dbname}", schema: dbt_bench, threads: 2,
      search_path: "regulars,public"}}
"""


def figures(address: str, size: int, day_passes: Callable[[], object]) -> list[Figure]:
    """Five segments of a shop follow a day's changes; dbt builds its tables anew."""
    from flows.bench.scale import AS_OF

    with tempfile.TemporaryDirectory() as folder:
        _write_project(Path(folder), address)
        _seconds([str(_dbt()), "parse", "--quiet"], address, folder)
        ours = [*REFRESH, f"{AS_OF:%Y-%m-%dT%H:%M:%S}"]
        _copy_statements(Path(folder) / "sql")
        # Who was in one of the other segments leaves it: not a day's work.
        _seconds(ours, address, folder)
        day_passes()
        theirs = [str(_dbt()), "run", "--quiet"]
        before = _seconds(theirs, address, folder)
        taken = _seconds(ours, address, folder)
        after = _seconds(theirs, address, folder)
    name = f"five segments after a day, a command, {size:,} customers"
    what = "dbt run, the same five as tables"
    return [figure("scale", name, taken, min(before, after), what, "s", 0.1)]


def _copy_statements(to: Path) -> None:
    """Ours, as a shop has them that keeps five segments: found before the installed."""
    others = [f"{one}.sql" for one in definition.names("segment") if one not in FIVE]
    ours = Path(str(sql.folder()))
    shutil.copytree(ours, to, ignore=shutil.ignore_patterns(*others))


def _seconds(words: list[str], address: str, folder: str) -> float:
    from flows.bench.scale import seconds

    given = {"DATABASE_URL": address, "DO_NOT_TRACK": "1", "PYTHONPATH": folder}

    def run() -> None:
        subprocess.run(
            words,
            check=True,
            cwd=folder,
            env=environment(**given),
            stdout=subprocess.DEVNULL,
        )

    return seconds(run)


def _dbt() -> Path:
    """Its command, installed at the first use."""
    home = (settings().home / "bench-dbt").resolve()
    command = home / "bin" / "dbt"
    if not command.exists():
        venv.create(home, with_pip=True)
        pip = [str(home / "bin" / "pip"), "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", *VERSIONS], check=True)
    return command


def _write_project(folder: Path, address: str) -> None:
    known = psycopg2.extensions.parse_dsn(address)
    words = {"host": "", "port": 5432, "user": "regulars", "password": "", **known}
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE.format(**words))
    (folder / "models").mkdir()
    for name in FIVE:
        select = definition.load("segment", name).select.replace(":as_of", MOMENT)
        (folder / "models" / f"{name}.sql").write_text(select)
