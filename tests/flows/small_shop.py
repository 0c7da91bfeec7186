"""A shop of forty people on doubles, and a house that is configured for it."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine

import sql
from connectors.sandbox.mail import MailDouble
from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET, SHOP, YouzanDouble
from connectors.sandbox.youzan_world import CHINA, Contact, World
from tasks import sources
from tasks.ingest import land, load, validate
from tasks.people import facts, identify

AS_OF = datetime(2011, 12, 10, 10, tzinfo=CHINA)
PEOPLE = [
    Contact(f"138000000{number:02}", f"person{number}@example.com", f"王{number}")
    for number in range(40)
]
WORLD = World(11, AS_OF, len(PEOPLE), PEOPLE)


@dataclass
class SmallShop:
    """The doubles, and `home` with sources.yaml and channels.yaml."""

    home: Path
    youzan: YouzanDouble
    mail: MailDouble

    @property
    def environment(self) -> dict[str, str]:
        """What a process of this house is told, besides its database."""
        return {
            "REGULARS_HOME": str(self.home),
            "REGULARS_ENV_FILE": str(self.home / "none.env"),
            "REGULARS_SOURCES_FILE": str(self.home / "sources.yaml"),
            "REGULARS_CHANNELS_FILE": str(self.home / "channels.yaml"),
        }

    def write(self, *streams: str) -> None:
        """Write the files; `streams` are those of Youzan that are read."""
        shop = {
            "connector": "youzan",
            "base_url": self.youzan.url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "grant_id": SHOP,
            "since": "2011-10-01",
            "streams": list(streams),
        }
        feed = {
            "path": str(self.home / "people.csv"),
            "mapping": "contacts",
            "settle_seconds": 0,
        }
        club = {"connector": "files", "feeds": [feed]}
        _dump(self.home / "sources.yaml", {"youzan_main": shop, "club": club})
        self.configure_mail()
        _people(self.home / "people.csv")

    def configure_mail(self, **more: str) -> None:
        """Write channels.yaml: one account, at the double."""
        account = {
            "host": "127.0.0.1",
            "port": self.mail.port,
            "security": "none",
            "sender": "The Shop <hello@shop.example>",
            "unsubscribe_url": "https://shop.example/u/{token}",
        }
        _dump(self.home / "channels.yaml", {"mail": {"shop": account | more}})

    def copy_campaigns(self, **keys: Any) -> Path:
        """A folder with post_purchase alone, `keys` of its campaign.yaml changed."""
        folder = self.home / "campaigns" / "post_purchase"
        shutil.copytree(str(sql.folder("campaigns") / "post_purchase"), folder)
        shared = str(sql.folder("campaigns") / "_frame.html")
        shutil.copy(shared, folder.parent / "_frame.html")
        file = folder / "campaign.yaml"
        _dump(file, yaml.safe_load(file.read_text()) | keys)
        return folder.parent


def prepare(engine: Engine, shop: SmallShop) -> None:
    """Everything that comes before a campaign, without the flows around it."""
    for source in sources.load(shop.home / "sources.yaml"):
        for stream in source.streams:
            batch_id = land.land(engine, stream, AS_OF)
            validate.validate(engine, batch_id)
            load.load(engine, batch_id)
    identify.identify(engine, AS_OF)
    facts.refresh(engine, AS_OF)


@contextmanager
def small_shop(home: Path, *streams: str) -> Iterator[SmallShop]:
    """A shop that nobody has read yet."""
    with YouzanDouble(WORLD) as youzan, MailDouble() as mail:
        shop = SmallShop(home, youzan, mail)
        shop.write(*(streams or ("customers", "orders", "refunds", "reviews")))
        yield shop


def _dump(file: Path, content: object) -> None:
    file.write_text(yaml.safe_dump(content))


def _people(file: Path) -> None:
    """The shop's club: the same people, with the addresses that Youzan has not."""
    columns = "customer_id,name,email,phone,language,gender,birthday,city,country"
    more = "email_consent,sms_consent,member_since,points,level,tags,updated_at"
    rest = ["yes", "no", "2010-01-01", 1, "basic", "", "2011-01-01"]
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(f"{columns},{more}".split(","))
        for number, one in enumerate(PEOPLE):
            who = [number, one.name, one.email, one.phone]
            writer.writerow([*who, "zh", "f", "", "杭州", "China", *rest])
