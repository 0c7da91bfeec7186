"""Kills senders at random and counts what the provider's double received.

`regulars chaos` is the proof of the ledger's promise: everything is read from the
double's own log and compared with the ledger, never with what a sender believes.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine

from flows.chaos.moment import NOON
from flows.chaos.stage import STAGES, Stage
from flows.chaos.trouble import Trouble
from tasks import database
from tasks.database import rows, run
from tasks.delivery import ledger
from tasks.planning import plan as planning
from tasks.postgres import Server

SENDERS = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the double's log and the ledger say of one channel."""

    channel: str
    kills: int
    planned: int
    received_once: int
    received_twice: int
    lost: int
    in_doubt: int
    doubt_allowed: int
    violations: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Nobody twice, nobody lost, and no more in doubt than was cut off."""
        is_exact = self.received_twice == self.lost == 0 and not self.violations
        return is_exact and self.in_doubt <= self.doubt_allowed

    def __str__(self) -> str:
        return (
            f"{self.channel}: {self.kills} kills, {self.planned:,} planned, "
            f"{self.received_once:,} received once, {self.received_twice} twice, "
            f"{self.lost} lost, {self.in_doubt} in doubt (at most {self.doubt_allowed})"
        )


def chaos(
    home: Path,
    kills: int,
    messages: int,
    channels: Iterable[str],
    report: Callable[[str], None] = lambda _: None,
    prepare: str | None = None,
    break_ledger: str | None = None,
    server: Server | None = None,
) -> list[Verdict]:
    """One verdict per channel, each on a fresh database of `server` (or of an own).

    `prepare` names a function (`module:name`) that every sender calls at its start,
    and `break_ledger` is SQL run after planning: both are for tests that break it.
    """
    own = server or Server(home / "postgres")
    own.start()
    try:
        verdicts = []
        for name in channels:
            url = _fresh(own, f"chaos_{name}")
            stage = STAGES[name](home / name, url, messages)
            with stage:
                verdict = _prove(stage, own, kills, prepare, break_ledger, report)
            verdicts.append(verdict)
            report(str(verdict))
        return verdicts
    finally:
        if server is None:
            own.stop()


def write(verdicts: list[Verdict], path: Path) -> None:
    """Keep the verdicts as `{"channels": [...]}`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"channels": [asdict(verdict) for verdict in verdicts]}
    path.write_text(json.dumps(found, indent=1) + "\n")


def _prove(
    stage: Stage,
    server: Server,
    kills: int,
    prepare: str | None,
    break_ledger: str | None,
    report: Callable[[str], None],
) -> Verdict:
    engine = database.engine(stage.url)
    _plan(engine, stage)
    if break_ledger:
        with engine.begin() as connection:
            connection.exec_driver_sql(break_ledger)
    trouble = Trouble(stage, server, kills, SENDERS, prepare, report)
    trouble.run()
    with engine.begin() as connection:
        violations = [str(one) for one in ledger.check(connection)]
    verdict = judge(engine, stage, trouble, tuple(violations))
    engine.dispose()
    return verdict


def judge(
    engine: Engine,
    stage: Stage,
    trouble: Trouble,
    violations: tuple[str, ...],
) -> Verdict:
    """Compare the log of the double with the ledger, key by key."""
    received = Counter(stage.received())
    with engine.begin() as connection:
        fates = {row["key"]: row["state"] for row in rows(connection, "chaos/fates")}
    # Said to be sent and never seen, or neither seen nor named in doubt: lost.
    lost = [
        key for key, state in fates.items() if not received[key] and state != "in_doubt"
    ]
    unknown = [key for key in received if key not in fates]
    if unknown:
        violations += (f"{len(unknown)} keys were received that were never planned",)
    return Verdict(
        channel=stage.name,
        kills=trouble.kills,
        planned=len(fates),
        received_once=sum(1 for key in fates if received[key] == 1),
        received_twice=sum(1 for key in fates if received[key] > 1),
        lost=len(lost),
        in_doubt=list(fates.values()).count("in_doubt"),
        doubt_allowed=stage.doubt_allowed(trouble),
        violations=violations,
    )


def _plan(engine: Engine, stage: Stage) -> None:
    with engine.begin() as connection:
        run(connection, "chaos/people", people=stage.messages, **stage.people)
    accounts = {stage.name: {stage.account: stage.settings}}
    # Small orders, so that every sender always has one in its hands.
    size = max(5, min(100, stage.messages // 16))
    planning.plan(
        engine, stage.campaign, NOON, known_accounts=accounts, order_size=size
    )


def _fresh(server: Server, name: str) -> str:
    """An empty, migrated database of this name on the server."""
    _, _, rest = server.url("postgres").partition("://")
    address = f"postgresql+psycopg2://{rest}"
    outside = create_engine(address, isolation_level="AUTOCOMMIT")
    with outside.connect() as connection:
        connection.exec_driver_sql(f'drop database if exists "{name}" with (force)')
        connection.exec_driver_sql(f'create database "{name}"')
    outside.dispose()
    database.engine.cache_clear()
    database.migrate(server.url(name))
    return server.url(name)
