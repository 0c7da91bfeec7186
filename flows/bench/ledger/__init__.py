"""The ledger beside what it could be: a bare table, a row-updating queue, no ledger."""

from flows.bench import Figure
from flows.bench.ledger import claiming, mailing, planning


def figures(engine_url: str) -> list[Figure]:
    """Every figure of the ledger, each measured beside its rival in one run."""
    return [
        *planning.figures(engine_url),
        *claiming.figures(engine_url),
        *mailing.figures(engine_url),
    ]
