"""Who enters and who leaves a campaign's audience since it was planned last."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from tasks import database
from tasks.campaigns import audience
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign


@dataclass(frozen=True, slots=True)
class Move:
    """So many enter, leave or stay; `rule` is what kept them out, or does now."""

    movement: str
    rule: str
    number: int
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The audience at `as_of` against the last plan's; `planned_at` None: never."""

    as_of: datetime
    planned_at: datetime | None
    files_changed: bool
    moves: tuple[Move, ...]

    def total(self, movement: str) -> int:
        """How many enter, leave or stay."""
        return sum(one.number for one in self.moves if one.movement == movement)


def difference(
    connection: Connection, campaign: Campaign, as_of: datetime
) -> Difference:
    """Compare two audiences over the rows of today; the caller undoes the transaction.

    Where the files changed, both are asked at `as_of`, so that only the change of the
    files shows. Where they did not, the last plan's own moment is compared with
    `as_of`: who entered and left by the passing of time.

    Raises:
        CampaignError: one of the two queries cannot run.
    """
    found = database.rows(connection, "audience/last_run", campaign=campaign.name)
    if found:
        last = found[0]
        before = campaigns.from_files(campaign.folder, last["files"])
        is_changed = last["version"] != campaign.version
        moment = as_of if is_changed else last["as_of"]
        audience.candidates(connection, before, moment)
        planned_at = last["as_of"]
    else:
        audience.candidates(connection, campaign, as_of)
        is_changed, planned_at = False, None
    _put_aside(connection, is_empty=not found)
    audience.candidates(connection, campaign, as_of)
    moves = tuple(
        Move(row["movement"], row["rule"], row["number"], tuple(row["examples"]))
        for row in database.rows(connection, "audience/difference")
    )
    return Difference(as_of, planned_at, is_changed, moves)


def _put_aside(connection: Connection, is_empty: bool) -> None:
    columns = "customer_id, occasion, in_audience, failed_rule"
    connection.execute(text("drop table if exists pg_temp.candidate_before"))
    connection.execute(
        text(
            "create temp table candidate_before on commit drop as"
            f" select {columns} from pg_temp.candidate"
            f"{' where false' if is_empty else ''}"
        )
    )
    connection.execute(text("analyze pg_temp.candidate_before"))
