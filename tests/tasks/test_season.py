"""Four weeks of a small shop: every campaign reaches whom it should, and when."""

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from connectors.sandbox.mail import MailDouble
from connectors.sandbox.sms import SmsDouble
from tasks import database
from tasks.delivery import ledger
from tests.tasks.season import FIRST_NOON, Season, noon

LAST_DAY = 26
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Day: what happens on its morning.
Story = dict[int, list[Callable[[Season], object]]]

CHANGES = {
    "season_launch": {
        "starts_on": noon(0).date(),
        "ends_on": noon(60).date(),
        "params": {"begins": noon(10).date(), "season": "spring_2026"},
        "steps": {"launch": {"after": "14 days", "unless": "goal"}},
    },
}


@pytest.fixture(scope="module")
def season(
    server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Season]:
    home = tmp_path_factory.mktemp("season")
    patch = pytest.MonkeyPatch()
    patch.setenv("REGULARS_HOME", str(home))
    patch.setenv("REGULARS_CAMPAIGNS", str(home / "campaigns"))
    from tasks.settings import settings

    settings.cache_clear()
    with (
        database.scratch("season", server_url) as address,
        MailDouble() as double,
        SmsDouble() as phones,
    ):
        shop = Season(database.engine(address), home, double, phones)
        shop.open_all(CHANGES)
        before(shop)
        story = during()
        for day in range(LAST_DAY + 1):
            for happening in story.get(day, []):
                happening(shop)
            shop.pass_day(day)
        yield shop
        shop.engine.dispose()
    patch.undo()
    settings.cache_clear()


def before(shop: Season) -> None:
    """Who they are when the season begins."""
    for name in ("Parcel", "Writer", "Returner"):
        shop.person(name)
        shop.order(name, -3)
    shop.person("Phoned", "buyer", "phone")
    shop.order("Phoned", -3)
    shop.person("Visitor", language="en")
    shop.order("Visitor", -3)
    for name in ("Steady", "Early"):
        shop.person(name)
        for day in (-82, -52, -22):
            shop.order(name, day, day + 3)
    for name in ("Praise", "Blame", "Platform"):
        shop.person(name)
        shop.order(name, -40, -36)
    for name in ("Gone", "Back", "Angry"):
        shop.person(name)
        for day in (-175, -145, -115):
            shop.order(name, day, day + 3)
    shop.person("Market", "buyer")
    shop.order("Market", -8, -5, source="taobao_main")
    shop.person("Parent")
    shop.order("Parent", -100, -97)
    shop.add(
        "tags",
        customer_id=shop.people["Parent"],
        tag="child_birthday",
        value="2025-03-08",
        origin="staff",
        source="desk",
        tagged_at=noon(-100),
        given_to=shop.people["Parent"],
    )
    shop.person("Birthday", birthday="1988-03-09")
    shop.order("Birthday", -100, -97)
    shop.person("Fond")
    for day in (-150, -110, -70, -35):
        shop.order("Fond", day, day + 3, title="Green tea")
    shop.person("Wanted", birthday="1988-03-12")
    for day in (-107, -77, -47, -17):
        shop.order("Wanted", day, day + 2, title="Green tea")
    shop.person("Casual")
    for day in (-60, -36):
        shop.order("Casual", day, day + 3, title="Red tea")
    for name, code in (("Fond", "fond1"), ("Casual", "casual1")):
        shop.add("codes", code=code, channel="friends", created_at=noon(-9),
                 referrer_identifier_id=identifier(shop, name))  # fmt: skip


def during() -> Story:
    """What happens in it."""
    return {
        1: [arrives(name) for name in ("Parcel", "Writer", "Returner")]
        + [arrives("Phoned"), arrives("Visitor")],
        2: [
            reviews("Praise", 5, "shop"),
            reviews("Blame", 1, "shop"),
            reviews("Platform", 5, "taobao_main"),
        ],
        3: [lambda shop: shop.person("Friend"), comes_by_code("Friend", "fond1")],
        4: [
            says("Writer", "message"),
            lambda shop: shop.order("Early", 4),
            lambda shop: shop.order("Friend", 3.9, 4),
        ],
        6: [refund("Returner")],
        8: [reviews("Wanted", 4, "shop", day=7.9)],
        10: [lambda shop: shop.order("Back", 9.9)],
        12: [refund("Angry")],
    }


def arrives(name: str) -> Callable[[Season], object]:
    return lambda shop: shop.rows(
        "update orders set status = 'finished', finished_at = :at, updated_at = :at"
        " where customer_id = :id returning 1",
        **{"id": shop.people[name], "at": noon(0.9)},
    )


