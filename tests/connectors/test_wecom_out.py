"""What goes out to WeCom: corp tags on contacts, and codes to scan."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.base import SourceRefused, SourceUnavailable, TagChange, TagWriter
from connectors.sandbox.wecom_corp import CORP
from connectors.sandbox.wecom_json import Contact, Tag
from connectors.wecom import code_maker, tag_writer
from connectors.wecom.codes import WeComCodes
from tests.connectors.busy_shop import pulled
from tests.connectors.test_wechat_out import outcome
from tests.connectors.wecom_corp import AT, NOW, OpenedCorp, corp

NO_MEMBER = "no member of staff has this person as a contact any more"


@pytest.fixture
def wecom() -> Iterator[OpenedCorp]:
    with corp() as opened:
        yield opened


@pytest.fixture
def writer(wecom: OpenedCorp) -> TagWriter:
    return tag_writer("wecom", wecom.config(), wecom.client())


def change(number: int, tag: str = "R-vip", is_added: bool = True) -> TagChange:
    return TagChange(f"wmDemo{number:04d}", tag, is_added)


def worn(wecom: OpenedCorp, person: str) -> list[list[str]]:
    """The names of the tags that each member sees on a person."""
    names = {one.number: one.name for one in wecom.double.tags}
    return [
        sorted(names[tag] for tag in one.tags)
        for one in wecom.double.contacts
        if one.person == person
    ]


def test_it_knows_whom_it_writes_to(writer: TagWriter) -> None:
    assert (writer.kind, writer.scope) == ("external_userid", CORP)


def test_every_member_sees_the_tags_of_a_person(
    wecom: OpenedCorp, writer: TagWriter
) -> None:
    wecom.double.contacts.append(Contact("lisi", "wmDemo0001", AT))
    wecom.double.contacts[0].tags = ["et1", "et2"]
    changes = [change(1), change(1, "R-new"), change(0, "R-vip", False)]
    assert outcome(list(writer.write(changes))) == dict.fromkeys(changes)
    assert worn(wecom, "wmDemo0001") == [["R-new", "R-vip"]] * 2
    assert worn(wecom, "wmDemo0000") == [["VIP"]]
    assert len(wecom.double.calls("mark_tag")) == 3
    (made,) = [one for one in wecom.double.tags if one.name == "R-new"]
    assert made.group == "Regulars"


def test_doing_it_twice_changes_nothing(wecom: OpenedCorp, writer: TagWriter) -> None:
    changes = [change(1), change(2, "R-other"), change(3, is_added=False)]
    list(writer.write(changes))
    before = [list(one.tags) for one in wecom.double.contacts], len(wecom.double.tags)
    assert outcome(list(writer.write(changes))) == dict.fromkeys(changes)
    after = [list(one.tags) for one in wecom.double.contacts], len(wecom.double.tags)
    assert after == before


def test_a_tag_of_staff_with_the_same_name_is_left_alone(
    wecom: OpenedCorp, writer: TagWriter
) -> None:
    wecom.double.tags = [Tag("et9", "等级", "R-vip")]
    wecom.double.contacts[0].tags = ["et9"]
    changes = [change(1), change(0, is_added=False)]
    assert outcome(list(writer.write(changes))) == dict.fromkeys(changes)
    assert wecom.double.contacts[0].tags == ["et9"]
    assert wecom.double.contacts[1].tags != ["et9"]


def test_whom_no_member_has_any_more_goes_without(
    wecom: OpenedCorp, writer: TagWriter
) -> None:
    gone, odd = change(77), TagChange("nobody", "R-vip")
    off = change(78, is_added=False)
    found = outcome(list(writer.write([gone, odd, off, change(1)])))
    assert found == {gone: NO_MEMBER, odd: NO_MEMBER, off: None, change(1): None}


def test_a_member_who_lost_the_contact_meanwhile_is_passed_over(
    wecom: OpenedCorp, writer: TagWriter
) -> None:
    wecom.double.contacts.append(Contact("lisi", "wmDemo0001", AT))

    def end(path: str) -> None:
        """Wangwu loses everybody before the first mark."""
        if path.endswith("mark_tag"):
            left = [one for one in wecom.double.contacts if one.userid != "wangwu"]
            wecom.double.contacts = left

    wecom.double.before = end
    assert outcome(list(writer.write([change(1)]))) == {change(1): None}
    assert worn(wecom, "wmDemo0001") == [["R-vip"]]


def test_a_name_that_is_too_long_stops_no_other_tag(
    wecom: OpenedCorp, writer: TagWriter
) -> None:
    bad = change(1, "R-" + "长" * 30)
    found = outcome(list(writer.write([bad, change(1)])))
    assert found[change(1)] is None
    assert "too long" in str(found[bad])


def test_what_was_done_before_a_failure_is_told(
    wecom: OpenedCorp, writer: TagWriter
) -> None:
    wecom.double.fail_with({"errcode": -1}, path="mark_tag", times=9, after=2)
    told = []
    with pytest.raises(SourceUnavailable, match="code -1"):
        for one in writer.write([change(number) for number in range(5)]):
            told.append(one)
    assert len(outcome(told)) == 2


def test_what_was_pushed_comes_back_under_its_own_name(
    wecom: OpenedCorp, writer: TagWriter
) -> None:
    list(writer.write([change(0)]))
    rows = pulled(wecom.streams()["contacts"])
    row = next(one for one in rows if "wmDemo0000" in one["more_identifiers"])
    assert row["tags"] == '{"R-vip":null}'


def maker(wecom: OpenedCorp, *staff: str) -> WeComCodes:
    found = code_maker("wecom", wecom.config(code_staff=staff), wecom.client())
    assert found is not None
    return found


@pytest.mark.parametrize("tells_drawing", [True, False])
@pytest.mark.parametrize("staff", [("lisi",), ("lisi", "wangwu")])
def test_a_code_brings_its_state(
    wecom: OpenedCorp, staff: tuple[str, ...], tells_drawing: bool
) -> None:
    wecom.double.tells_drawing = tells_drawing
    made = maker(wecom, *staff).make("parcel-42", "包裹卡" * 20, timedelta(days=1))
    assert made.reference is not None
    assert (
        made.image_url == made.url == f"https://wework.qpic.cn/wwpic/{made.reference}"
    )
    assert made.ends_at is None
    wecom.double.scan(made.reference, "wmNew", AT)
    rows = pulled(wecom.streams()["follows"], until=NOW)
    (row,) = [one for one in rows if "wmNew" in one["interaction_key"]]
    assert row["code"] == "parcel-42"


def test_an_old_answer_lists_the_one_way(wecom: OpenedCorp) -> None:
    wecom.double.tells_drawing = False
    body = {"errcode": 0, "contact_way": [{"qr_code": "https://q.cn/1"}]}
    wecom.double.fail_with(body, path="get_contact_way")
    assert maker(wecom, "lisi").make("x", "", None).url == "https://q.cn/1"


def test_a_code_that_wecom_cannot_make_is_refused(wecom: OpenedCorp) -> None:
    for code in ("", "x" * 31):
        with pytest.raises(SourceRefused, match="1 to 30 characters"):
            maker(wecom, "lisi").make(code, "", None)
    assert wecom.double.seen == []
    with pytest.raises(SourceRefused, match="code 40058"):
        maker(wecom, "nobody").make("x", "", None)
    assert code_maker("wecom", wecom.config()) is None


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("add_contact_way", "holds no config_id"),
        ("get_contact_way", "holds no qr_code"),
    ],
)
def test_an_answer_without_a_code_is_an_error(
    wecom: OpenedCorp, path: str, said: str
) -> None:
    wecom.double.tells_drawing = False
    wecom.double.fail_with({"errcode": 0, "contact_way": []}, path=path)
    with pytest.raises(SourceUnavailable, match=said):
        maker(wecom, "lisi").make("x", "", None)
