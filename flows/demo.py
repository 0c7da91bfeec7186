"""The whole corridor in the sandbox, told step by step in the terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from flows import sandbox
from tasks import database
from tasks.settings import adopt, settings

CAMPAIGN = "post_purchase"
# One pound was worth about this many yuan in December 2011.
POUND = Decimal("9.93")


class NotEmpty(RuntimeError):
    """The database holds a real shop."""


class Told:
    """Prints one line per finished step: what it was, how it ended, how long."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Show a spinner until the block ends; call the yielded function to say how."""
        said: list[str] = []
        started = time.perf_counter()
        with self.console.status(f"{name} …"):
            yield said.append
        seconds = time.perf_counter() - started
        outcome = said[-1] if said else ""
        line = f"[green]✓[/] [bold]{name:<24}[/] {outcome} [dim]{seconds:.1f} s[/]"
        self.console.print(line, highlight=False)


def run(console: Console) -> None:
    """Set up, run the main job, show what came of it; safe to run again.

    Raises:
        sandbox.Configured, NotEmpty: this place belongs to a real shop.
    """
    told = Told(console)
    place = sandbox.enter()
    with told.step("Postgres") as say:
        address = database.url()
        database.migrate(address)
        _refuse_a_real_shop(address)
        say("your own" if settings().database_url else "embedded, below var/")
    with told.step("Shop and mail doubles") as say:
        place.wait()
        say("on loopback")
    with told.step("Prefect server") as say:
        prefect, is_ours = _prefect()
        say(prefect.ui)
    try:
        _corridor(told)
    finally:
        # What `make up` had started before stays up.
        if is_ours:
            prefect.stop()
            place.stop()
    _show(console, place)


def _prefect() -> tuple[Any, bool]:
    from flows.prefect_server import installed

    prefect = installed(settings())
    is_ours = prefect.start_server()
    quiet = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}
    adopt(prefect.environment() | quiet)
    return prefect, is_ours


def _corridor(told: Told) -> None:
    from flows.campaign import campaign
    from flows.deliver import deliver
    from flows.ingest import ingest
    from flows.refresh import refresh
    from tasks import sources
    from tasks.people import facts

    for source in sources.load():
        _flow(told, f"ingest {source.name}", ingest, source=source.name)
    facts.set_rate(database.engine(), "GBP", POUND, sandbox.AS_OF)
    _flow(told, "refresh", refresh)
    _flow(told, f"campaign {CAMPAIGN}", campaign, name=CAMPAIGN)
    _flow(told, "deliver mail", deliver, channel="mail")


def _flow(
    told: Told, title: str, flow: Callable[..., Any], /, **parameters: Any
) -> None:
    with told.step(title) as say:
        state = flow(**parameters, return_state=True)
        if not state.is_completed():
            state.result()  # Raises what failed.
        say(state.message)


def _refuse_a_real_shop(address: str) -> None:
    ours = ["gift_shop", "youzan"]
    with database.transaction(address) as connection:
        foreign = database.rows(connection, "demo/foreign", known=ours)
    if foreign:
        names = ", ".join(row["source"] for row in foreign)
        raise NotEmpty(
            f"this database already holds the sources {names}: the demo's invented "
            "people must not mix with them; give it an empty database in DATABASE_URL"
        )


def _show(console: Console, place: sandbox.Sandbox) -> None:
    with database.transaction() as connection:
        people = database.rows(connection, "demo/people")[0]
        segments = database.rows(connection, "demo/segments")
        reached = database.rows(connection, "demo/reached")
    sizes = Table("segment", "customers", box=None, pad_edge=False)
    for row in segments:
        sizes.add_row(row["segment"], f"{row['customers']:,}")
    known = (
        f"[bold]{people['customers']:,}[/] buyers are known, "
        f"[bold]{people['in_both']:,}[/] of them in both shops.\n"
    )
    console.print()
    console.print(Panel(Group(known, sizes), title="Who they are", expand=False))
    console.print(Panel(_letter(place), title="The newest mail", expand=False))
    console.print(_next_steps(reached[0]["customer_id"] if reached else None))
    console.print("\nregulars is .venv/bin/regulars; make demo-down stops Postgres")


def _letter(place: sandbox.Sandbox) -> str:
    newest = place.newest_mail()
    if newest is None:
        return "nobody was due a message"
    body = newest.get_body(("plain",))
    text = body.get_content().strip() if body else ""
    head = [f"{name}: {newest[name]}" for name in ("From", "To", "Subject")]
    return "\n".join([*head, "", escape(text)])


def _next_steps(customer_id: int | None) -> Table:
    shown = Table(
        "to see", "type", box=None, pad_edge=False, title="Where to look next"
    )
    shown.add_row("everything in a browser", "make up")
    shown.add_row("what was refused, and why", "regulars quarantine list")
    if customer_id is not None:
        question = f"regulars explain {customer_id} {CAMPAIGN}"
        shown.add_row("why somebody got a mail", question)
    shown.add_row("who would get the next one", f"regulars preview {CAMPAIGN}")
    shown.add_row("that nobody got it twice", "regulars ledger check")
    shown.add_row("the campaign itself", f"sql/campaigns/{CAMPAIGN}/")
    return shown
