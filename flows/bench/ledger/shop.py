"""A shop for the ledger's figures: so many people, all to be written to."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.channels.base import Message
from tasks.channels.mail import MailAccount
from tasks.database import run
from tasks.planning.wording import Basis

NOON = datetime(2027, 3, 1, 4, tzinfo=UTC)
WORDS = """Subject: 谢谢您，{{ name }}：您的订单已经送达
{{ name }}，您好：

您的订单已经送达。感谢您选择我们的茶。如果有任何不满意，请直接回复这封邮件。

木叶茶铺
"""
HTML = """<!doctype html><html lang="zh"><body style="margin:0;padding:24px">
<h1 style="font-size:22px">谢谢您，{{ name }}</h1>
<p>您的订单已经送达。感谢您选择我们的茶。</p>
{% if name %}<p>如果有任何不满意，请直接回复这封邮件，{{ name }}。</p>{% endif %}
<table>{% for line in ["一", "二", "三"] %}<tr><td>{{ line }}</td></tr>{% endfor %}
</table></body></html>
"""


def people(engine: Engine, number: int) -> None:
    """Nobody but so many invented customers with an address and consent."""
    clear(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("truncate customers cascade")
        run(connection, "bench/people", people=number)
    tidy(engine)


def clear(engine: Engine) -> None:
    """Forget every message: who had one lately would get none in the next round."""
    with engine.begin() as connection:
        run(connection, "bench/clear_ledger")


def tidy(engine: Engine) -> None:
    """What autovacuum and the checkpointer do sooner or later, now."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as outside:
        outside.exec_driver_sql("vacuum analyze")
        # Not every owner of a database may ask for one.
        with suppress(ProgrammingError):
            outside.exec_driver_sql("checkpoint")


def account(port: int = 25) -> MailAccount:
    """A mail account at a server on this machine."""
    return MailAccount(
        host="127.0.0.1",
        port=port,
        security="none",
        sender="木叶茶铺 <shop@shop.example>",
        unsubscribe_url="https://u.shop.example/{token}",
        timeout=30,
    )


def campaign(root: Path, name: str) -> Campaign:
    """A marketing campaign with one mail for everybody."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "campaign.yaml").write_text(
        "owner: us\ndescription: To be measured.\npurpose: marketing\n"
        "holdout_percent: 0\nquiet_hours: none\n"
        "channels: [mail]\nsteps: {hello: {after: 0 days}}\n"
    )
    (folder / "audience.sql").write_text(
        "-- Everybody there is.\nselect customers.customer_id, 'bench' as occasion,"
        " true as is_there, customers.name from customers\n"
    )
    (folder / "hello.mail.txt").write_text(WORDS)
    (folder / "hello.mail.html").write_text(HTML)
    return campaigns.load(folder)


def candidates(connection: Connection, campaign: Campaign, as_of: datetime) -> Any:
    """Everybody as a candidate, without the work of an audience."""
    run(connection, "bench/candidates")
    return []


class Silent:
    """Says nothing: what is measured is the ledger, not the words."""

    def basis(self, campaign_run_id: int) -> Basis:
        """Marketing, so that consent is looked at."""
        return Basis("marketing", profiling=True)

    def message(self, row: Any, at: datetime) -> Message:
        """A message without words."""
        return Message(row.touch_id, row.number + 1, row.key, row.address)
