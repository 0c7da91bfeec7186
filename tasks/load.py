"""Loads one validated batch into the final tables, inside Postgres, in one go."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping

from tasks import staging
from tasks.database import rows, run

# What `sql/load/<file>.sql` does for each entity, one after the other; the last
# statement of the last file counts the records.
STEPS = {
    "orders": ("order_versions", "order_lines", "orders", "order_heads"),
    "refunds": ("refunds",),
    "reviews": ("reviews",),
    "customers": ("customers",),
    "interactions": ("interactions",),
}


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
    values = _binds(batch)
    run(connection, "load/begin", source=batch["source"])
    staging.open_views(connection, batch)
    run(connection, "load/people", **values)
    for step in STEPS[batch["entity"]][:-1]:
        run(connection, f"load/{step}", **values)
    counted = rows(connection, f"load/{STEPS[batch['entity']][-1]}", **values)[0]
    run(connection, "load/superseded", **values)
    counts = Counts(
        batch["records"],
        int(counted["loaded"]),
        int(counted["unchanged"]),
        batch["quarantined"],
    )
    _insist_on_sum(counts, batch)
    run(connection, "load/finish", batch_id=batch["batch_id"], **_changes(counts))
    staging.drop(connection, batch)


def _binds(batch: RowMapping) -> dict[str, Any]:
    """Every value that some statement of `sql/load` asks for."""
    whole = staging.is_whole_record(batch)
    return {
        "batch_id": batch["batch_id"],
        "source": batch["source"],
        "stream": batch["stream"],
        "started_at": batch["started_at"],
        "is_whole_record": whole,
        "holds_whole_orders": batch["holds_whole_orders"],
        "is_appending": batch["is_replay"] and not batch["holds_whole_orders"],
    }


def _changes(counts: Counts) -> dict[str, int]:
    return {"loaded": counts.loaded, "unchanged": counts.unchanged}


def _insist_on_validation(batch: RowMapping) -> None:
    if batch["state"] == "landed" and batch["validated_at"]:
        return
    way_out = {
        "landing": "land it to its end first",
        "landed": "call validate first",
        "stopped": f"see `regulars quarantine list --batch {batch['batch_id']}`",
    }
    raise NotValidated(
        f"batch {batch['batch_id']} of {batch['source']}/{batch['stream']} is "
        f'"{batch["state"]}" and not validated, so it cannot be loaded: '
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
