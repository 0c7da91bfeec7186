"""Five segments by dbt and by us, each as a command from its start to its end."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import psycopg2.extensions

from flows.bench import Figure, figure
from tasks import database, world
from tasks.people import definition, facts
from tasks.settings import environment, settings
from tasks.world import World

# In an environment of its own: it brings forty packages that nothing else needs.
VERSIONS = ("dbt-core==1.10.23", "dbt-postgres==1.11.0")
FIVE = ("new", "active", "slipping", "lapsed", "lost")
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


def figures(address: str) -> list[Figure]:
    """A refresh of a small shop, where the time is not that of the database."""
    from flows.bench.scale import AS_OF, STANDARDS

    with database.scratch("regulars_bench_dbt", address) as there:
        engine = database.engine(there)
        world.fill(engine, World(customers=10_000, with_lines=False))
        facts.refresh(engine, AS_OF, standards=STANDARDS)
        with tempfile.TemporaryDirectory() as folder:
            _write_project(Path(folder), there)
            _quickest([str(_dbt()), "parse", "--quiet"], there, folder, 1)
            theirs = _quickest([str(_dbt()), "run", "--quiet"], there, folder, 3)
        moment = f"{AS_OF:%Y-%m-%dT%H:%M:%S}"
        regulars = str(Path(sys.executable).with_name("regulars"))
        words = [regulars, "segments", "refresh", "--full", "--as-of", moment]
        ours = _quickest(words, there, ".", 3)
    what = "dbt run, five of them as tables"
    return [figure("scale", "eight segments, a command", ours, theirs, what, "s", 0.1)]


def _quickest(words: list[str], address: str, folder: str, times: int) -> float:
    from flows.bench.scale import seconds

    def run() -> None:
        subprocess.run(
            words,
            check=True,
            cwd=folder,
            env=environment(DATABASE_URL=address, DO_NOT_TRACK="1"),
            stdout=subprocess.DEVNULL,
        )

    return min(seconds(run) for _ in range(times))


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
