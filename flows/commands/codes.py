"""`regulars codes`: make codes and links, and see who came by them."""

import csv
import sys
from datetime import timedelta
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.table import Table

from flows import clock
from tasks import database


@click.group()
def command() -> None:
    """Make codes and links per channel, campaign, parcel or friend."""


@command.command()
@click.argument("code", required=False)
@click.option("--channel", required=True, help="where it hangs: store, parcel …")
@click.option("--campaign", help="what it is part of")
@click.option("--source", help="the account at which people scan it")
@click.option("--order", "orders", multiple=True, help="SOURCE/NUMBER; may be repeated")
@click.option(
    "--orders-from",
    type=click.File(encoding="utf-8-sig"),
    help="a file with one SOURCE/NUMBER a line",
)
@click.option("--referrer", help="a customer who passes it on")
@click.option("--link", help="a page of yours, instead of a code of a platform")
@click.option("--days", type=click.IntRange(min=1), help="how long it lasts")
@click.option("--note", default="", help="for people")
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="another file than the sources_file of the settings",
)
def create(
    code: str | None,
    channel: str,
    campaign: str | None,
    source: str | None,
    orders: tuple[str, ...],
    orders_from: TextIO | None,
    referrer: str | None,
    link: str | None,
    days: int | None,
    note: str,
    file: Path | None,
) -> None:
    """Make CODE, or one for each order or for a referrer, and print it as CSV.

    Asking again for the same gives the same.
    """
    from tasks import sources
    from tasks.people import codes

    try:
        maker = sources.find(source, file).code_maker() if source else None
        parcels = [_order(one) for one in [*orders, *_lines(orders_from)]]
    except LookupError as error:
        raise click.ClickException(str(error)) from None
    lasts = timedelta(days=days) if days else None
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["code", "order", "url", "image_url"])
    wanted: list[tuple[str, str] | None] = [*parcels] or [None]
    for order in wanted:
        asked = codes.Asked(
            channel, source, code, campaign, order, referrer, note, link, lasts
        )
        made = codes.create(database.engine(), asked, maker, clock.now())
        number = made["order_number"] or ""
        out.writerow([made["code"], number, made["url"], made["image_url"] or ""])


@command.command("list")
@click.option("--channel", help="only these")
@click.option("--most", default=100, show_default=True, help="how many, newest first")
def list_(channel: str | None, most: int) -> None:
    """Every code: how often it was scanned, and how many customers came by it."""
    from tasks.people import codes

    shown = Table("code", "at", "channel", "campaign", "for", "scans", "came by it")
    with database.transaction() as connection:
        for row in codes.listed(connection, channel, most):
            whose = row["order_number"] or ""
            if row["referrer_id"]:
                whose = f"friends of {row['referrer_id']}"
            where = row["source"] or "any"
            told = (row["code"], where, row["channel"], row["campaign"] or "", whose)
            shown.add_row(*told, f"{row['scans']:,}", f"{row['came_by_it']:,}")
    Console().print(shown)


def _order(written: str) -> tuple[str, str]:
    source, slash, number = written.partition("/")
    if not slash or not number:
        raise click.UsageError(
            f"'{written}' names no order: write SOURCE/NUMBER, as youzan_main/E2026"
        )
    return source, number


def _lines(opened: TextIO | None) -> list[str]:
    return [line.strip() for line in opened or () if line.strip()]