def reviews(
    name: str, rating: int, source: str, day: float = 1.9
) -> Callable[[Season], object]:
    return lambda shop: shop.add(
        "reviews",
        **{"source": source, "review_number": name, "rating": rating},
        **{"reviewed_at": noon(day), "updated_at": noon(day)},
        customer_id=shop.people[name],
    )


def says(name: str, kind: str) -> Callable[[Season], object]:
    return lambda shop: shop.add(
        "interactions",
        **{"source": "shop", "kind": kind, "interaction_key": name},
        **{"happened_at": noon(3.9), "customer_id": shop.people[name]},
    )


def comes_by_code(name: str, code: str) -> Callable[[Season], object]:
    return lambda shop: shop.add(
        "interactions",
        **{"source": "shop", "kind": "scan", "interaction_key": f"scan {name}"},
        **{"happened_at": noon(2.9), "customer_id": shop.people[name], "code": code},
    )


def refund(name: str) -> Callable[[Season], object]:
    return lambda shop: shop.add(
        "refunds",
        **{"source": "shop", "refund_number": name, "status": "open"},
        **{"requested_at": noon(5.9), "updated_at": noon(5.9), "currency": "CNY"},
        **{"amount": 90, "customer_id": shop.people[name]},
    )


def identifier(shop: Season, name: str) -> int:
    ((found,),) = shop.rows(
        "select min(identifier_id) from identifiers where customer_id = :id",
        id=shop.people[name],
    )
    return int(found)


def test_post_purchase_thanks_on_arrival_and_asks_after_a_week(season: Season) -> None:
    assert season.got("Parcel") == [
        (1, "post_purchase/thanks", "mail"),
        (8, "post_purchase/care", "mail"),
    ]


def test_post_purchase_asks_nobody_who_wrote_or_sends_it_back(season: Season) -> None:
    assert season.got("Writer") == [(1, "post_purchase/thanks", "mail")]
    assert season.why_not("Writer", "post_purchase/care") == ["replied"]
    assert season.got("Returner") == [(1, "post_purchase/thanks", "mail")]


def test_refill_keeps_to_the_personal_rhythm(season: Season) -> None:
    assert season.got("Steady") == [(5, "refill/refill", "mail")]


def test_refill_is_not_for_those_who_have_just_ordered(season: Season) -> None:
    assert (5, "refill/refill", "mail") not in season.got("Early")


def test_review_thanks_are_the_same_for_praise_and_blame(season: Season) -> None:
    expected = [(3, "review_thanks/thanks", "mail")]
    assert season.got("Praise") == season.got("Blame") == expected
    assert season.got("Platform") == []


def test_season_launch_goes_in_waves_to_those_whose_taste_it_is(
    season: Season,
) -> None:
    fond = [one for one in season.got("Fond") if one[1].startswith("season")]
    casual = [one for one in season.got("Casual") if one[1].startswith("season")]
    assert fond == [
        (10, "season_launch/likes", "mail"),
        (24, "season_launch/launch", "mail"),
    ]
    assert casual == [
        (12, "season_launch/likes", "mail"),
        (26, "season_launch/launch", "mail"),
    ]
    assert not any("season" in what for _, what, _ in season.got("Parcel"))


def test_win_back_comes_twice_and_ends_when_they_are_back(season: Season) -> None:
    assert season.got("Gone") == [
        (5, "win_back/reminder", "mail"),
        (19, "win_back/last", "mail"),
    ]
    assert season.got("Back") == [(5, "win_back/reminder", "mail")]
    assert season.got("Angry") == [(5, "win_back/reminder", "mail")]


def test_join_us_is_a_task_for_a_colleague(season: Season) -> None:
    assert season.got("Market") == [(2, "join_us/invite", "worklist")]


def test_life_stage_follows_the_child(season: Season) -> None:
    assert season.got("Parent") == [(6, "life_stage/grown", "mail")]


def test_birthday_wishes_come_on_the_day(season: Season) -> None:
    assert season.got("Birthday") == [(7, "birthday/wishes", "mail")]


def test_referral_gives_codes_to_the_fond_and_thanks_when_a_friend_came(
    season: Season,
) -> None:
    told = [one for one in season.got("Fond") if one[1].startswith("referral")]
    assert told == [
        (0, "referral/invite", "mail"),
        (14, "referral_thanks/thanks", "mail"),
    ]
    assert not any("referral" in what for _, what, _ in season.got("Casual"))


def test_whom_many_want_gets_one_a_day_and_three_a_week(season: Season) -> None:
    told = [one for one in season.got("Wanted") if one[0] < 17]
    assert told == [
        (9, "review_thanks/thanks", "mail"),
        (10, "birthday/wishes", "mail"),
        (11, "season_launch/likes", "mail"),
    ]
    assert season.why_not("Wanted", "refill/refill") == ["frequency_cap"]


