"""What the figures of connectors rest on: the same pages for both, all of them read."""

from pathlib import Path

import pytest

from connectors.sandbox.server import Answer
from flows.bench import connectors
from flows.bench.connectors.player import Player, Tape, played, recorded
from flows.bench.connectors.stands import STANDS, Stand

BY_NAME = {stand.name: stand for stand in STANDS}
YOUZAN = BY_NAME["youzan"]


def tape_of(stand: Stand, records: int, folder: Path) -> Tape:
    with stand.opened(records) as double:
        return recorded(stand, records, double, folder)


@pytest.mark.parametrize("stand", STANDS, ids=lambda stand: stand.name)
def test_every_stand_is_busy(stand: Stand, tmp_path: Path) -> None:
    tape = tape_of(stand, 250, tmp_path)
    assert tape.records > 25
    assert len(tape.requests) == len(tape.answers)


def test_a_bare_loop_asks_for_each_page_once_and_for_no_token(tmp_path: Path) -> None:
    tape = tape_of(YOUZAN, 250, tmp_path)
    once = [request for request, _ in tape.each_once()]
    pages = [one.json()["page_no"] for one in once if "sold" in one.path]
    assert sorted(pages) == [1, 2, 3]
    assert not [one for one in once if "token" in one.path]
    asked = [one.json()["page_no"] for one in tape.requests if "sold" in one.path]
    assert sorted(asked) == [1, 1, 2, 3]


def test_records_that_are_missing_are_noticed(tmp_path: Path) -> None:
    tape = tape_of(YOUZAN, 250, tmp_path)
    empty = Answer({"code": 200, "success": True, "data": {"total_results": 0}})
    answers = [tape.answers[0], empty, *tape.answers]
    with (
        Player(answers) as player,
        pytest.raises(RuntimeError, match="youzan read 0 records of a tape"),
    ):
        played("ours", tape, player.url, tmp_path)


@pytest.mark.parametrize("name", ["shopify", "woocommerce", "douyin account"])
def test_a_bare_loop_is_let_in_by_the_headers_of_the_tape(
    name: str, tmp_path: Path
) -> None:
    with BY_NAME[name].opened(250) as double:
        tape = recorded(BY_NAME[name], 250, double, tmp_path)
        assert played("bare", tape, double.url, tmp_path).seconds > 0


def test_a_bare_loop_that_is_kept_out_is_noticed(tmp_path: Path) -> None:
    with BY_NAME["wechat"].opened(250) as double:
        tape = recorded(BY_NAME["wechat"], 250, double, tmp_path)
        double.expire_token()  # type: ignore[attr-defined]
        with pytest.raises(RuntimeError, match=r"wechat read .* bytes of a tape"):
            played("bare", tape, double.url, tmp_path)


def test_a_connector_has_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors, "ROUNDS", 1)
    speed, alone, memory = connectors.of_one(YOUZAN, 250)
    assert speed["name"].startswith("youzan, 2") and speed["goal"] == "at least 0.7"
    assert speed["ours"] > 0 and speed["beside"] > 0
    assert alone["what_beside"] == "the limit"
    assert 10 < memory["ours"] < 200
