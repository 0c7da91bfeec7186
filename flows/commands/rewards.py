"""`regulars rewards`: pools of codes, and what was given away."""

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tasks import database


@click.group()
def command() -> None:
    """Codes that come with messages: load them, see what is left and given."""


@command.command()
@click.argument("pool")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(pool: str, file: Path) -> None:
    """Add the codes of FILE, one a line, to POOL; known ones stay as they are."""
    from tasks.campaigns.money_file import plain_pool
    from tasks.planning import rewards

    try:
        name = plain_pool(pool)
    except ValueError as error:
        raise click.ClickException(f'"{pool}": {error}') from error
    lines = file.read_text(encoding="utf-8").splitlines()
    codes = [line.strip() for line in lines if line.strip()]
    if not codes:
        raise click.ClickException(f"{file} holds no codes: write one a line")
    database.migrate()
    with database.transaction() as connection:
        added = rewards.load(connection, name, codes)
    click.echo(f"{added:,} of {len(codes):,} codes are new in {name}")


@command.command("list")
def list_() -> None:
    """Each pool with its free codes; each campaign with what it has given."""
    from tasks.planning import rewards

    database.migrate()
    with database.transaction() as connection:
        pools, given = rewards.pools(connection), rewards.given(connection)
    left = Table("pool", "codes", "free", box=None)
    for row in pools:
        left.add_row(row["pool"], f"{row['codes']:,}", f"{row['free']:,}")
    away = Table("campaign", "step", "given", "worth", "void", box=None)
    for row in given:
        worth = f"{row['worth']:,} {row['currency']}"
        numbers = (f"{row['given']:,}", worth, f"{row['void']:,}")
        away.add_row(row["campaign"], row["step"], *numbers)
    console = Console()
    console.print(left if pools else "No pool has codes: `regulars rewards load`")
    console.print(away if given else "Nothing was given away so far")
