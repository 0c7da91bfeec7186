"""What a dead worker had heard is settled; what had not left goes out again."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from connectors.sandbox.mail import MailDouble
from tasks.channels.base import Message, Outcome, Result
from tasks.database import run
from tasks.delivery import doubt, ledger
from tasks.delivery.deliver import Delivered, deliver
from tasks.delivery.journal import Journal, orphans, worker_name
from tasks.delivery.lease import Lease
from tasks.planning.plan import plan
from tests.ledger_world import NOON, campaign, mail, mail_account, people, states

SOON = NOON + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def planned(
    engine: Engine, home: Path, double: MailDouble, campaigns_here: None
) -> None:
    with engine.begin() as connection:
        people(connection, 4)
    accounts = {"mail": {"shop": mail_account(double)}}
    chosen = campaign(home / "campaigns")
    plan(engine, chosen, NOON, known_accounts=accounts)


def sent(engine: Engine, double: MailDouble) -> Delivered:
    channel = mail(double)
    return deliver(engine, channel, "shop", SOON, limits=channel.settings)


def dead_worker(engine: Engine, home: Path) -> Path:
    """Four intents: one answered, one on the wire, two not gone; then it died."""
    lease = Lease(engine, "mail", "shop", timedelta(minutes=10))
    lease.__enter__()
    lease._ended.set()
    folder = home / "journal" / "mail" / "shop"
    journal = Journal(folder, lease.worker)
    with engine.begin() as connection:
        claim = {"channel": "mail", "account": "shop", "lease": lease.lease_id}
        order = run(
            connection,
            "deliver/claim",
            now=SOON,
            kinds=["first"],
            newest=0,
            **claim,
        ).one()
        connection.execute(
            text("insert into attempt (touch_id, lease_id, number)"
                 " select unnest(cast(:ids as bigint[])), :lease, 1"),
            {"ids": order.touch_ids, "lease": lease.lease_id},
        )  # fmt: skip
    ids = order.touch_ids.strip("{}").split(",")
    one, two = (Message(int(id), 1, "k", "a@b.example") for id in ids[:2])
    journal.left(one)
    journal.came_back(Result(one, Outcome.ACCEPTED, None, "queue 7"))
    journal.left(two)
    journal.close(is_settled=False)
    return folder / f"{lease.worker}.log"


def test_only_what_was_on_the_wire_is_in_doubt(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    path = dead_worker(engine, home)
    done = sent(engine, double)
    assert done.recovered == 4
    assert done.outcomes == {"accepted": 2}
    assert states(engine) == {"accepted": 3, "in_doubt": 1}
    assert not path.exists()
    with engine.begin() as connection:
        assert ledger.check(connection) == []
        query = "select provider_id from outcome where provider_id = 'queue 7'"
        assert connection.execute(text(query)).scalar_one()
        assert len(doubt.parked(connection)) == 1


def test_recovering_twice_changes_nothing(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    path = dead_worker(engine, home)
    notes = path.read_bytes()
    sent(engine, double)
    before = states(engine)
    path.write_bytes(notes)
    assert sent(engine, double).recovered == 0
    assert states(engine) == before
    assert len(double.taken) == 2


def test_what_the_dead_worker_itself_called_unclear_is_not_sent_again(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    path = dead_worker(engine, home)
    with engine.begin() as connection:
        connection.execute(
            text("insert into outcome (touch_id, happened_at, number, outcome, reason)"
                 " select touch_id, now(), 1, 'in_doubt', 'unknown_outcome: cut'"
                 " from attempt"),
        )  # fmt: skip
    # What is settled is struck from the notes: their silence says nothing now.
    path.write_text("")
    assert sent(engine, double).recovered == 0
    assert double.taken == []
    assert states(engine) == {"in_doubt": 4}


def test_notes_found_late_clear_up_what_others_took_for_doubtful(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    path = dead_worker(engine, home)
    hidden = path.rename(path.with_suffix(".away"))
    with engine.begin() as connection:
        connection.execute(text("update lease set ends_at = now()"))
    assert sent(engine, double).outcomes == {"unknown_outcome": 4}
    hidden.rename(path)
    assert sent(engine, double).recovered == 3
    later = NOON + timedelta(hours=1)
    channel = mail(double)
    deliver(engine, channel, "shop", later, limits=channel.settings)
    assert len(double.taken) == 2
    assert states(engine) == {"accepted": 3, "in_doubt": 1}


def test_notes_from_before_a_reboot_prove_no_silence(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    path = dead_worker(engine, home)
    host, _, pid, chance = path.stem.rsplit(".", 3)
    worker = f"{host}.00000000.{pid}.{chance}"
    path.rename(path.with_name(f"{worker}.log"))
    with engine.begin() as connection:
        connection.execute(text("update lease set worker = :w"), {"w": worker})
    sent(engine, double)
    assert double.taken == []
    assert states(engine) == {"accepted": 1, "in_doubt": 3}


def test_without_its_journal_everything_intended_is_in_doubt(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    path = dead_worker(engine, home)
    path.unlink()
    assert sent(engine, double).outcomes == {}
    with engine.begin() as connection:
        connection.execute(text("update lease set ends_at = now()"))
    assert sent(engine, double).outcomes == {"unknown_outcome": 4}
    assert double.taken == []
    assert states(engine) == {"in_doubt": 4}


def test_notes_of_another_database_are_left_alone(
    engine: Engine, home: Path, double: MailDouble
) -> None:
    path = dead_worker(engine, home)
    with engine.begin() as connection:
        connection.execute(text("update lease set worker = 'somebody else'"))
    assert sent(engine, double).recovered == 0
    assert path.exists()


def test_a_living_worker_s_journal_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "journals"
    journal = Journal(folder, worker_name())
    journal.left(Message(1, 1, "k", "a@b.example"))
    assert list(orphans(folder)) == []
    journal.close(is_settled=True)
    assert list(folder.iterdir()) == []


def test_a_cut_last_line_tells_nothing(engine: Engine, home: Path) -> None:
    path = dead_worker(engine, home)
    path.write_text(path.read_text() + "< 2 1 acc")
    ((notes, _),) = orphans(path.parent)
    assert list(notes.left.values()) == [(Outcome.ACCEPTED, None, "queue 7"), None]


def test_a_lease_that_was_lost_cannot_be_prolonged(engine: Engine) -> None:
    with Lease(engine, "mail", "shop", timedelta(seconds=0.4)) as lease:
        assert lease.holds()
        with engine.begin() as connection:
            run(connection, "deliver/end_lease", lease=lease.lease_id)
        lease._thread.join(timeout=5)
        assert not lease.holds()
