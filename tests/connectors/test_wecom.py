"""WeCom's contacts and groups: read round by round while staff work on them."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import SourceUnavailable
from connectors.sandbox.server import Answer, Seen
from connectors.sandbox.wecom import SECRET
from connectors.sandbox.wecom_corp import CORP
from connectors.sandbox.wecom_json import Contact, Member
from tests.connectors.busy_shop import pulled
from tests.connectors.contract import Case, Key, StreamContract, key_of
from tests.connectors.wecom_corp import AT, HOUR, UNTIL, OpenedCorp, corp

PHONE = "13800000001"
BATCH = "batch/get_by_user"


@pytest.fixture
def wecom() -> Iterator[OpenedCorp]:
    with corp() as opened:
        yield opened


@pytest.mark.parametrize("name", ["contacts", "follows", "joins"])
class TestLists(StreamContract):
    """Customers come and go, in the lists of staff and in groups."""

    @pytest.fixture
    def case(self, wecom: OpenedCorp, name: str) -> Case:
        stream, double = wecom.streams()[name], wecom.double
        path = "groupchat/get" if name == "joins" else BATCH

        def move() -> None:
            """Somebody leaves, somebody comes, and whoever is left moves up."""
            gone = double.contacts.pop(0)
            double.contacts.append(Contact(gone.userid, f"wmNew{gone.person}", AT))
            chats = list(double.chats.values())
            left = next(one for one in chats if one.members)
            member = left.members.pop()
            left.members.append(Member(f"wmNew{member.userid}", AT))
            for key in wanted:
                if {gone.person, member.userid} & set(words(key)):
                    case.moved.add(key)

        def refuse() -> None:
            def echo(seen: Seen) -> Answer:
                said = f"not you {seen.query} {seen.body.decode()} {PHONE}"
                return Answer({"errcode": 48002, "errmsg": said})

            double.overrule = echo

        wanted = {
            key_of(stream, record)
            for page in stream.pull(None, UNTIL)
            for record in page.records
        }
        case = Case(
            stream,
            UNTIL,
            None,
            fail=lambda number: double.fail_with(
                {}, 500, times=5, after=number - 1, path=path
            ),
            refuse=refuse,
            secrets=lambda: [SECRET, double.token, PHONE],
            move=move,
        )
        return case


def words(key: Key) -> list[str]:
    """The ids in a key, whichever way it holds them."""
    return re.findall(r"wm\w+", str(key))


def test_a_contact_becomes_a_typed_row(wecom: OpenedCorp) -> None:
    one = Contact("zhangsan", "wmOne", 1767240000, name="林小满", unionid="uOne")
    one.remark, one.description = "小满-VIP", "爱喝绿茶"
    one.mobiles, one.tags = [PHONE], ["et1", "et2", "etGone"]
    wecom.double.contacts = [one]
    (row,) = pulled(wecom.streams()["contacts"])
    who = json.loads(row.pop("more_identifiers"))
    assert [(each["kind"], each["scope"], each["value"]) for each in who] == [
        ("contact", f"{CORP}/zhangsan", "wmOne"),
        ("external_userid", CORP, "wmOne"),
        ("unionid", "", "uOne"),
        ("phone", "", PHONE),
    ]
    assert row == {
        "place": "externalcontact/batch/get_by_user, page 1",
        "problem": None,
        "name": "林小满",
        "gender": None,
        "tags": '{"等级/VIP":null,"R-vip":null,"remark":"小满-VIP",'
        '"description":"爱喝绿茶"}',
        "consents": '{"wecom":true}',
        "registered_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
        "updated_at": datetime(2026, 1, 1, 4, tzinfo=UTC),
    }


def test_a_follow_tells_the_code_and_the_member(wecom: OpenedCorp) -> None:
    wecom.double.contacts = [Contact("lisi", "wmOne", 1767240000, state="store-7")]
    (row,) = pulled(wecom.streams()["follows"])
    assert (row["kind"], row["code"], row["account"]) == ("follow", "store-7", "lisi")
    assert row["interaction_key"] == f"lisi-wmOne-{1767240000 // HOUR}"


@pytest.mark.parametrize("way", [201, 202])
def test_a_contact_that_staff_were_handed_is_no_follow(
    wecom: OpenedCorp, way: int
) -> None:
    wecom.double.contacts = [Contact("lisi", "wmOne", 1767240000, add_way=way)]
    assert pulled(wecom.streams()["follows"]) == []
    assert len(pulled(wecom.streams()["contacts"])) == 1


def test_a_customer_of_two_members_is_two_records(wecom: OpenedCorp) -> None:
    wecom.double.contacts = [
        Contact("lisi", "wmOne", 1767240000, remark="老客"),
        Contact("zhangsan", "wmOne", 1767243600, tags=["et1"]),
    ]
    rows = pulled(wecom.streams(staff_at_once=100)["contacts"])
    assert ["老客" in row["tags"] for row in rows] == [True, False]
    assert len({row["more_identifiers"] for row in rows}) == 2


def test_an_old_answer_that_names_no_member_is_read_one_by_one(
    wecom: OpenedCorp,
) -> None:
    wecom.double.tells_userid = False
    assert all(row["problem"] is None for row in pulled(wecom.streams()["contacts"]))
    several = pulled(wecom.streams(staff_at_once=3)["contacts"])
    assert {row["problem"] for row in several} == {"userid: it is missing"}


def test_members_without_contacts_are_passed_over(wecom: OpenedCorp) -> None:
    wecom.double.contacts = [
        one for one in wecom.double.contacts if one.userid != "lisi"
    ]
    assert len(pulled(wecom.streams()["contacts"])) == 10
    wecom.double.staff = []
    assert pulled(wecom.streams()["contacts"]) == []


def test_a_join_tells_the_code_of_the_group(wecom: OpenedCorp) -> None:
    wecom.double.chats["wrDemo0"].members = [
        Member("zhangsan", 1767240000, kind=1),
        Member("wmOne", 1767240000, unionid="uOne", state="poster-1"),
    ]
    rows = pulled(wecom.streams()["joins"])
    row = rows[0]
    assert (row["kind"], row["code"], row["account"]) == ("join", "poster-1", "wrDemo0")
    assert row["interaction_key"] == f"wrDemo0-wmOne-{1767240000 // HOUR}"
    assert '"uOne"' in row["more_identifiers"]
    assert len(rows) == 7


def test_groups_of_too_many_owners_are_asked_for_by_owner(wecom: OpenedCorp) -> None:
    wanted = pulled(wecom.streams()["joins"])
    wecom.double.most_owners = 2
    assert pulled(wecom.streams()["joins"]) == wanted


def test_a_group_that_was_dissolved_meanwhile_is_passed_over(wecom: OpenedCorp) -> None:
    def dissolve(path: str) -> None:
        if path.endswith("groupchat/get"):
            wecom.double.chats.pop("wrDemo1", None)

    wecom.double.before = dissolve
    assert len(pulled(wecom.streams()["joins"])) == 6


def test_what_happened_before_since_is_left(wecom: OpenedCorp) -> None:
    found = wecom.streams(since=UNTIL)
    assert pulled(found["follows"]) == pulled(found["joins"]) == []
    assert len(pulled(found["contacts"])) == 15


def test_everybody_is_read_again_after_a_day(wecom: OpenedCorp) -> None:
    stream = wecom.streams()["contacts"]
    cursor = [page.cursor for page in stream.pull(None, UNTIL) if page.cursor][-1]
    wecom.double.contacts[0].remark = "新备注"
    day = timedelta(days=1)
    assert pulled(stream, cursor, UNTIL + day - timedelta(seconds=1)) == []
    rows = pulled(stream, cursor, UNTIL + day)
    assert len(rows) == 15
    assert any("新备注" in row["tags"] for row in rows)


def test_a_round_goes_on_behind_the_last_whole_member(wecom: OpenedCorp) -> None:
    stream = wecom.streams()["contacts"]
    pages = stream.pull(None, UNTIL)
    cursor = next(page.cursor for page in pages if page.cursor)
    assert cursor.endswith(" lisi")
    rest = pulled(stream, cursor)
    assert {json.loads(row["more_identifiers"])[0]["scope"] for row in rest} == {
        f"{CORP}/wangwu",
        f"{CORP}/zhangsan",
    }


@pytest.mark.parametrize(
    ("stream", "path", "said"),
    [
        ("contacts", "get_follow_user_list", "holds no follow_user"),
        ("contacts", BATCH, "holds no external_contact_list"),
        ("contacts", "get_corp_tag_list", "holds no tag_group"),
        ("joins", "groupchat/list", "holds no group_chat_list"),
        ("joins", "groupchat/get", "holds no member_list"),
    ],
)
def test_a_missing_list_is_an_error_and_never_an_empty_one(
    wecom: OpenedCorp, stream: str, path: str, said: str
) -> None:
    wecom.double.fail_with({"errcode": 0}, path=path)
    with pytest.raises(SourceUnavailable, match=said):
        pulled(wecom.streams()[stream])


def test_a_cursor_that_does_not_move_is_an_error(wecom: OpenedCorp) -> None:
    body = {"errcode": 0, "group_chat_list": [], "next_cursor": "same"}
    wecom.double.fail_with(body, path="groupchat/list", times=9)
    with pytest.raises(SourceUnavailable, match=r"page 2: .*does not move"):
        pulled(wecom.streams()["joins"])


def test_a_tag_that_the_corp_deleted_is_on_nobody(wecom: OpenedCorp) -> None:
    wecom.double.tags[0].is_deleted = True
    wecom.double.contacts[0].tags = ["et1", "et2"]
    assert '{"R-vip":null}' in [
        row["tags"] for row in pulled(wecom.streams()["contacts"])
    ]


def test_only_configured_streams_are_there(wecom: OpenedCorp) -> None:
    assert list(wecom.streams()) == ["contacts", "follows", "joins", "events"]
    assert list(wecom.streams(streams=["joins"])) == ["joins"]
