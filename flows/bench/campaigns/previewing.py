"""The preview of a launch to a million people: waterfall, plan, and ten messages."""

import time

from flows.bench import Figure, figure
from flows.bench.campaigns import launch
from flows.bench.ledger import shop
from tasks import database
from tasks.campaigns import preview, samples

LIMIT = 5
ROUNDS = 2


def figures(engine_url: str) -> list[Figure]:
    """Seconds until everything is there that a preview shows."""
    engine = database.engine(engine_url)
    spent = []
    with launch.campaign("launch") as campaign:
        for _ in range(ROUNDS):
            with engine.connect() as connection:
                began = time.monotonic()
                shown = preview.preview(
                    connection, campaign, shop.NOON, launch.accounts()
                )
                spent.append(time.monotonic() - began)
                connection.rollback()
    if len(shown.samples) != samples.SAMPLES or not shown.rehearsal:
        raise RuntimeError("the preview is not whole")
    name = f"preview of {shown.waterfall.candidates:,} candidates"
    return [figure("campaigns", name, min(spent), LIMIT, "the limit", "s", 1)]
