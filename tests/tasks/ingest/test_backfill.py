"""History comes in beside the daily pulls, in windows, and survives being stopped."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from connectors.base import Page, SourceRefused, SourceUnavailable
from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET, SHOP, YouzanDouble
from connectors.sandbox.youzan_world import World
from flows.commands.sources import command
from tasks import sources
from tasks.ingest import backfill as module
from tasks.ingest.backfill import AnotherBackfill, Reached, backfill
from tasks.ingest.land import AlreadyLanding, land
from tasks.ingest.landing import alone
from tasks.ingest.load import load
from tasks.ingest.validate import TooManyBadRows, validate
from tests.tasks.ingest.test_land import Reviews, review
from tests.tasks.ingest.test_land_processes import wait_until_alone

ROOT = Path(__file__).parents[3]
AS_OF = datetime(2011, 12, 10, 1, tzinfo=UTC)
SINCE = datetime(2011, 6, 1, tzinfo=UTC)
# What 2011-01-01 and 2011-12-10 mean to a shop in China.
START = datetime(2010, 12, 31, 16, tzinfo=UTC)
END = datetime(2011, 12, 9, 16, tzinfo=UTC)
DAY = timedelta(days=1)


class Diary(Reviews):
    """A review at noon of each day; `broken` days fail once, `bad` have no time."""

    columns = (*Reviews.columns, "reviewed_at")
    max_window = 3 * DAY

    def __init__(self, *, bad: set[int] | None = None) -> None:
        super().__init__()
        self.asked: list[tuple[datetime, datetime]] = []
        self.broken: set[int] = set()
        self.bad = bad or set()

    def pages(self, since: datetime, until: datetime) -> Iterator[Page]:
        self.asked.append((since, until))
        day = since.replace(hour=12)
        while day < until:
            number = (day - SINCE).days
            if number in self.broken:
                self.broken.remove(number)
                raise SourceUnavailable(f"shop: day {number} failed; again later")
            yield Page([review(number, at=None if number in self.bad else day)])
            day += DAY

    def rows(self, record: Any) -> Iterator[Any]:
        at = datetime.fromisoformat(record["at"]) if is_text(record) else record["at"]
        yield ("here", record["id"], 5, "fine", at)


def is_text(record: Any) -> bool:
    return isinstance(record["at"], str)


def fill(engine: Engine, stream: Any, days: int = 30, **options: Any) -> Reached:
    return backfill(engine, stream, SINCE, SINCE + days * DAY, AS_OF, **options)


def get(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def loaded(engine: Engine) -> int:
    ((count,),) = get(engine, "select count(*) from reviews")
    return int(count)


def test_it_loads_all_windows_and_moves_no_cursor(engine: Engine) -> None:
    stream = Diary()
    reached = fill(engine, stream, 31)
    assert reached == Reached(SINCE, SINCE + 31 * DAY, SINCE + 31 * DAY, 31, 31, 0, 0)
    assert [end - start for start, end in stream.asked] == [3 * DAY] * 10 + [DAY]
    assert loaded(engine) == 31
    assert get(engine, "select * from stream_cursor") == []


def test_it_loads_as_it_goes(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDS_A_BATCH", 10)
    seen: list[tuple[int, int]] = []
    fill(
        engine,
        Diary(),
        on_reached=lambda reached: seen.append((reached.records, loaded(engine))),
    )
    assert (9, 0) in seen and (20, 10) in seen
    assert get(engine, "select records from batch order by batch_id") == [
        *((10,), (10,), (10,), (0,))
    ]


def test_it_goes_on_after_the_last_whole_window(engine: Engine) -> None:
    stream = Diary()
    stream.broken = {13}
    with pytest.raises(SourceUnavailable, match="day 13"):
        fill(engine, stream)
    first = len(stream.asked)
    reached = fill(engine, stream)
    assert stream.asked[first][0] == SINCE + 12 * DAY
    assert loaded(engine) == 30
    # Day 12 was staged by both.
    assert (reached.loaded, reached.unchanged) == (30, 1)


def test_the_end_of_the_first_call_holds(engine: Engine) -> None:
    stream = Diary()
    stream.broken = {13}
    with pytest.raises(SourceUnavailable):
        backfill(engine, stream, SINCE, None, SINCE + 20 * DAY)
    reached = backfill(engine, stream, SINCE, None, SINCE + 25 * DAY)
    assert reached.until == SINCE + 20 * DAY - stream.lag


def test_another_span_is_refused_until_the_first_is_given_up(engine: Engine) -> None:
    stream = Diary()
    stream.broken = {4}
    with pytest.raises(SourceUnavailable):
        fill(engine, stream)
    with pytest.raises(
        AnotherBackfill, match=r"from 2011-06-01 .* has come to 2011-06-04 .*--restart"
    ):
        backfill(engine, stream, SINCE + DAY, None, AS_OF)
    reached = backfill(engine, stream, SINCE, SINCE + 9 * DAY, AS_OF, is_restarted=True)
    # What was staged before is loaded with the one that was given up.
    assert (reached.records, reached.loaded, loaded(engine)) == (9, 5, 9)
    assert get(engine, "select is_given_up from backfill order by backfill_id") == [
        *((True,), (False,))
    ]
    fill(engine, stream)
    assert loaded(engine) == 30


def test_the_daily_pull_goes_on_beside_it(engine: Engine) -> None:
    history, daily = Diary(), Reviews([review(1_000)], [review(1_001)])
    seen: list[int] = []

    def pull(reached: Reached) -> None:
        if not seen:
            seen.append(land(engine, daily, AS_OF))

    fill(engine, history, on_reached=pull)
    (batch_id,) = seen
    validate(engine, batch_id)
    assert load(engine, batch_id).records == 2
    assert get(engine, "select cursor from stream_cursor") == [("2",)]


def test_two_at_once_are_one_too_many(engine: Engine) -> None:
    stream = Diary()
    with (
        alone(engine, stream, module.WORK),
        pytest.raises(AlreadyLanding, match=r"shop/reviews \(backfill\) is being"),
    ):
        fill(engine, stream)


def test_a_batch_that_is_too_bad_waits_and_the_rest_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORDS_A_BATCH", 12)
    stream = Diary(bad=set(range(12)))
    with pytest.raises(TooManyBadRows):
        fill(engine, stream)
    assert fill(engine, stream).loaded == 18
    assert get(engine, "select state from batch order by batch_id") == [
        *(("stopped",), ("loaded",), ("loaded",))
    ]


def test_what_has_no_history_says_so(engine: Engine) -> None:
    stream = Diary()
    stream.is_pushed = True
    with pytest.raises(SourceRefused, match="only told by callbacks"):
        fill(engine, stream)
    assert get(engine, "select * from backfill") == []
    assert get(engine, "select * from batch") == []


# The command, against a shop.


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[YouzanDouble, Path]]:
    with YouzanDouble(World(3, AS_OF, 60)) as double:
        file = tmp_path / "sources.yaml"
        file.write_text(
            f"""
