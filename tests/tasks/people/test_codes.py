"""Codes bring people: who came by which, and whose parcel it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, RowMapping

from connectors.base import CodeMaker, MadeCode, SourceUnavailable
from flows.commands.codes import command
from tasks.people import codes, identify
from tasks.people.codes import Asked, CodeRefused
from tests.tasks.ingest.loading import order, put
from tests.tasks.people.seen_people import AS_OF, customer_of, execute
from tests.tasks.people.test_tags import refresh, tags_of

NOW = datetime(2026, 1, 10, tzinfo=UTC)
SCAN = {"kind": "scan", "account": "gh_a"}


class Printer(CodeMaker):
    """A platform that makes codes, and may be out of paper."""

    longest = 20

    def __init__(self) -> None:
        self.made: list[tuple[str, str, timedelta | None]] = []
        self.is_empty = False

    def make(self, code: str, note: str, lasts: timedelta | None) -> MadeCode:
        if self.is_empty:
            raise SourceUnavailable("wechat: out of paper")
        self.made.append((code, note, lasts))
        return MadeCode(f"http://q/{code}", f"http://img/{code}", f"T-{code}")


def make(engine: Engine, channel: str = "store", **asked: Any) -> RowMapping:
    maker = asked.pop("maker", Printer() if asked.get("source") else None)
    return codes.create(engine, Asked(channel, **asked), maker, NOW)


def scanned(
    engine: Engine, code: str | None, who: str, minute: int = 0, **more: Any
) -> None:
    """Somebody of WeChat scans; the source is `shop`, as in `put`."""
    openid = f'[{{"kind": "openid", "scope": "wx1", "value": "{who}"}}]'
    row = {
        **SCAN,
        "code": code,
        "interaction_key": f"{who}-{minute}",
        "happened_at": NOW + timedelta(minutes=minute),
        "more_identifiers": openid,
        **more,
    }
    put(engine, "interactions", [row])


def joined(engine: Engine, *values: str) -> bool:
    """Whether these identifiers are one customer."""
    identify.identify(engine, AS_OF)
    return len({customer_of(engine, one) for one in values}) == 1


def came_by(engine: Engine, value: str) -> list[tuple[Any, ...]]:
    identify.identify(engine, AS_OF)
    return [
        tuple(row)
        for row in execute(
            engine,
            "select code, channel, campaign from came_by where customer_id = :id",
            id=customer_of(engine, value),
        )
    ]


def test_a_platform_makes_it_once(engine: Engine) -> None:
    printer = Printer()
    lasts = timedelta(days=30)
    asked = {"source": "shop", "code": "store-7", "note": "by the till"}
    first = make(engine, maker=printer, lasts=lasts, **asked)
    assert (first["url"], first["reference"]) == ("http://q/store-7", "T-store-7")
    assert make(engine, maker=printer, lasts=lasts, **asked) == first
    assert printer.made == [("store-7", "by the till", lasts)]


def test_a_failed_platform_is_asked_again(engine: Engine) -> None:
    printer = Printer()
    printer.is_empty = True
    with pytest.raises(SourceUnavailable):
        make(engine, source="shop", code="store-7", maker=printer)
    assert execute(engine, "select code, url from codes") == [("store-7", None)]
    printer.is_empty = False
    assert make(engine, source="shop", code="store-7", maker=printer)["url"]


def test_a_link_carries_its_code(engine: Engine) -> None:
    made = make(engine, "email", code="spring", link="https://shop.example/a?b=1#c")
    parts = urlsplit(made["url"])
    assert parse_qs(parts.query) == {"b": ["1"], "via": ["spring"]}
    assert (parts.netloc, parts.path, parts.fragment) == ("shop.example", "/a", "c")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"code": "店 7"}, "not '店 7'"),
        ({}, "not ''"),
        ({"code": "x" * 21, "source": "shop"}, "at most 20 letters"),
        ({"order": ("shop", "B")}, "no order 'B' of the source 'shop'"),
        ({"order": ("shop", "A"), "code": "a"}, "must not be guessed"),
        ({"code": "a", "link": "shop.example"}, "'shop.example' is no link"),
        ({"code": "a", "source": "shop", "maker": None}, "shop makes no codes"),
        ({"code": "a", "source": "shop", "link": "https://a.b"}, "not to both"),
    ],
)
def test_what_cannot_be_made_says_why(
    engine: Engine, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(CodeRefused, match=said):
        make(engine, **asked)
    assert execute(engine, "select * from codes") == []


def test_a_name_that_is_taken_is_refused(engine: Engine) -> None:
    make(engine, code="store-7", campaign="spring")
    with pytest.raises(CodeRefused, match="with the campaign 'spring' and not 'may'"):
        make(engine, code="store-7", campaign="may")


def test_scans_say_who_came_by_what(engine: Engine) -> None:
    make(engine, code="store-7", campaign="spring")
    make(engine, code="poster")
    scanned(engine, None, "oA", minute=0)
    scanned(engine, "store-7", "oA", minute=1, kind="follow")
    scanned(engine, "poster", "oA", minute=2)
    scanned(engine, "unknown", "oB", minute=3)
    assert came_by(engine, "oA") == [("store-7", "store", "spring")]
    assert came_by(engine, "oB") == []


def test_a_code_counts_only_where_it_was_made(engine: Engine) -> None:
    make(engine, source="elsewhere", code="store-7", maker=Printer())
    scanned(engine, "store-7", "oA")
    assert came_by(engine, "oA") == []


def test_the_tag_says_it_to_marketers(engine: Engine) -> None:
    put(engine, "orders", [order("A", buyer_id="b1")])
    identify.identify(engine, AS_OF)
    friends = make(engine, "friends", referrer="b1")
    make(engine, code="store-7", campaign="spring")
    scanned(engine, "store-7", "oA")
    scanned(engine, friends["code"], "oB")
    scanned(engine, friends["code"], "oC")
    identify.identify(engine, AS_OF)
    refresh(engine, NOW)
    assert tags_of(engine, customer_of(engine, "oA"))["came_by"] == "spring"
    assert tags_of(engine, customer_of(engine, "oB"))["came_by"] == "friend"
    found = execute(engine, "select referrer_id from came_by where channel = 'friends'")
    assert found == [(customer_of(engine, "b1"),)] * 2


def test_who_scans_their_own_code_came_by_no_friend(engine: Engine) -> None:
    put(engine, "orders", [order("A", buyer_id="b1")])
    identify.identify(engine, AS_OF)
    friends = make(engine, "friends", referrer="b1")
    assert make(engine, "friends", referrer="b1")["code"] == friends["code"]
    scanned(engine, friends["code"], "oA")
    owner = customer_of(engine, "b1")
    for table, where in (("identifiers", "value = 'oA'"), ("interactions", "true")):
        execute(engine, f"update {table} set customer_id = {owner} where {where}")
    assert execute(engine, "select * from came_by") == []


def parcel(engine: Engine, number: str, buyer: str) -> str:
    """The code in the parcel of an order."""
    put(engine, "orders", [order(number, buyer_id=buyer)])
    return str(make(engine, "parcel", order=("shop", number))["code"])


def test_the_code_of_a_parcel_says_who_scans(engine: Engine) -> None:
    code = parcel(engine, "A", "b1")
    other = parcel(engine, "B", "b2")
    assert len(code) == 16 and code != other
    assert make(engine, "parcel", order=("shop", "A"))["code"] == code
    scanned(engine, code, "oA")
    assert joined(engine, "b1", "oA")
    assert not joined(engine, "b2", "oA")
    merges = execute(engine, "select evidence from identifier_links")
    assert merges == [("scan of the code in the parcel of order A",)]
    # It lies in a parcel: nobody came by it.
    assert came_by(engine, "oA") == []


def test_only_the_first_who_scans_is_the_buyer(engine: Engine) -> None:
    code = parcel(engine, "A", "b1")
    scanned(engine, code, "oA", minute=5)
    scanned(engine, code, "oB", minute=6)
    scanned(engine, code, "oA", minute=7)
    assert joined(engine, "b1", "oA")
    assert not joined(engine, "b1", "oB")


def test_a_late_scan_of_an_earlier_moment_joins_nobody_else(engine: Engine) -> None:
    """Two who scan one code while both scans are loaded together."""
    code = parcel(engine, "A", "b1")
    rows = [
        {
            **SCAN,
            "code": code,
            "interaction_key": who,
            "happened_at": NOW + timedelta(minutes=minute),
            "more_identifiers": f'[{{"kind": "openid", "value": "{who}"}}]',
        }
        for who, minute in (("oB", 2), ("oA", 1))
    ]
    put(engine, "interactions", rows)
    assert joined(engine, "b1", "oA")
    assert not joined(engine, "b1", "oB")


def test_one_scanner_of_many_parcels_is_nobody(engine: Engine) -> None:
    """The shop's own packer: identify's cap for shared identifiers holds."""
    parcels = [parcel(engine, f"A{number}", f"b{number}") for number in range(12)]
    for minute, code in enumerate(parcels):
        scanned(engine, code, "oPacker", minute=minute)
    identify.identify(engine, AS_OF)
    assert not joined(engine, "b0", "b1")
    junk = execute(engine, "select value from identifiers where is_junk")
    assert junk == [("oPacker",)]


def test_a_wrong_merge_can_be_undone(engine: Engine) -> None:
    code = parcel(engine, "A", "b1")
    identify.identify(engine, AS_OF)
    scanned(engine, None, "oA", minute=0)
    identify.identify(engine, AS_OF)
    scanned(engine, code, "oA", minute=1)
    assert joined(engine, "b1", "oA")
    ((merge_id,),) = execute(engine, "select merge_id from customer_merges")
    assert identify.undo(engine, merge_id, "her sister scanned it", AS_OF).parted
    scanned(engine, code, "oA", minute=2)
    assert not joined(engine, "b1", "oA")


# The command.


@pytest.fixture
def regulars(home: Path, engine: Engine) -> Any:
    def call(*words: str) -> Any:
        return CliRunner().invoke(command, [*words])

    return call


def test_the_command_prints_codes_as_csv(engine: Engine, regulars: Any) -> None:
    put(engine, "orders", [order("A", buyer_id="b1"), order("B", buyer_id="b2")])
    words = ["create", "--channel", "parcel", "--order", "shop/A", "--order", "shop/B"]
    words += ["--link", "https://shop.example"]
    first = regulars(*words)
    header, one, _ = first.output.splitlines()
    assert header == "code,order,url,image_url"
    code, number, url, _ = one.split(",")
    assert (number, url) == ("A", f"https://shop.example?via={code}")
    assert regulars(*words).output == first.output


def test_the_command_lists_what_came_of_them(engine: Engine, regulars: Any) -> None:
    assert regulars("create", "store-7", "--channel", "store").exit_code == 0
    for minute, who in enumerate(("oA", "oA", "oB")):
        scanned(engine, "store-7", who, minute=minute)
    identify.identify(engine, AS_OF)
    with engine.connect() as connection:
        (row,) = codes.listed(connection, "store")
    assert (row["scans"], row["customers"], row["came_by_it"]) == (3, 2, 2)
    assert "store-7" in regulars("list").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--order", "A"], "'A' names no order: write SOURCE/NUMBER"),
        (["--order", "shop/A"], "there is no order 'A' of the source 'shop'"),
        (["--referrer", "nobody"], "no customer is known by 'nobody'"),
    ],
)
def test_the_command_answers_wrong_words(
    regulars: Any, words: list[str], said: str
) -> None:
    outcome = regulars("create", "--channel", "parcel", *words)
    assert said in outcome.output + str(outcome.exception)
    assert outcome.exit_code != 0
