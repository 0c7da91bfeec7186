"""What goes out to WeChat: tags on followers, and codes to scan."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.base import (
    SourceRefused,
    SourceUnavailable,
    TagChange,
    Tagged,
    TagWriter,
)
from connectors.sandbox.wechat_official import APP
from connectors.wechat import code_maker, tag_writer
from tests.connectors.wechat_account import NOW, Account, account

BATCH = "tags/members/batch"


@pytest.fixture
def wechat() -> Iterator[Account]:
    with account(followers=60) as opened:
        yield opened


@pytest.fixture
def writer(wechat: Account) -> TagWriter:
    return tag_writer("wechat", wechat.config(), wechat.client())


def change(number: int, tag: str = "R-vip", is_added: bool = True) -> TagChange:
    return TagChange(f"oDemo{number:04d}", tag, is_added)


def outcome(told: list[Tagged]) -> dict[TagChange, str | None]:
    """What became of each change; each is told once."""
    found = [(one, each.error) for each in told for one in each.changes]
    assert len(found) == len(dict(found))
    return dict(found)


def tagged(wechat: Account, tag: str) -> set[str]:
    """Who wears a tag."""
    numbers = [number for number, name in wechat.double.tags.items() if name == tag]
    people = wechat.double.followers.values()
    return {one.openid for one in people if set(numbers) & set(one.tags)}


def test_it_knows_whom_it_writes_to(writer: TagWriter) -> None:
    assert (writer.kind, writer.scope) == ("openid", APP)


def test_sixty_people_get_a_new_tag_in_two_calls(
    wechat: Account, writer: TagWriter
) -> None:
    changes = [change(number) for number in range(60)]
    assert outcome(list(writer.write(changes))) == dict.fromkeys(changes)
    assert len(tagged(wechat, "R-vip")) == 60
    sizes = [len(seen.json()["openid_list"]) for seen in wechat.double.calls(BATCH)]
    assert sizes == [50, 10]
    assert len(wechat.double.calls("tags/create")) == 1


def test_doing_it_twice_changes_nothing(wechat: Account, writer: TagWriter) -> None:
    changes = [change(1), change(2, "VIP"), change(3, "VIP", False)]
    first = outcome(list(writer.write(changes)))
    before = [one.shown() for one in wechat.double.followers.values()]
    assert outcome(list(writer.write(changes))) == first == dict.fromkeys(changes)
    assert [one.shown() for one in wechat.double.followers.values()] == before
    assert "oDemo0003" not in tagged(wechat, "VIP")


def test_only_those_whom_wechat_refuses_go_without(
    wechat: Account, writer: TagWriter
) -> None:
    wechat.double.followers["oDemo0007"].is_here = False
    wechat.double.followers["oDemo0009"].tags = list(range(200, 220))
    changes = [change(number) for number in range(12)] + [change(99)]
    found = outcome(list(writer.write(changes)))
    refused = {one.person: error for one, error in found.items() if error}
    assert refused == {
        "oDemo0007": "this person follows no more",
        "oDemo0009": "this person has as many tags as WeChat allows",
        "oDemo0099": "this openid is of another account",
    }
    assert len(tagged(wechat, "R-vip")) == 10


def test_a_tag_is_off_whoever_has_left(wechat: Account, writer: TagWriter) -> None:
    wechat.double.followers["oDemo0001"].is_here = False
    changes = [change(1, "VIP", False), change(3, "VIP", False)]
    assert outcome(list(writer.write(changes))) == dict.fromkeys(changes)


def test_a_tag_that_the_account_does_not_have_is_on_nobody(
    wechat: Account, writer: TagWriter
) -> None:
    changes = [change(1, "R-gone", False)]
    assert outcome(list(writer.write(changes))) == dict.fromkeys(changes)
    assert wechat.double.calls("tags/create") == wechat.double.calls(BATCH) == []


def test_a_name_that_is_too_long_stops_no_other_tag(
    wechat: Account, writer: TagWriter
) -> None:
    bad, good = change(1, "R-十一个字的名字太长了吧"), change(1)
    found = outcome(list(writer.write([bad, good])))
    assert found[good] is None
    assert "too long" in str(found[bad])
    wechat.double.tags |= {number: f"t{number}" for number in range(500, 600)}
    (full,) = writer.write([change(1, "R-new")])
    assert "as many tags as WeChat allows" in str(full.error)


def test_a_tag_whose_making_was_not_answered_is_made_once(
    wechat: Account, writer: TagWriter
) -> None:
    """The second try is told that there is one of that name."""
    wechat.double.fail("silent", path="tags/create")
    assert outcome(list(writer.write([change(1)]))) == {change(1): None}
    assert list(wechat.double.tags.values()).count("R-vip") == 1
    assert tagged(wechat, "R-vip") == {"oDemo0001"}


def test_what_was_done_before_a_failure_is_told(
    wechat: Account, writer: TagWriter
) -> None:
    wechat.double.quota[f"{BATCH}tagging"] = 1
    told = []
    with pytest.raises(SourceUnavailable, match="code 45009"):
        for one in writer.write([change(number) for number in range(60)]):
            told.append(one)
    assert len(outcome(told)) == 50


def test_a_code_for_ever_brings_its_parameter(wechat: Account) -> None:
    maker = code_maker("wechat", wechat.config(), wechat.client())
    made = maker.make("parcel-42", "包裹卡", None)
    assert made.reference is not None
    assert made.url.startswith("http://weixin.qq.com/q/")
    assert made.ends_at is None
    query = parse_qs(urlsplit(str(made.image_url)).query)
    assert query["ticket"] == [made.reference]
    event = wechat.double.scan("oDemo0001", made.reference, 0)
    assert event["EventKey"] == "parcel-42"


def test_a_code_that_ends_says_when(wechat: Account) -> None:
    maker = code_maker("wechat", wechat.config(), wechat.client())
    made = maker.make("sale-1", "", timedelta(days=7))
    assert made.ends_at == NOW + timedelta(days=7)


@pytest.mark.parametrize(
    ("code", "lasts", "said"),
    [
        ("", None, "must have 1 to 64 characters"),
        ("x" * 65, None, "must have 1 to 64 characters"),
        ("x", timedelta(days=31), "within 30 days, or never"),
        ("x", timedelta(0), "within 30 days, or never"),
    ],
)
def test_a_code_that_wechat_cannot_make_is_refused(
    wechat: Account, code: str, lasts: timedelta | None, said: str
) -> None:
    maker = code_maker("wechat", wechat.config(), wechat.client())
    with pytest.raises(SourceRefused, match=said):
        maker.make(code, "", lasts)
    assert wechat.double.seen == []


def test_an_answer_without_a_ticket_is_an_error(wechat: Account) -> None:
    wechat.double.fail_with({"url": "http://weixin.qq.com/q/x"}, path="qrcode")
    maker = code_maker("wechat", wechat.config(), wechat.client())
    with pytest.raises(SourceUnavailable, match="holds no ticket"):
        maker.make("x", "", None)
