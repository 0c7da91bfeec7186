"""`regulars bench`: every figure, measured and written to var/bench.json."""

import json
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import click
from rich.console import Console
from rich.table import Table

from flows import bench
from flows.bench import Figure
from tasks import database
from tasks.settings import settings


def areas() -> list[str]:
    """The areas there are: the files of flows/bench."""
    return sorted(module.name for module in iter_modules(bench.__path__))


@click.command()
@click.option("--only", type=click.Choice(areas()), help="one area instead of all")
@click.option(
    "--customers",
    type=click.IntRange(min=10_000),
    help="measure `--only scale` on one invented shop of so many customers",
)
def command(only: str | None, customers: int | None) -> None:
    """Measure every figure beside something comparable, in a database of its own.

    Exits with 1 when a figure misses its goal.
    """
    if customers and only != "scale":
        raise click.UsageError("--customers goes with --only scale")
    size = {"customers": customers} if customers else {}
    console = Console()
    measured: list[Figure] = []
    for area in [only] if only else areas():
        console.print(f"measuring [bold]{area}[/] …")
        with database.scratch("regulars_bench") as address:
            for line in import_module(f"flows.bench.{area}").figures(address, **size):
                console.print(f"{line['name']}: {line['ratio']} ({line['goal']})")
                measured.append(line)
    target = settings().home / "bench.json"
    write(target, measured, keep_others=bool(only))
    console.print(table(measured))
    console.print(f"written to {target}")
    raise SystemExit(0 if all(line["holds"] for line in measured) else 1)


def write(target: Path, measured: list[Figure], keep_others: bool) -> None:
    """Write the figures; `keep_others` leaves areas not measured now as they were."""
    figures = list(measured)
    if keep_others and target.exists():
        fresh = {line["area"] for line in measured}
        known = json.loads(target.read_text())["figures"]
        figures += [line for line in known if line["area"] not in fresh]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"figures": figures}, indent=1, ensure_ascii=False))


def table(measured: list[Figure]) -> Table:
    """The figures as people read them."""
    shown = Table("area", "figure", "ours", "beside", "ratio", "goal", "holds")
    for line in measured:
        unit = line["unit"]
        shown.add_row(
            line["area"],
            line["name"],
            f"{line['ours']:,.3g} {unit}",
            f"{line['beside']:,.3g} {unit}: {line['what_beside']}",
            f"{line['ratio']:.2f}",
            line["goal"],
            "[green]yes[/]" if line["holds"] else "[red]NO[/]",
        )
    return shown
