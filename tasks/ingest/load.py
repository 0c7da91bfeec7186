"""Loads one validated batch into the final tables, inside Postgres, in one go."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from tasks.database import rows, run
from tasks.ingest import staging

# What `sql/load/<file>.sql` does for each entity, one after the other; the last
# statement of the last file counts the records.
STEPS = {
    "orders": ("order_versions", "order_lines", "orders", "order_heads"),
    "refunds": ("refunds",),
    "reviews": ("reviews",),
    "customers": ("customers",),
    "interactions": ("interactions",),
}


NOTHING = {"loaded": 0, "unchanged": 0}


class NotValidated(RuntimeError):
    """Somebody wants to load what nobody has checked."""


class CountsDiffer(RuntimeError):
    """Records came in that are neither loaded, unchanged nor quarantined."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records of a batch; the last three add up to the first."""

    records: int
    loaded: int
    unchanged: int
    quarantined: int

    @property
    def add_up(self) -> bool:
        """Whether every record is accounted for exactly once."""
        return self.records == self.loaded + self.unchanged + self.quarantined


def load(engine: Engine, batch_id: int) -> Counts:
    """Load the good records of a batch; loading a loaded batch again only counts.

    One transaction: upserts of what is new or newer, links of identifiers, touched
    customers, quarantine entries that came in well, the counts of the batch.

    Raises:
        NotValidated: the batch was never validated, or was stopped.
        CountsDiffer: records got lost on the way; nothing was written.
    """
    with engine.begin() as connection:
        batch = staging.locked(connection, batch_id)
        if batch["state"] != "loaded":
            _load(connection, batch)
            batch = staging.locked(connection, batch_id)
    return Counts(**{name: batch[name] for name in Counts.__dataclass_fields__})


def _load(connection: Connection, batch: RowMapping) -> None:
    _insist_on_validation(batch)
    run(connection, "load/begin", source=batch["source"])
    counted = _write(connection, batch) if batch["records"] else NOTHING
    counts = Counts(
        batch["records"],
        int(counted["loaded"]),
        int(counted["unchanged"]),
        batch["quarantined"],
    )
    _insist_on_sum(counts, batch)
    run(
        connection,
        "load/finish",
        batch_id=batch["batch_id"],
        loaded=counts.loaded,
        unchanged=counts.unchanged,
    )
    staging.drop(connection, batch)


def _write(connection: Connection, batch: RowMapping) -> RowMapping | dict[str, int]:
    """Run the steps of the entity; how many records they loaded and left alone."""
    values = _binds(batch)
    with staging.good(connection, batch):
        run(connection, "load/people", **values)
        *steps, last = STEPS[batch["entity"]]
        for step in steps:
            run(connection, f"load/{step}", **values)
        counted = rows(connection, f"load/{last}", **values)[0]
        run(connection, "load/superseded", **values)
    return counted


def _binds(batch: RowMapping) -> dict[str, Any]:
    """Every value that some statement of `sql/load` asks for."""
    is_whole_record = staging.is_whole_record(batch)
    # A record that is an order is whole also when it is tried again alone.
    holds_whole_orders = batch["holds_whole_orders"] or (
        batch["is_replay"] and is_whole_record
    )
    return {
        "batch_id": batch["batch_id"],
        "source": batch["source"],
        "stream": batch["stream"],
        "started_at": batch["started_at"],
        "is_replay": batch["is_replay"],
        "is_whole_record": is_whole_record,
        "holds_whole_orders": holds_whole_orders,
        "is_appending": batch["is_replay"] and not is_whole_record,
    }


def _insist_on_validation(batch: RowMapping) -> None:
    is_accepted = batch["state"] == "stopped" and batch["accepted_at"]
    if batch["validated_at"] and (batch["state"] == "landed" or is_accepted):
        return
    way_out = {
        "landing": "land it to its end first",
        "landed": "call validate first",
        "stopped": "too much of it is bad; see "
        f"`regulars quarantine list --batch {batch['batch_id']}`",
    }
    raise NotValidated(
        f"batch {batch['batch_id']} of {batch['source']}/{batch['stream']} is "
        f'"{batch["state"]}" and not judged good, so it cannot be loaded: '
        + way_out[batch["state"]]
    )


def _insist_on_sum(counts: Counts, batch: RowMapping) -> None:
    if not counts.add_up:
        raise CountsDiffer(
            f"batch {batch['batch_id']} of {batch['source']}/{batch['stream']} has "
            f"{counts.records:,} records, but {counts.loaded:,} loaded + "
            f"{counts.unchanged:,} unchanged + {counts.quarantined:,} quarantined "
            f"make {counts.loaded + counts.unchanged + counts.quarantined:,}; "
            "nothing was written and the staged rows are kept"
        )
