"""Who does not want to be chosen by what we know is not, from file to plan."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from connectors import files
from tasks.channels.mail import MailAccount
from tasks.ingest.land import land
from tasks.ingest.load import load
from tasks.ingest.validate import validate
from tasks.people import consent, customers, identify
from tasks.planning.plan import Planned, plan
from tests.ledger_world import NOON, campaign, people

pytestmark = pytest.mark.usefixtures("home")
HEADER = (
    "customer_id,name,email,phone,language,gender,birthday,city,country,email_consent,"
    "sms_consent,member_since,points,level,tags,updated_at"
)
BOTH = ("planned", None)
LEFT_OUT = ("skipped", "no_profiling")


def ingest(engine: Engine, file: Path, *answers: str, at: str = "2026-02-01") -> None:
    """A file of contacts, one for each answer about profiling; "" says nothing."""
    lines = [
        f"{n},Lin,c{n}@example.org,,zh,f,,,,yes,,2026-01-01,,,,{at},{answer}"
        for n, answer in enumerate(answers)
    ]
    file.write_text("\n".join([f"{HEADER},profiling_consent", *lines, ""]))
    feed = {"path": str(file), "mapping": "contacts", "settle_seconds": 0}
    config = files.Config.model_validate({"feeds": [feed]})
    (stream,) = files.streams("club", config)
    batch = land(engine, stream, datetime.now(UTC))
    validate(engine, batch, None)
    assert load(engine, batch).quarantined == 0
    identify.identify(engine, NOON)


def planned(engine: Engine, root: Path, name: str = "a", more: str = "") -> Planned:
    asked = campaign(root, name=name, more=more, audience=AUDIENCE)
    shop = MailAccount(host="h", sender="S <s@s.example>")
    return plan(engine, asked, NOON, known_accounts={"mail": {"shop": shop}})


AUDIENCE = """\
-- Who is a customer?
select customer_id, 'now' as occasion, name
from customers
where merged_into is null
"""


def test_a_refusal_in_a_file_leaves_people_out_of_what_chooses(
    engine: Engine, tmp_path: Path
) -> None:
    ingest(engine, tmp_path / "contacts.csv", "no", "yes", "")
    assert planned(engine, tmp_path).decisions == {BOTH: 2, LEFT_OUT: 1}
    for_all = planned(engine, tmp_path, "b", "profiling: false\npriority: 90")
    assert LEFT_OUT not in for_all.decisions


def test_the_newest_answer_of_the_file_counts(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    ingest(engine, file, "no", "yes")
    ingest(engine, file, "yes", "no", at="2026-02-02")
    assert planned(engine, tmp_path).decisions == {BOTH: 1, LEFT_OUT: 1}
    with engine.begin() as connection:
        said = consent.of_customer(
            connection, customers.find(connection, "c1@example.org")
        )
    assert [(row["subject"], row["answer"]) for row in said] == [
        ("email", "yes"),
        ("profiling", "no"),
    ]


def test_what_staff_note_wins_over_a_file_that_repeats_itself(
    engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "contacts.csv"
    ingest(engine, file, "yes")
    with engine.begin() as connection:
        her = customers.find(connection, "c0@example.org")
        assert consent.note(connection, her, "profiling", False, "by phone", NOON) == 1
        assert consent.note(connection, her, "profiling", False, "again", NOON) == 0
    ingest(engine, file, "yes", at="2026-02-03")
    assert planned(engine, tmp_path).decisions == {LEFT_OUT: 1}


def test_a_refusal_outlives_a_merge_that_was_wrong(engine: Engine) -> None:
    kinds = {"email": "c{}@example.org", "phone": "86138{8}"}
    with engine.begin() as connection:
        (her,) = people(connection, 1, kinds=kinds)
        consent.note(connection, her, "marketing", False, "by phone", NOON)
        found = connection.exec_driver_sql(
            "select count(distinct identifier_id), count(distinct channel),"
            " count(*), bool_or(is_granted) from consents where source = 'staff'"
        ).one()
    assert tuple(found) == (2, len(consent.subjects()) - 2, 2 * found[1], False)


@pytest.mark.parametrize(
    ("subject", "message"),
    [("e-mail", "'e-mail' is nothing to agree to"), ("marketing", "one channel")],
)
def test_a_yes_is_to_something_there_is(
    engine: Engine, subject: str, message: str
) -> None:
    with engine.begin() as connection, pytest.raises(LookupError, match=message):
        consent.note(connection, 1, subject, True, "by phone", NOON)
