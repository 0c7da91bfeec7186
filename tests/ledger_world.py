"""A small shop for tests of the ledger: people, a campaign, its words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from connectors.sandbox.mail import MailDouble
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.channels.mail import Mail, MailAccount

NOON = datetime(2027, 3, 1, 4, tzinfo=UTC)
"""Twelve o'clock in Shanghai, a decent hour."""

YAML = """\
owner: growth
description: Thanks.
purpose: {purpose}
channels: [{channels}]
steps:
{steps}
holdout_percent: {holdout}
quiet_hours: {quiet}
latest_delay: {latest}
{more}
"""
AUDIENCE = """\
-- Who is to be thanked?
select
    customers.customer_id,
    'order ' || customers.customer_id as occasion,
    customers.created_at as anchor_at,
    customers.gender is null as is_in,
    customers.name
from customers
where customers.merged_into is null
"""
WORDS = "Subject: 谢谢 {{ name }}\nDear {{ name }}, thank you.\n"
HTML = "<p>Dear <b>{{ name }}</b>, thank you.</p>\n"


def campaign(root: Path, **changes: Any) -> Campaign:
    """A campaign in `root`/thanks, loaded."""
    given = {
        "purpose": "marketing",
        "channels": "mail",
        "steps": {"hello": "0 days"},
        "holdout": 0,
        "quiet": "none",
        "latest": "3 days",
        "more": "",
        "name": "thanks",
        "audience": AUDIENCE,
    } | changes
    folder = root / given["name"]
    folder.mkdir(parents=True, exist_ok=True)
    steps = "\n".join(f"  {n}: {{after: {a}}}" for n, a in given["steps"].items())
    (folder / "campaign.yaml").write_text(YAML.format(**given | {"steps": steps}))
    (folder / "audience.sql").write_text(given["audience"])
    for step in given["steps"]:
        for channel in given["channels"].split(", "):
            (folder / f"{step}.{channel}.txt").write_text(WORDS)
        if "mail" in given["channels"]:
            (folder / f"{step}.mail.html").write_text(HTML)
    return campaigns.load(folder)


def people(
    connection: Connection,
    number: int,
    *,
    created_at: datetime = NOON,
    timezone: str | None = None,
    consent: str | None = "email",
    kinds: Mapping[str, str] | None = None,
) -> list[int]:
    """So many customers, each with the identifiers `kinds` (kind -> value pattern)."""
    found = connection.execute(
        text(
            "insert into customers (name, created_at, timezone) select '顾客' || n,"
            " :at, :zone from generate_series(1, :number) as n returning customer_id"
        ),
        {"at": created_at, "zone": timezone, "number": number},
    )
    ids = list(found.scalars())
    for kind, pattern in (kinds or {"email": "c{}@example.org"}).items():
        scope = "app1" if kind == "openid" else ""
        connection.execute(
            text(
                "insert into identifiers (kind, scope, value, customer_id)"
                " select :kind, :scope, replace(replace(:pattern, '{}', id::text),"
                " '{8}', lpad(id::text, 8, '0')), id"
                " from unnest(cast(:ids as bigint[])) as id"
            ),
            {"kind": kind, "scope": scope, "pattern": pattern, "ids": ids},
        )
    if consent:
        for channel in consent.split(","):
            say(connection, ids, channel, True)
    return ids


def say(
    connection: Connection,
    customers: list[int],
    channel: str,
    is_granted: bool,
    at: datetime = NOON,
) -> None:
    """These customers grant or withdraw marketing on a channel."""
    connection.execute(
        text(
            "insert into consents (identifier_id, channel, purpose, is_granted, source,"
            " evidence, decided_at) select min(identifier_id), :channel, 'marketing',"
            " :granted, 'test', 'said so', :at from identifiers"
            " where customer_id = any(:ids) group by customer_id"
        ),
        {"channel": channel, "granted": is_granted, "at": at, "ids": customers},
    )


def mail_account(double: MailDouble, **changes: Any) -> MailAccount:
    """An account at the double."""
    given = {
        "host": "127.0.0.1",
        "port": double.port,
        "security": "none",
        "sender": "木叶茶铺 <shop@shop.example>",
        "unsubscribe_url": "https://u.shop.example/u/{token}",
        "timeout": 5,
        "rest": 0.05,
    }
    return MailAccount(**given | changes)


def mail(double: MailDouble, **changes: Any) -> Mail:
    """The mail channel, speaking to the double."""
    return Mail("shop", mail_account(double, **changes))


def states(engine: Engine) -> dict[str, int]:
    """How many touches are in each state."""
    with engine.begin() as connection:
        found = connection.execute(
            text("select state, count(*) from touch_state group by state")
        )
        return {state: number for state, number in found}
