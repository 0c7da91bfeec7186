"""The shop and the launch that the figures of campaigns are measured with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine

from flows.bench.ledger import shop
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.database import run

YAML = """\
owner: us
description: A launch to everybody, to be measured.
purpose: marketing
channels: [mail]
steps: {hello: {after: 0 days}}
frequency: rare
goal: {event: order, within: 30 days}
"""
AUDIENCE = """\
-- Who has bought here, and has nothing to complain of?
select
    facts.customer_id,
    'spring' as occasion,
    facts.orders_count > 0 as has_bought,
    facts.spent >= 0 as has_paid,
    facts.refunds_count = 0 as has_kept_it,
    facts.has_email as has_an_address,
    facts.open_refunds < 9 as has_no_open_refund,
    facts.name,
    facts.favourite_product as product
from customer_facts as facts
"""
WORDS = "Subject: 谢谢您，{{ name }}\n您喜欢的{{ product }}又来了。\n"


def people(engine: Engine, number: int) -> None:
    """So many people as a shop has them, with their facts."""
    shop.people(engine, number)
    with engine.begin() as connection:
        run(connection, "bench/ordinary_life")
        run(connection, "bench/facts_of_people")
        run(connection, "bench/heard_lately")
        # As identify leaves it: what everybody said is known.
        run(connection, "identify/describe")
    shop.tidy(engine)


@contextmanager
def campaign(name: str, more: str = "") -> Iterator[Campaign]:
    """The launch under a name of its own, in a folder that goes away."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / name
        place.mkdir()
        files = {
            "campaign.yaml": YAML + more,
            "audience.sql": AUDIENCE,
            "hello.mail.txt": WORDS,
        }
        for file, text in files.items():
            (place / file).write_text(text, encoding="utf-8")
        yield campaigns.load(place)


def accounts() -> dict[str, dict[str, Any]]:
    """One mail account without limits."""
    return {"mail": {"shop": shop.account()}}
