"""Our segments and tags on a shop's customers: differences, once, whatever stops it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from connectors.base import SourceUnavailable
from connectors.sandbox.youzan import CLIENT_ID, CLIENT_SECRET, SHOP, YouzanDouble
from connectors.sandbox.youzan_world import World
from connectors.youzan.tags import YouzanTags
from flows.commands.tags import command
from tasks import sources
from tasks.people import push_tags, tags
from tasks.people.push_tags import AlreadyPushing, CannotPush, Pushed, push
from tasks.sources import PushTags, Source, SourcesError
from tests.tasks.people.seen_people import execute
from tests.tasks.people.test_tags import refresh

NOW = datetime(2026, 1, 10, tzinfo=UTC)
PEOPLE = 25
RIGHT = "{segments: [vip, loyal], tags: [price_band]}"
FILE = """
shop:
  connector: youzan
  base_url: {url}
  client_id: {id}
  client_secret: {secret}
  grant_id: {shop}
  since: 2011-12-01
  push_tags: {{segments: [vip, loyal], tags: [price_band]}}
"""


@pytest.fixture
def double() -> Iterator[YouzanDouble]:
    with YouzanDouble(World(5, datetime(2011, 12, 10, 1, tzinfo=UTC), PEOPLE)) as shop:
        yield shop


@pytest.fixture
def file(double: YouzanDouble, tmp_path: Path) -> Path:
    path = tmp_path / "sources.yaml"
    keys = {"id": CLIENT_ID, "secret": CLIENT_SECRET, "shop": SHOP}
    path.write_text(FILE.format(url=double.url, **keys))
    return path


@pytest.fixture
def shop(file: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr(YouzanTags, "at_once", 5)
    return sources.find("shop", file)


@pytest.fixture
def customers(engine: Engine, double: YouzanDouble) -> dict[str, int]:
    """Everybody of the shop as a customer, by their id there."""
    for person in double.world.people:
        execute(
            engine,
            "with one as (insert into customers default values returning customer_id)"
            " insert into identifiers (kind, scope, value, customer_id)"
            " select 'buyer', 'shop', :value, customer_id from one",
            value=person.open_id,
        )
    found = execute(engine, "select value, customer_id from identifiers")
    return {value: customer_id for value, customer_id in found}


def join(engine: Engine, segment: str, *customers: int) -> None:
    for one in customers:
        execute(
            engine,
            "insert into segment_members values (:segment, :id, now(), null)",
            segment=segment,
            id=one,
        )


def leave(engine: Engine, segment: str, customer: int) -> None:
    execute(
        engine,
        "update segment_members set left_at = now()"
        " where segment = :segment and customer_id = :id",
        segment=segment,
        id=customer,
    )


def tag(engine: Engine, customer: int, name: str, value: str, origin: str) -> None:
    execute(
        engine,
        "insert into tags"
        " (customer_id, tag, value, origin, source, tagged_at, given_to)"
        " values (:id, :name, :value, :origin, 'x', now(), :id)",
        id=customer,
        name=name,
        value=value,
        origin=origin,
    )


def ours(double: YouzanDouble) -> dict[str, set[str]]:
    """Our labels on the shop's people."""
    found = {
        person.open_id: {one for one in double.carried(person) if one[:2] == "R-"}
        for person in double.world.people
    }
    return {person: labels for person, labels in found.items() if labels}


def written(double: YouzanDouble) -> int:
    """Calls that changed tags."""
    calls = [*double.calls("relation.add"), *double.calls("relation.delete")]
    return len(calls)


def test_differences_go_out_and_only_these(
    engine: Engine, double: YouzanDouble, shop: Source, customers: dict[str, int]
) -> None:
    (one, first), (two, second), *_ = customers.items()
    join(engine, "vip", first, second)
    join(engine, "lost", first)
    tag(engine, second, "price_band", "high", "rule")
    tag(engine, second, "size_or_taste", "L", "rule")
    assert push(engine, shop, NOW) == Pushed(
        Counter({"R-vip": 2, "R-price_band:high": 1})
    )
    assert ours(double) == {one: {"R-vip"}, two: {"R-vip", "R-price_band:high"}}
    # One call for each customer.
    assert written(double) == 2
    assert push(engine, shop, NOW) == Pushed()
    assert written(double) == 2
    leave(engine, "vip", second)
    join(engine, "loyal", first)
    assert push(engine, shop, NOW) == Pushed(
        Counter({"R-loyal": 1}), Counter({"R-vip": 1})
    )
    assert ours(double) == {one: {"R-vip", "R-loyal"}, two: {"R-price_band:high"}}


def test_tags_of_staff_stay_where_they_are(
    engine: Engine, double: YouzanDouble, shop: Source, customers: dict[str, int]
) -> None:
    person = next(one for one in double.world.people if one.tags)
    join(engine, "vip", customers[person.open_id])
    push(engine, shop, NOW)
    leave(engine, "vip", customers[person.open_id])
    push(engine, shop, NOW)
    assert double.carried(person) == list(person.tags)


def test_a_segment_that_is_no_longer_pushed_goes_from_there(
    engine: Engine, double: YouzanDouble, file: Path, customers: dict[str, int]
) -> None:
    join(engine, "vip", *customers.values())
    push(engine, sources.find("shop", file), NOW)
    file.write_text(file.read_text().replace("[vip, loyal]", "[loyal]"))
    assert push(engine, sources.find("shop", file), NOW).removed == {"R-vip": PEOPLE}
    assert ours(double) == {}


