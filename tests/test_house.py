"""The house rules that a reader cannot see at a glance."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules

import pytest
import yaml

from flows import commands
from tasks.settings import Settings

ROOT = Path(__file__).parent.parent
ROOMS = ("flows", "tasks", "connectors", "sql")

# Whom a room may import besides itself.
MAY_IMPORT = {
    "connectors": set(),
    "sql": set(),
    "tasks": {"connectors", "sql"},
    "flows": {"tasks", "connectors", "sql"},
}
# These take seconds to import, and most verbs do not need them.
SLOW = {"great_expectations", "prefect"}


def test_a_module_says_first_what_it_is_for() -> None:
    def is_silent(path: Path) -> bool:
        text = path.read_text()
        return bool(text.strip()) and not ast.get_docstring(ast.parse(text))

    assert [name(path) for path in modules(*ROOMS, "tests") if is_silent(path)] == []


def test_a_room_imports_only_the_rooms_below_it() -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in modules(*ROOMS)
        for module, _ in imports(path)
        if first(module) in ROOMS
        and first(module) not in MAY_IMPORT[room(path)] | {room(path)}
    ]
    assert wrong == []


def test_a_double_shares_nothing_with_the_connector_it_tests() -> None:
    wrong = [
        f"{name(path)} imports {module}"
        for path in modules("connectors/sandbox")
        for module, _ in imports(path)
        if first(module) in ROOMS and not module.startswith("connectors.sandbox")
    ]
    assert wrong == []


def test_tasks_do_without_prefect() -> None:
    wrong = [
        name(path)
        for path in modules("tasks", "connectors", "sql")
        if "prefect" in {first(module) for module, _ in imports(path)}
    ]
    assert wrong == []


def test_what_takes_seconds_is_imported_where_it_is_used() -> None:
    wrong = [
        name(path)
        for path in [*modules("tasks", "connectors", "sql"), *modules("flows/commands")]
        if {first(module) for module, is_at_once in imports(path) if is_at_once} & SLOW
    ]
    assert wrong == []


def test_only_the_settings_read_the_environment() -> None:
    def reads(path: Path) -> bool:
        nodes = list(ast.walk(ast.parse(path.read_text())))
        attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        return bool((attributes | names) & {"environ", "environb", "getenv"})

    assert [name(p) for p in modules(*ROOMS) if reads(p)] == ["tasks/settings.py"]


def test_tasks_are_told_the_time() -> None:
    clock = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today)\(")
    wrong = [name(p) for p in modules("tasks") if clock.search(p.read_text())]
    assert wrong == []


def test_no_file_takes_a_name_of_the_standard_library() -> None:
    def stem(path: Path) -> str:
        return path.parent.name if path.stem == "__init__" else path.stem

    taken = sys.stdlib_module_names | {"utils", "helpers", "common"}
    assert [name(path) for path in modules(*ROOMS) if stem(path) in taken] == []


@pytest.mark.parametrize("package", ROOMS)
def test_a_package_comes_from_here_wherever_python_starts(
    package: str, tmp_path: Path
) -> None:
    asked = f"import {package}; print({package}.__file__)"
    done = subprocess.run(
        [sys.executable, "-I", "-c", asked],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert Path(done.stdout.strip()).parent == ROOT / package, done.stderr


def test_every_verb_is_documented() -> None:
    files = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]
    told = "\n".join(path.read_text() for path in files)
    files_of_verbs = iter_modules(commands.__path__)
    verbs = [one.name.replace("_", "-") for one in files_of_verbs]
    assert verbs
    assert [verb for verb in verbs if f"regulars {verb}" not in told] == []


def test_every_setting_is_in_the_example_of_the_environment() -> None:
    told = (ROOT / "deployments/env.example").read_text()
    names = {f"REGULARS_{field.upper()}" for field in Settings.model_fields}
    names = names - {"REGULARS_DATABASE_URL"} | {"DATABASE_URL"}
    assert [n for n in sorted(names) if not re.search(rf"^#? ?{n}=", told, re.M)] == []


@pytest.mark.parametrize("thing", ["deployments", "automations"])
def test_every_deployment_and_automation_is_documented(thing: str) -> None:
    file = {"deployments": "prefect.yaml", "automations": "automations.yaml"}[thing]
    content = yaml.safe_load((ROOT / "deployments" / file).read_text())
    told = (ROOT / "deployments/README.md").read_text()
    names = [one["name"] for one in content[thing]]
    assert [one for one in names if f"`{one}`" not in told] == []


def test_every_room_has_a_readme() -> None:
    rooms = (*ROOMS, "deployments", "tests")
    assert [one for one in rooms if not (ROOT / one / "README.md").exists()] == []


def modules(*folders: str) -> list[Path]:
    return sorted(path for one in folders for path in (ROOT / one).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def first(module: str) -> str:
    return module.partition(".")[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Each imported name, and whether it is imported together with the file."""
    tree = ast.parse(path.read_text())
    at_once = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) in at_once
