"""A season of a small shop, day by day: people with stories, all campaigns at work."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Connection, Engine, text

import sql
from connectors.sandbox.mail import MailDouble
from connectors.sandbox.sms import SmsDouble
from tasks.accounts import Accounts
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.channels.mail import Mail, MailAccount
from tasks.channels.sms import Sms, SmsAccount
from tasks.channels.worklist import Worklist, WorklistAccount
from tasks.delivery.deliver import deliver
from tasks.people import facts, segments, tags
from tasks.planning.plan import plan

SHANGHAI = ZoneInfo("Asia/Shanghai")
FIRST_NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)
SHIPPED = Path(str(sql.folder("campaigns")))
STANDARDS = facts.Standards("CNY", "zh", "Asia/Shanghai")


def noon(day: float) -> datetime:
    """Twelve o'clock of a day of the season; the first is 0."""
    return FIRST_NOON + timedelta(days=day)


class Season:
    """One shop; `pass_day` refreshes, plans every campaign, and sends."""

    def __init__(
        self, engine: Engine, home: Path, double: MailDouble, phones: SmsDouble
    ) -> None:
        self.engine = engine
        self.double = double
        self.phones = phones
        self.root = home / "campaigns"
        self.people: dict[str, int] = {}
        mail = MailAccount(
            host="127.0.0.1",
            port=double.port,
            security="none",
            sender="Shop <shop@shop.example>",
            unsubscribe_mail="stop@shop.example",
        )
        team = WorklistAccount(folder=home / "tasks", language="en")
        sms = _sms(phones)
        self.accounts: Accounts = {
            **{"mail": {"shop": mail}, "worklist": {"team": team}},
            **{"sms": {"shop": sms}},
        }
        self.channels = [Mail("shop", mail), Worklist("team", team), Sms("shop", sms)]
        self.campaigns: list[Campaign] = []

    def open_all(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Take every campaign that is shipped, enabled, with these keys changed."""
        self.root.mkdir()
        for file in [*SHIPPED.glob("_*.html"), SHIPPED / "policies.yaml"]:
            (self.root / file.name).write_text(file.read_text())
        for folder in campaigns.folders(SHIPPED):
            target = self.root / folder.name
            target.mkdir()
            for file in folder.iterdir():
                (target / file.name).write_text(file.read_text())
            path = target / "campaign.yaml"
            keys = yaml.safe_load(path.read_text())
            keys |= {"enabled": True, "approve_over": None}
            if keys["purpose"] == "marketing":
                keys["holdout_percent"] = 0
            for key, value in changes.get(folder.name, {}).items():
                is_part = isinstance(value, dict)
                keys[key] = keys[key] | value if is_part else value
            path.write_text(yaml.safe_dump(keys))
        self.campaigns = campaigns.all_campaigns(self.root)

    def pass_day(self, day: int) -> None:
        """Noon of a day: who they are now, then every plan, then all that may go."""
        now = noon(day)
        facts.refresh(self.engine, now, standards=STANDARDS)
        tags.refresh(self.engine, now)
        segments.refresh(self.engine, now)
        for one in self.campaigns:
            if one.runs_on(now.date()):
                plan(self.engine, one, now, known_accounts=self.accounts)
        for channel in self.channels:
            given = {"limits": channel.settings}
            deliver(self.engine, channel, channel.account, now, **given)

    def got(self, name: str) -> list[tuple[int, str, str]]:
        """(day, campaign/step, channel) of everything that reached somebody."""
        found = self.rows(
            "select runs.as_of, touch.campaign || '/' || touch.step as what,"
            " touch.channel from touch inner join campaign_runs as runs on"
            " coalesce(touch.replanned_in, touch.campaign_run_id)"
            " = runs.campaign_run_id inner join touch_state on touch.touch_id"
            " = touch_state.touch_id where touch.customer_id = :id and"
            " touch_state.state in ('accepted', 'delivered') order by 1, 2",
            id=self.people[name],
        )
        return [((at - FIRST_NOON).days, what, channel) for at, what, channel in found]

    def reached(self) -> dict[str, set[str]]:
        """campaign/step: the names of all whom it reached."""
        names = {number: name for name, number in self.people.items()}
        found: dict[str, set[str]] = {}
        for what, customer in self.rows(
            "select campaign || '/' || step, customer_id from touch_state"
            " where state in ('accepted', 'delivered')"
        ):
            found.setdefault(what, set()).add(names[customer])
        return found

    def why_not(self, name: str, step: str) -> list[str]:
        """The reasons for which a step did not go to somebody."""
        campaign, _, only = step.partition("/")
        found = self.rows(
            "select distinct reason from touch_state where customer_id = :id"
            " and campaign = :campaign and step = :step and state = 'skipped'",
            **{"id": self.people[name], "campaign": campaign, "step": only},
        )
        return [reason for (reason,) in found]

    def rows(self, statement: str, **binds: Any) -> Sequence[Any]:
        """What a query finds."""
        with self.engine.begin() as connection:
            return connection.execute(text(statement), binds).all()

    def person(
        self,
        name: str,
        *kinds: str,
        birthday: str | None = None,
        language: str = "zh",
    ) -> int:
        """Somebody who agreed to mail and SMS; `kinds`: of their identifiers."""
        with self.engine.begin() as connection:
            found = connection.execute(
                text(
                    "insert into customers (name, language, birthday)"
                    " values (:name, :language, :birthday) returning customer_id"
                ),
                {"name": name, "language": language, "birthday": birthday},
            ).scalar_one()
            self.people[name] = found
            for kind in kinds or ("buyer", "email"):
                self._identifier(connection, found, name.lower(), kind)
        return int(found)

    def _identifier(
        self, connection: Connection, customer: int, name: str, kind: str
    ) -> None:
        own = {
            "email": f"{name}@mail.example",
            "phone": f"86138{customer:08d}",
        }
        value = own.get(kind, f"{kind}-{name}")
        scope = "shop" if kind == "buyer" else ""
        connection.execute(
            text(
                "with one as (insert into identifiers (kind, scope, value, customer_id)"
                " values (:kind, :scope, :value, :customer) returning identifier_id)"
                " insert into consents (identifier_id, channel, purpose, is_granted,"
                " source, evidence, decided_at) select identifier_id, agreed,"
                " 'marketing', true, 'shop', 'sign-up', :at from one"
                " cross join (values ('email'), ('sms')) as a (agreed)"
            ),
            {
                **{"kind": kind, "scope": scope, "value": value},
                **{"customer": customer, "at": noon(-400)},
            },
        )

    def order(
        self,
        name: str,
        day: float,
        arrived: float | None = None,
        source: str = "shop",
        title: str = "Walnut tray",
    ) -> int:
        """An order of a day; finished on another day, else only paid."""
        with self.engine.begin() as connection:
            found = connection.execute(
                text(
                    "insert into orders (source, order_number, status, ordered_at,"
                    " paid_at, finished_at, updated_at, currency, amount, customer_id)"
                    " values (:source, gen_random_uuid(), :status, :at, :at, :arrived,"
                    " coalesce(:arrived, :at), 'CNY', 90, :customer)"
                    " returning order_id"
                ),
                {
                    "source": source,
                    "status": "paid" if arrived is None else "finished",
                    "at": noon(day),
                    "arrived": None if arrived is None else noon(arrived),
                    "customer": self.people[name],
                },
            ).scalar_one()
            connection.execute(
                text(
                    "insert into order_lines (order_id, line_key, product_title,"
                    " quantity, unit_price, amount) values (:id, 1, :title, 1, 90, 90)"
                ),
                {"id": found, "title": title},
            )
        return int(found)

    def add(self, table: str, **row: Any) -> None:
        """A row of any table."""
        columns = ", ".join(row)
        binds = ", ".join(f":{name}" for name in row)
        with self.engine.begin() as connection:
            connection.execute(
                text(f"insert into {table} ({columns}) values ({binds})"), row
            )


def _sms(phones: SmsDouble) -> SmsAccount:
    """An account at the double, with a template for every step there is."""
    shipped = [campaigns.load(folder) for folder in campaigns.folders(SHIPPED)]
    steps = [f"{one.name}/{step.name}" for one in shipped for step in one.steps]
    return SmsAccount.model_validate(
        {
            **{"access_key": "testId", "secret": "testSecret", "url": phones.url},
            **{"sign_name": "木叶茶铺", "price": "0.05"},
            "templates": {step: {"code": "SMS_1"} for step in steps},
        }
    )