shop:
  connector: youzan
  base_url: {double.url}
  client_id: {CLIENT_ID}
  client_secret: {CLIENT_SECRET}
  grant_id: {SHOP}
  since: 2011-12-09
  streams: [orders, refunds]
"""
        )
        yield double, file


@pytest.fixture
def regulars(home: Path, shop: tuple[YouzanDouble, Path]) -> Callable[..., Any]:
    def call(*words: str) -> Any:
        given = [*words, "--file", str(shop[1]), "--until", "2011-12-10"]
        return CliRunner().invoke(command, ["backfill", *given])

    return call


def test_the_command_loads_a_year_and_counts_it(
    engine: Engine, regulars: Callable[..., Any]
) -> None:
    outcome = regulars("shop", "--since", "2011-01-01")
    assert outcome.exit_code == 0, outcome.output
    orders, refunds = ends(outcome.output)
    found = re.search(
        r"shop\.orders: done in \d+ s: (\d+) records = (\d+) loaded", orders
    )
    assert found and get(engine, "select count(*) from orders") == [(int(found[2]),)]
    assert refunds.startswith("shop.refunds: done")
    again = regulars("shop", "--since", "2011-01-01", "--stream", "orders")
    assert f"{found[1]} records = 0 loaded + {found[1]} unchanged" in again.output


def ends(output: str) -> list[str]:
    """The lines without those that only tell of progress."""
    return [line for line in output.splitlines() if ": up to " not in line]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shop", "--since", "soon"], "--since 'soon' is no date: write 2024-01-31"),
        (["shop", "--since", "2012-01-01"], "is not before 2011-12-10 00:00, the end"),
        (["shop", "--since", "2011-12-01", "--stream", "x"], "no stream shop.x: there"),
        (["other", "--since", "2011-12-01"], "no source 'other': there are shop"),
    ],
)
def test_wrong_words_are_answered(
    regulars: Callable[..., Any], words: list[str], said: str
) -> None:
    outcome = regulars(*words)
    assert said in outcome.output + str(outcome.exception)
    assert outcome.exit_code != 0


def test_a_stream_that_fails_does_not_stop_the_next(
    engine: Engine, shop: tuple[YouzanDouble, Path], regulars: Callable[..., Any]
) -> None:
    refusal = {"code": 4007, "success": False, "message": "no permission"}
    shop[0].fail_with(refusal, path="sold")
    outcome = regulars("shop", "--since", "2011-11-01")
    orders, refunds = ends(outcome.output)
    assert "code 4007: no permission" in orders
    assert refunds.startswith("shop.refunds: done")
    assert outcome.exit_code == 1


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_it_is_stopped_and_goes_on(
    engine: Engine,
    home: Path,
    shop: tuple[YouzanDouble, Path],
    regulars: Callable[..., Any],
    stop: signal.Signals,
) -> None:
    double, file = shop
    # Whoever starts the tests in the background lets them ignore Ctrl-C.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from flows import history; history.EVERY = 0\n"
        "from flows.cli import main; main()"
    )
    words = [sys.executable, "-u", "-c", program, "sources", "backfill", "shop"]
    words += ["--since", "2011-01-01", "--until", "2011-12-10", "--file", str(file)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        for _ in range(9):
            assert child.stdout.readline()
        child.send_signal(stop)
        rest = child.stdout.read()
    if stop is signal.SIGINT:
        assert "stopped; the same command goes on from here" in rest
        assert child.returncode == 130
    ((position,),) = get(engine, "select position from backfill")
    assert START + 2 * DAY < position < END - 9 * DAY
    double.seen.clear()
    wait_until_alone(engine)
    outcome = regulars("shop", "--since", "2011-01-01", "--stream", "orders")
    assert outcome.exit_code == 0, outcome.output
    asked = double.calls("sold")[0].json()["start_update"]
    assert asked >= f"{position.astimezone(UTC) - DAY:%Y-%m-%d}"
    counted = get(engine, "select count(distinct order_number) from orders")
    stream = sources.stream(sources.load(file), "shop", "orders")
    wanted = {
        record["full_order_info"]["order_info"]["tid"]
        for page in stream.backfill(START, END)
        for record in page.records
    }
    assert counted == [(len(wanted),)]
