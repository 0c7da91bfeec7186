"""Campaigns at scale: planning a launch, previewing it, running the examples."""

from flows.bench import Figure
from flows.bench.campaigns import examples, planning, previewing


def figures(engine_url: str) -> list[Figure]:
    """Every figure of the campaigns, on one shop of a million people."""
    return [
        *planning.figures(engine_url),
        *previewing.figures(engine_url),
        *examples.figures(engine_url),
    ]
