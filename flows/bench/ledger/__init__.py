"""The ledger beside what it could be: a row-updating queue, no ledger at all."""

from flows.bench import Figure
from flows.bench.ledger import claiming, crowd, mailing


def figures(engine_url: str) -> list[Figure]:
    """Every figure of the ledger, each measured beside its rival in one run."""
    return [
        *claiming.figures(engine_url),
        *crowd.figures(engine_url),
        *mailing.figures(engine_url),
    ]
