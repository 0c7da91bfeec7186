"""What platforms push is kept once, landed once, whoever is killed in between."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from connectors.base import CallbackRefused, Request
from connectors.sandbox.weibo import ACCOUNT, APP_SECRET, TOKEN, pushed, signed
from flows.commands.sources import command
from tasks import database, sources
from tasks.ingest.inbox import Answer, NoCallbacks, receive
from tasks.ingest.land import land
from tasks.ingest.load import Counts, load
from tasks.ingest.validate import validate
from tests.tasks.ingest.test_land_processes import wait_until_alone

NOW = datetime.now(UTC).replace(microsecond=0)
FILE = f"""
weibo:
  connector: weibo
  access_token: {TOKEN}
  account: {ACCOUNT}
  since: 2026-01-01
  app_secret: {APP_SECRET}
  streams: [messages]
deaf:
  connector: weibo
  access_token: {TOKEN}
  account: {ACCOUNT}
  since: 2026-01-01
"""
CHILD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from tasks import sources
from tasks.database import engine
from tasks.ingest import land, landing
landing.AT_ONCE = 100
stream = sources.stream(sources.load(Path(sys.argv[2])), "weibo", "messages")
land.land(engine(sys.argv[1]), stream, datetime.now(UTC),
          lambda progress: print(progress.records, flush=True))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(FILE)
    return path


def request(push: Any, **options: Any) -> Request:
    query, body = signed(push, datetime.now(UTC), **options)
    return Request("POST", query, {}, body)


def say(engine: Engine, file: Path, words: str, uid: int = 5) -> Answer:
    push = pushed(NOW - timedelta(minutes=1), uid, "text", words)
    return receive(engine, "weibo", request(push), NOW, file)


def ingested(engine: Engine, file: Path) -> Counts:
    """As the flow does it, without Prefect."""
    stream = sources.stream(sources.load(file), "weibo", "messages")
    batch_id = land(engine, stream, datetime.now(UTC))
    validate(engine, batch_id)
    return load(engine, batch_id)


def get(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def waiting(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = database.rows(connection, "inbox/waiting")
    return [(one["source"], one["stream"], one["records"]) for one in found]


def refused(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        found = database.rows(connection, "inbox/refused")
    return [(one["source"], one["reason"], one["refusals"]) for one in found]


def test_what_is_pushed_ends_as_an_interaction(engine: Engine, file: Path) -> None:
    assert say(engine, file, "在吗") == Answer(b"", "text/plain")
    assert waiting(engine) == [("weibo", "messages", 1)]
    assert ingested(engine, file) == Counts(1, 1, 0, 0)
    assert waiting(engine) == []
    assert get(engine, "select source, kind, body, account from interactions") == [
        ("weibo", "message", "在吗", str(ACCOUNT))
    ]
    assert get(engine, "select kind, value from identifiers") == [("weibo_uid", "5")]


def test_a_push_that_comes_again_counts_once(engine: Engine, file: Path) -> None:
    for _ in range(3):
        say(engine, file, "在吗")
    assert waiting(engine) == [("weibo", "messages", 1)]
    assert ingested(engine, file) == Counts(1, 1, 0, 0)
    say(engine, file, "在吗")
    assert ingested(engine, file) == Counts(1, 0, 1, 0)


def test_what_fails_goes_to_quarantine_like_any_record(
    engine: Engine, file: Path
) -> None:
    push = pushed(NOW, 5, "text", "在吗") | {"created_at": "soon"}
    receive(engine, "weibo", request(push), NOW, file)
    assert ingested(engine, file) == Counts(1, 0, 0, 1)
    ((place, reasons),) = get(engine, "select raw ->> 'text', reasons from quarantine")
    assert place == "在吗"
    assert "created_at: 'soon' is not a time" in " ".join(reasons)


def test_a_question_is_answered_and_leaves_nothing(engine: Engine, file: Path) -> None:
    query, _ = signed(None, datetime.now(UTC))
    asked = Request("GET", {**query, "echostr": "42"}, {}, b"")
    assert receive(engine, "weibo", asked, NOW, file).body == b"42"
    assert waiting(engine) == []


def test_refusals_are_counted_and_tell_of_nobody(engine: Engine, file: Path) -> None:
    push = pushed(NOW, 13800000001, "text", "我的电话 13800000001")
    for minute in range(3):
        with pytest.raises(CallbackRefused):
            told = request(push, secret="wrong", nonce=f"nonce-{minute}")
            receive(engine, "weibo", told, NOW + timedelta(minutes=minute), file)
    ((source, reason, refusals),) = refused(engine)
    assert (source, refusals) == ("weibo", 3)
    assert reason.startswith("the signature is wrong")
    assert waiting(engine) == []
    ((told,),) = get(engine, "select refused_callbacks::text from refused_callbacks")
    assert "13800000001" not in told


def test_a_stream_that_is_switched_off_is_named(engine: Engine, file: Path) -> None:
    off = file.with_name("off.yaml")
    off.write_text(FILE.replace("[messages]", "[comments]"))
    say(engine, off, "在吗")
    assert waiting(engine) == []
    (traced,) = refused(engine)
    reason = "the stream messages is not among the streams of this source"
    assert traced == ("weibo", reason, 1)


def test_who_cannot_be_pushed_to_is_told_apart(engine: Engine, file: Path) -> None:
    with pytest.raises(NoCallbacks, match="nothing can be pushed to 'deaf'"):
        receive(engine, "deaf", request({}), NOW, file)
    with pytest.raises(LookupError, match="no source 'nobody': there are weibo, deaf"):
        receive(engine, "nobody", request({}), NOW, file)


def test_a_file_that_changes_is_read_again(engine: Engine, file: Path) -> None:
    say(engine, file, "在吗")
    file.write_text(FILE.replace(APP_SECRET, "another-secret-0001"))
    with pytest.raises(CallbackRefused):
        say(engine, file, "还在吗")


def test_pushes_are_staged_in_the_order_they_came(engine: Engine, file: Path) -> None:
    for number in range(12):
        say(engine, file, f"第 {number} 条")
    stream = sources.stream(sources.load(file), "weibo", "messages")
    batch_id = land(engine, stream, datetime.now(UTC))
    query = f"select body from staging.interactions_{batch_id} order by record_no"
    assert get(engine, query) == [(f"第 {number} 条",) for number in range(12)]


def test_a_record_that_breaks_the_staging_stays_in_the_inbox(
    engine: Engine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(engine, file, "在吗")
    stream = sources.stream(sources.load(file), "weibo", "messages")

    def broken(record: Any) -> Iterator[Any]:
        raise RuntimeError("a fault of the connector")

    monkeypatch.setattr(stream, "rows", broken)
    with pytest.raises(RuntimeError):
        land(engine, stream, datetime.now(UTC))
    assert waiting(engine) == [("weibo", "messages", 1)]
    assert ingested(engine, file) == Counts(1, 1, 0, 0)


def test_nothing_is_lost_or_doubled_by_a_killed_landing(
    engine: Engine, database_url: str, file: Path
) -> None:
    fill(engine, 3_000)
    for pieces in (1, 7, 13):
        words = [sys.executable, "-c", CHILD, database_url, str(file)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(pieces):
                assert child.stdout.readline()
            child.kill()
        wait_until_alone(engine)
    counts = ingested(engine, file)
    assert counts == Counts(3_000, 3_000, 0, 0)
    assert waiting(engine) == []
    assert get(engine, "select count(*) from interactions") == [(3_000,)]


def test_pushes_go_on_while_a_run_lands(engine: Engine, file: Path) -> None:
    total = 60

    def push_all() -> None:
        for number in range(total):
            say(engine, file, f"第 {number} 条", uid=number)

    pusher = Thread(target=push_all)
    pusher.start()
    while pusher.is_alive():
        assert ingested(engine, file).unchanged == 0
    assert ingested(engine, file).unchanged == 0
    assert waiting(engine) == []
    assert get(engine, "select count(*) from interactions") == [(total,)]


def test_the_command_shows_what_waits_and_what_was_refused(
    home: Path, engine: Engine, file: Path
) -> None:
    assert "nothing waits" in CliRunner().invoke(command, ["inbox"]).output
    say(engine, file, "在吗")
    with pytest.raises(CallbackRefused):
        receive(engine, "weibo", request("x"), NOW, file)
    waits, was_refused = CliRunner().invoke(command, ["inbox"]).output.splitlines()
    assert waits.startswith("weibo.messages: 1 wait, the oldest since ")
    assert was_refused.startswith("weibo: 1 refused, the last at ")
    assert was_refused.endswith("switch the push format to json at Weibo")


def fill(engine: Engine, count: int) -> None:
    """As many messages in the inbox, each of somebody else."""
    stamp = pushed(NOW - timedelta(hours=1), 1, "text")["created_at"]
    raw = (
        "json_build_object('type', 'text', 'receiver_id', cast(:account as bigint),"
        " 'sender_id', number, 'created_at', cast(:stamp as text), 'text', '在吗',"
        " 'data', json_build_object())"
    )
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into inbox (source, stream, digest, raw, received_at)"
                f" select 'weibo', 'messages', number, {raw}, now()"
                f" from generate_series(1, {count}) as series (number)"
            ),
            {"account": ACCOUNT, "stamp": stamp},
        )
