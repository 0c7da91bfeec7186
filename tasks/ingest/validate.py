"""Validates one landed batch: the suite's verdict, then quarantine for bad records."""

from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, RowMapping, inspect, text

from tasks.database import run
from tasks.ingest import data_docs, expectations, refuse, staging, suite
from tasks.ingest.checks import Facts
from tasks.ingest.expectations import Rule, Rules
from tasks.ingest.refuse import Broken
from tasks.settings import settings


class NotLanded(RuntimeError):
    """The batch is still on its way into staging."""


class VerdictsDiffer(RuntimeError):
    """Great Expectations and our own SQL disagree about a rule: a fault of ours."""


class TooManyBadRows(RuntimeError):
    """So much of a batch is bad that a person must look before anything is loaded."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What validation found in one batch; `rules` has those that were broken."""

    batch_id: int
    records: int
    quarantined: int
    warned: int
    rules: tuple[Broken, ...] = ()
    page: Path | None = None

    @property
    def reasons(self) -> dict[str, int]:
        """Why records went to quarantine, and how many did so for each reason."""
        return {
            one.rule.reason_in_general: one.records
            for one in self.rules
            if one.rule.severity == "fail"
        }

    @property
    def warnings(self) -> dict[str, int]:
        """What was noticed about records that load all the same, and how often."""
        return {
            one.rule.reason_in_general: one.records
            for one in self.rules
            if one.rule.severity == "warn"
        }


def validate(engine: Engine, batch_id: int, docs: Path | None = None) -> Verdict:
    """Judge every staged record; those that fail go to quarantine, whole.

    Great Expectations says which rules hold; one definition per rule gives its
    expectation and the SQL that finds the records. Safe to run again, also after the
    rules were changed or the batch was stopped. A page for people goes to `docs`.

    Raises:
        NotLanded: the batch is not complete.
        BrokenExpectation, VerdictsDiffer: a rule is at fault; nothing was judged.
        TooManyBadRows: more failed than the entity's rules allow; the bad records are
            in quarantine, the batch waits as `stopped`.
    """
    with engine.begin() as connection:
        batch = staging.locked(connection, batch_id)
        if batch["state"] == "loaded":
            return _verdict(batch)
        _insist_on_landed(batch)
        active = _active(connection, batch)
        facts = _facts(connection, batch)
        run(connection, "quarantine/begin", batch_id=batch_id)
        staging.prepare(connection, batch)
        refuse.mark(connection, batch)
    if not batch["records"]:
        return _conclude(engine, batch_id, active, facts, set())[1]
    result = suite.run(
        engine,
        staging.table_name(batch),
        f"{batch['source']} {batch['stream']}",
        active.rules,
        facts,
    )
    batch, verdict = _conclude(engine, batch_id, active, facts, suite.failed(result))
    if docs is not None:
        page = data_docs.write(docs, batch, result, verdict.rules)
        verdict = replace(verdict, page=page)
    if batch["state"] == "stopped" and not batch["accepted_at"]:
        raise TooManyBadRows(_stop_message(batch, verdict, active))
    return verdict


def stopped(engine: Engine, source: str, stream: str) -> list[int]:
    """The batches of a stream that wait as `stopped`, oldest first.

    A run judges them again, so that a corrected rule lets them go on, and an
    uncorrected one is not forgotten by a run that finds nothing new.
    """
    with engine.begin() as connection:
        found = run(connection, "quarantine/stopped", source=source, stream=stream)
        return list(found.scalars())


def _conclude(
    engine: Engine, batch_id: int, active: Rules, facts: Facts, failed: set[str]
) -> tuple[RowMapping, Verdict]:
    """Fill quarantine for what failed, and write the verdict beside the batch."""
    with engine.begin() as connection:
        batch = staging.locked(connection, batch_id)
        broken: list[Broken] = []
        warned = 0
        staging.prepare(connection, batch)
        if failed:
            broken, warned = refuse.count(connection, batch, active.rules, facts)
            _insist_on_agreement(failed, {one.name for one in broken})
        quarantined = refuse.fill(connection, batch, broken, facts)
        is_too_much = active.stops(batch["records"], quarantined)
        run(
            connection,
            "quarantine/verdict",
            batch_id=batch_id,
            is_good_enough=batch["is_replay"] or not is_too_much,
            quarantined=quarantined,
            warned=warned,
        )
        batch = staging.locked(connection, batch_id)
    return batch, _verdict(batch, tuple(broken))


def _verdict(batch: RowMapping, broken: tuple[Broken, ...] = ()) -> Verdict:
    return Verdict(
        batch["batch_id"],
        batch["records"],
        batch["quarantined"],
        batch["warned"],
        broken,
    )


def _active(connection: Connection, batch: RowMapping) -> Rules:
    """The rules that apply to this batch, each with columns that exist."""
    found = expectations.rules(batch["entity"])
    columns = {
        str(column["name"])
        for column in inspect(connection).get_columns(batch["entity"], "staging")
    }
    for name, rule in found.rules.items():
        if missing := sorted(rule.columns - columns):
            raise suite.BrokenExpectation(
                f'rule "{name}" of sql/expectations/{batch["entity"]}.yaml reads the '
                f'column "{missing[0]}", which staging.{batch["entity"]} does not '
                f"have; it has {', '.join(sorted(columns))}"
            )
    active = {name: rule for name, rule in found.rules.items() if _asked(rule, batch)}
    return found.model_copy(update={"rules": active})


def _asked(rule: Rule, batch: RowMapping) -> bool:
    return rule.when is None or batch[rule.when] == "quarantine"


def _facts(connection: Connection, batch: RowMapping) -> Facts:
    rates = connection.execute(text("select currency from currency_rates")).scalars()
    currencies = sorted({*rates, settings().home_currency})
    return Facts(batch["started_at"], {"currency_rates": tuple(currencies)})


def _insist_on_landed(batch: RowMapping) -> None:
    if batch["state"] == "landing":
        raise NotLanded(
            f"batch {batch['batch_id']} of {batch['source']}/{batch['stream']} is "
            "still landing: land it to its end first, which a repeated run does"
        )


def _insist_on_agreement(said: set[str], counted: set[str]) -> None:
    if said != counted:
        names = ", ".join(sorted(said ^ counted))
        raise VerdictsDiffer(
            f"Great Expectations and the SQL of the rules disagree about {names}: "
            "nothing was judged; the rule's two forms in tasks/ingest/checks.py must "
            "be one"
        )


def _stop_message(batch: RowMapping, verdict: Verdict, active: Rules) -> str:
    share = verdict.quarantined / verdict.records
    top = sorted(verdict.reasons.items(), key=lambda item: -item[1])[:3]
    listed = "; ".join(f"{reason} ({number:,})" for reason, number in top)
    number = batch["batch_id"]
    return (
        f"{verdict.quarantined:,} of {verdict.records:,} records ({share:.0%}) of "
        f"{batch['source']}/{batch['stream']} are bad, more than the "
        f"{active.stop_over:.0%} that sql/expectations/{batch['entity']}.yaml allows; "
        f"nothing of batch {number} was loaded. Mostly: {listed}. "
        f"See `regulars quarantine list --batch {number}`. Then correct the source or "
        "its mapping; `regulars quarantine accept "
        f"{number} --because …` loads the good records, and `regulars quarantine "
        f"replay --batch {number}` the corrected ones"
    )
