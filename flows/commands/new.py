"""`regulars new`: begin a campaign, a segment or a tag from a working scaffold."""

from importlib.resources.abc import Traversable
from pathlib import Path

import click

import sql


@click.group()
def command() -> None:
    """Begin a file or folder that already passes `regulars check`."""


@command.command()
@click.argument("name")
def campaign(name: str) -> None:
    """Begin the campaign NAME: a folder with its audience, words and examples."""
    from tasks.campaigns import campaign as campaigns

    target = campaigns.root() / _plain(name)
    _refuse_if_there(target)
    target.mkdir(parents=True)
    for entry in sql.folder("scaffolds", "campaign").iterdir():
        _copy(entry, target / entry.name)
    click.echo(f"{target} is yours. It rests until `enabled: true`.")
    click.echo(f"Next: change it, `regulars check {name}`, `regulars preview {name}`")


@command.command()
@click.argument("name")
def segment(name: str) -> None:
    """Begin the segment NAME: one file."""
    _select("segment", "segments", name)


@command.command()
@click.argument("name")
def tag(name: str) -> None:
    """Begin the tag NAME: one file."""
    _select("tag", "tags", name)


def _select(kind: str, folder: str, name: str) -> None:
    target = Path(str(sql.folder(folder))) / f"{_plain(name)}.sql"
    _refuse_if_there(target)
    _copy(sql.folder("scaffolds", f"{kind}.sql"), target)
    click.echo(f"{target} is yours; the next refresh computes it.")
    click.echo(f"Next: change it, and `regulars check {name}`")


def _plain(name: str) -> str:
    from tasks.campaigns.campaign_file import plain_name

    try:
        return plain_name(name)
    except ValueError as error:
        raise click.ClickException(f'"{name}": {error}') from error


def _refuse_if_there(target: Path) -> None:
    if target.exists():
        raise click.ClickException(f"{target} is there already: choose another name")


def _copy(source: Traversable, target: Path) -> None:
    target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