def test_rewards_are_set_aside_within_their_budgets(season: Season) -> None:
    found = season.rows(
        "select rewards.campaign, count(*), count(distinct code) from rewards"
        " inner join touch on touch.touch_id = rewards.touch_id"
        " where voided_at is null group by 1 order by 1"
    )
    assert [tuple(row) for row in found] == [
        *(("birthday", 2, 2), ("referral_thanks", 1, 1)),
        *(("review_thanks", 3, 3), ("win_back", 4, 4)),
    ]


def test_nobody_is_written_to_more_often_than_the_shop_allows(season: Season) -> None:
    found = season.rows(
        "select count(*) from touch as one inner join campaign_runs as runs on"
        " one.campaign_run_id = runs.campaign_run_id and runs.purpose = 'marketing'"
        " inner join touch as other on one.customer_id = other.customer_id"
        " inner join campaign_runs as others on other.campaign_run_id ="
        " others.campaign_run_id and others.purpose = 'marketing' and others.as_of"
        " between runs.as_of and runs.as_of + interval '7 days'"
        " where one.decision = 'planned' and other.decision = 'planned'"
        " group by one.touch_id having count(*) > 3"
    )
    assert list(found) == []


def test_the_ledger_adds_up_and_every_mail_left_once(season: Season) -> None:
    with season.engine.begin() as connection:
        assert ledger.check(connection) == []
    keys = [one.key for one in season.double.taken]
    ((accepted,),) = season.rows(
        "select count(*) from touch_state where state = 'accepted' and channel = 'mail'"
    )
    assert len(keys) == len(set(keys)) == accepted > 20
    ((runs,),) = season.rows("select count(*) from campaign_runs")
    assert runs > 200 and FIRST_NOON.hour == 12


def test_every_step_of_every_campaign_reaches_those_it_is_for(season: Season) -> None:
    reached = season.reached()
    steps = {f"{one.name}/{s.name}" for one in season.campaigns for s in one.steps}
    assert set(reached) == steps
    assert reached == {
        "birthday/wishes": {"Birthday", "Wanted"},
        "join_us/invite": {"Market"},
        "life_stage/grown": {"Parent"},
        "post_purchase/care": {"Friend", "Parcel", "Phoned", "Visitor"},
        "post_purchase/thanks": {
            *("Friend", "Parcel", "Phoned", "Returner", "Visitor", "Writer")
        },
        "referral/invite": {"Fond"},
        "referral_thanks/thanks": {"Fond"},
        "refill/refill": {"Fond", "Steady"},
        "review_thanks/thanks": {"Blame", "Praise", "Wanted"},
        "season_launch/launch": {"Casual", "Fond", "Wanted"},
        "season_launch/likes": {"Casual", "Fond", "Wanted"},
        "win_back/last": {"Gone"},
        "win_back/reminder": {"Angry", "Back", "Gone"},
    }


def test_who_has_no_mail_address_gets_an_sms(season: Season) -> None:
    assert season.got("Phoned") == [
        (1, "post_purchase/thanks", "sms"),
        (8, "post_purchase/care", "sms"),
    ]
    number = f"138{season.people['Phoned']:08d}"
    assert [one["PhoneNumbers"] for one in season.phones.sent] == [number] * 2


def test_each_is_written_to_in_her_language(season: Season) -> None:
    found = [(one.recipient, letter(one.content)) for one in season.double.taken]
    of_visitor = [told for who, told in found if who == "visitor@mail.example"]
    assert [told["Subject"] for told in of_visitor] == [
        "Thank you – did everything arrive safely?",
        "A week on – is everything all right?",
    ]
    others = [told for who, told in found if who != "visitor@mail.example"]
    assert all(CHINESE.search(told["Subject"]) for told in others)


def test_marketing_by_mail_shows_a_way_out_and_service_none(season: Season) -> None:
    marketing = {one.name for one in season.campaigns if one.purpose == "marketing"}
    found = season.rows("select key, campaign from touch where channel = 'mail'")
    campaign = {key: name for key, name in found}
    for taken in season.double.taken:
        for kind in ("plain", "html"):
            part = letter(taken.content).get_body((kind,))
            assert part is not None
            is_shown = "mailto:stop@shop.example" in part.get_content()
            assert is_shown is (campaign[taken.key] in marketing)


def letter(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)


def test_the_files_are_those_that_are_shipped(season: Season) -> None:
    assert len(season.campaigns) == len(list(Path(season.root).glob("*/audience.sql")))
