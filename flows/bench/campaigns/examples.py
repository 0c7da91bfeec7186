"""The examples of all shipped campaigns, run as `regulars check` runs them."""

import time

from flows.bench import Figure, figure
from tasks import database
from tasks.campaigns import campaign as campaigns
from tasks.campaigns import examples
from tasks.campaigns.words import Words

LIMIT = 10


def figures(engine_url: str) -> list[Figure]:
    """Seconds for all of them together, on one core."""
    engine = database.engine(engine_url)
    passed = 0
    with engine.connect() as connection:
        began = time.monotonic()
        for campaign in campaigns.all_campaigns():
            outcome = examples.run(connection, campaign, Words.load(campaign))
            if outcome.problems or outcome.differences:
                raise RuntimeError(f"the examples of {campaign.name} do not hold")
            passed += outcome.passed
        took = time.monotonic() - began
        connection.rollback()
    name = f"{passed} examples of all campaigns"
    return [figure("campaigns", name, took, LIMIT, "the limit", "s", 1)]