def test_a_failure_in_the_middle_keeps_what_was_done(
    engine: Engine, double: YouzanDouble, shop: Source, customers: dict[str, int]
) -> None:
    join(engine, "vip", *customers.values())
    double.fail_with({"code": 4007, "success": False}, path="relation.add", after=7)
    with pytest.raises(Exception, match="code 4007"):
        push(engine, shop, NOW)
    assert execute(engine, "select count(*) from pushed_tags") == [(7,)]
    assert push(engine, shop, NOW).added.total() == PEOPLE - 7
    assert written(double) == PEOPLE + 1


def test_what_was_done_and_not_noted_is_done_again_without_harm(
    engine: Engine,
    double: YouzanDouble,
    shop: Source,
    customers: dict[str, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Killed between the call and the note."""
    join(engine, "vip", *customers.values())
    run = push_tags.run

    def killed(connection: Any, name: str, /, **values: Any) -> Any:
        if name == "pushing/note":
            raise KeyboardInterrupt
        return run(connection, name, **values)

    monkeypatch.setattr(push_tags, "run", killed)
    with pytest.raises(KeyboardInterrupt):
        push(engine, shop, NOW)
    monkeypatch.undo()
    assert push(engine, shop, NOW).added.total() == PEOPLE
    assert set(map(len, ours(double).values())) == {1}
    assert len(ours(double)) == PEOPLE


def test_somebody_the_shop_forgot_is_told_and_rests(
    engine: Engine, double: YouzanDouble, shop: Source, customers: dict[str, int]
) -> None:
    gone = double.world.people[0]
    double.world.forget(gone)
    join(engine, "vip", *customers.values())
    reason = "Youzan does not know this customer any more"
    done = push(engine, shop, NOW)
    assert (done.added.total(), dict(done.refused)) == (PEOPLE - 1, {reason: 1})
    before = written(double)
    assert push(engine, shop, NOW + timedelta(days=6)) == Pushed()
    assert written(double) == before
    assert push(engine, shop, NOW + timedelta(days=8)).refused[reason] == 1


def test_a_label_that_is_too_long_is_told(
    engine: Engine, shop: Source, customers: dict[str, int]
) -> None:
    (first, *_) = customers.values()
    tag(engine, first, "price_band", "x" * 40, "rule")
    assert dict(push(engine, shop, NOW).refused) == {
        "Youzan's tags have at most 30 characters": 1
    }


def test_a_busy_platform_can_be_asked_again(
    engine: Engine, double: YouzanDouble, shop: Source, customers: dict[str, int]
) -> None:
    join(engine, "vip", *customers.values())
    double.fail_with({}, 503, times=9, path="relation", Retry_After="500")
    with pytest.raises(SourceUnavailable):
        push(engine, shop, NOW)
    double.faults.clear()
    assert push(engine, shop, NOW).added.total() == PEOPLE


def test_two_pushes_at_once_are_one_too_many(
    engine: Engine, shop: Source, customers: dict[str, int]
) -> None:
    with push_tags._alone(engine, "shop"), pytest.raises(AlreadyPushing):
        push(engine, shop, NOW)


def test_what_we_put_there_does_not_come_back_as_a_tag(
    engine: Engine, shop: Source, customers: dict[str, int]
) -> None:
    (first, *_) = customers.values()
    join(engine, "vip", first)
    push(engine, shop, NOW)
    execute(
        engine,
        "insert into profiles (source, identifier_id, tags, digest)"
        " select 'shop', identifier_id, cast(:tags as jsonb), '' from identifiers"
        " where customer_id = :id",
        tags='{"R-vip": null, "茶友": null}',
        id=first,
    )
    refresh(engine, NOW, full=True)
    with engine.connect() as connection:
        found = [row["tag"] for row in tags.of_customer(connection, first)]
    assert found == ["茶友"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[vip, loyal]", "[vpi]", "'vpi', which is no file of sql/segments; did you"),
        (
            "  push_tags: {segments: [vip, loyal], tags: [price_band]}\n",
            "",
            "push_tags",
        ),
    ],
)
def test_what_cannot_be_pushed_says_what_to_write(
    engine: Engine, file: Path, old: str, new: str, said: str
) -> None:
    file.write_text(file.read_text().replace(old, new))
    with pytest.raises(CannotPush, match="shop: ") as caught:
        push(engine, sources.find("shop", file), NOW)
    assert said in str(caught.value)


def test_a_source_without_customers_there_is_refused(engine: Engine) -> None:
    files = Source("old", "files", [], push_tags=PushTags())
    with pytest.raises(CannotPush, match="connector 'files' cannot put tags"):
        push(engine, files, NOW)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "{segmnts: [vip]}",
            'sources.yaml:9: unknown key "shop.push_tags.segmnts"; did',
        ),
        ("{prefix: ''}", '"shop.push_tags.prefix"'),
        ("[vip]", '"shop.push_tags"'),
    ],
)
def test_wrong_keys_are_named(file: Path, given: str, said: str) -> None:
    file.write_text(file.read_text().replace(RIGHT, given))
    with pytest.raises(SourcesError) as caught:
        sources.load(file)
    assert said in str(caught.value)


def test_the_command_tells_before_and_after(
    home: Path, engine: Engine, file: Path, customers: dict[str, int]
) -> None:
    join(engine, "vip", *customers.values())
    words = ["push", "shop", "--file", str(file)]
    before = CliRunner().invoke(command, [*words, "--dry-run"]).output
    assert before == f"R-vip: {PEOPLE} would get it, 0 would lose it\n"
    assert execute(engine, "select count(*) from pushed_tags") == [(0,)]
    after = CliRunner().invoke(command, words)
    assert after.output == f"{PEOPLE} put on, 0 taken away\n"
