"""The words of each run, in the version that was planned: approved is what is sent."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, Engine, RowMapping

from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.words import Words
from tasks.channels.base import Channel, Message
from tasks.database import rows, run
from tasks.delivery import unsubscribe
from tasks.settings import settings


@dataclass(frozen=True, slots=True)
class Basis:
    """What a customer must not have refused, for a message of a run to leave."""

    purpose: str
    """marketing or service."""
    profiling: bool
    """People were chosen by what is known of them."""


class Say(Protocol):
    """Whatever turns a row of the ledger into a message."""

    def basis(self, campaign_run_id: int) -> Basis:
        """What must not have been refused."""

    def message(self, row: Any, at: datetime) -> Message:
        """The message of one row, as its next attempt."""


class Wording:
    """Renders messages; keeps the compiled words of every run it has seen."""

    def __init__(self, engine: Engine, channel: Channel) -> None:
        self._engine = engine
        self._channel = channel
        self._known: dict[int, tuple[Words, Basis]] = {}
        self._language = settings().language
        self._secret = settings().secret.get_secret_value()

    def basis(self, campaign_run_id: int) -> Basis:
        """What must not have been refused."""
        return self._of(campaign_run_id)[1]

    def message(self, row: Any, at: datetime) -> Message:
        """The message of one row of `deliver/read`, as its next attempt.

        Raises:
            WordsError: a value is missing; names file and line.
        """
        words, basis = self._of(row.words_of)
        params = orjson.loads(row.params) if row.params else {}
        language = row.language or self._language
        is_marketing = basis.purpose == "marketing"
        token, link = None, None
        if is_marketing:
            token = unsubscribe.token(row.touch_id, self._secret)
            link = self._channel.settings.way_out(token)
        name = self._channel.name
        rendered = words.render(row.step, name, language, params, link)
        return Message(
            touch_id=row.touch_id,
            number=row.number + 1,
            key=row.key,
            address=row.address,
            campaign=row.campaign,
            step=row.step,
            language=language,
            is_marketing=is_marketing,
            subject=rendered.subject or "",
            text=rendered.text,
            html=rendered.html,
            params=params,
            sent_at=at,
            refusals=row.refusals,
            unsubscribe=token,
        )

    def _of(self, campaign_run_id: int) -> tuple[Words, Basis]:
        if campaign_run_id not in self._known:
            with self._engine.begin() as connection:
                found = rows(connection, "deliver/words_of", run=campaign_run_id)[0]
            basis = Basis(found["purpose"], found["profiling"])
            self._known[campaign_run_id] = (_words(found), basis)
        return self._known[campaign_run_id]


def keep(connection: Connection, campaign: Campaign) -> None:
    """Store the files of this version, for those who send it later."""
    run(
        connection,
        "plan/keep_version",
        campaign=campaign.name,
        version=campaign.version,
        files=json.dumps(dict(campaign.files), ensure_ascii=False),
    )


def _words(found: RowMapping) -> Words:
    """From the files that were kept when the run was planned."""
    folder = campaigns.root() / found["campaign"]
    return Words.load(campaigns.from_files(folder, found["files"]))
