"""What law and platforms forbid is found in the files, with its line and a way out."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tasks.accounts import Accounts
from tasks.campaigns import sms_length
from tasks.channels.mail import MailAccount
from tasks.channels.sms import SmsAccount
from tasks.channels.wechat_template import WeChatAccount
from tests.tasks.campaigns.draft import Draft

SMS = "【木叶茶铺】{{ name or '您' }}，好久不见。拒收请回复R\n"
ENGLISH = "【木叶茶铺】We miss you, {{ name or 'friend' }}. Reply R to stop.\n"
REVIEWS = """\
-- Who wrote a review?
select
    reviews.customer_id,
    reviews.review_id as occasion,
    reviews.reviewed_at <= :as_of as was_written
from reviews
where reviews.customer_id is not null
"""
EXAMPLES = """\
examples:
  - name: One
    given:
      reviews: [{review_id: 1, customer_id: 1}, {review_id: 2}]
    gets: [1]
    left_out: {2: not_a_candidate}
"""
COUNTS = (
    *("points", "orders_count", "spent", "reviews_count", "refunds_count"),
    *("open_refunds", "refunded", "interactions_count"),
)
FACTS = {
    **{"customer_id": 1, "language": "zh", "timezone": "UTC"},
    **{"has_email": True, "has_phone": True, "computed_at": "2026-01-01"},
}
REWARD = "  hello:\n    reward: {value: 5, prefix: TEA, budget: {total: 100}}\n"


def mail(**changes: Any) -> MailAccount:
    given = {"host": "h", "sender": "Shop <a@shop.example>"}
    ways_out = {"unsubscribe_url": "https://shop.example/u/{token}"}
    return MailAccount(**given | ways_out | changes)


def sms(**changes: Any) -> SmsAccount:
    templates = {"hello/hello": {"code": "SMS_1", "params": {"n": "name"}}}
    given = {"access_key": "k", "secret": "s", "sign_name": "木叶茶铺"}
    return SmsAccount.model_validate(given | {"templates": templates} | changes)


@pytest.fixture
def draft(undone: Connection, tmp_path: Path) -> Draft:
    return Draft(undone, tmp_path / "hello")


@pytest.fixture
def texted(draft: Draft) -> Draft:
    """The draft, by SMS and then by mail."""
    draft.change("campaign.yaml", "[mail]", "[sms, mail]")
    draft.change("campaign.yaml", "21:00-09:00", "20:00-09:00")
    draft.write("hello.sms.txt", ENGLISH)
    draft.write("hello.sms.zh.txt", SMS)
    return draft


@pytest.fixture
def thanked(draft: Draft) -> Draft:
    """The draft, about reviews and with a reward."""
    draft.write("audience.sql", REVIEWS)
    draft.write("examples.yaml", EXAMPLES)
    draft.change("campaign.yaml", "  away: 90 days\n", "  name: Lin\n")
    draft.change("campaign.yaml", "  hello:\n", REWARD)
    return draft


def test_a_reward_for_any_review_is_right(thanked: Draft) -> None:
    assert thanked.said() == ""


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("    reviews.rating >= 4 as was_pleased,\n", 5),
        ("    rating is not null as has_stars,\n", 5),
        ("    length(reviews.body) > 20 as is_long,\n", 5),
    ],
)
def test_a_reward_must_not_know_what_the_review_says(
    thanked: Draft, written: str, line: int
) -> None:
    rule = "    reviews.reviewed_at <= :as_of as was_written\n"
    thanked.change("audience.sql", rule, written + rule)
    assert f"error audience.sql:{line}: reads " in thanked.said()
    assert "the same for every opinion" in thanked.said()


def test_nor_through_a_star_or_another_name(thanked: Draft) -> None:
    thanked.change("audience.sql", "from reviews", "from (select * from reviews) as r")
    thanked.change("audience.sql", "    reviews.", "    r.")
    thanked.change("audience.sql", "where reviews.", "where r.")
    assert 'error audience.sql:6: reads "*" of reviews' in thanked.said()
    thanked.change("audience.sql", "(select * from reviews) as r", "reviews as r")
    thanked.change("audience.sql", "where", "where r.rating = 5 and")
    assert 'error audience.sql:7: reads "r.rating"' in thanked.said()


def test_what_others_wrote_elsewhere_may_be_read(thanked: Draft) -> None:
    thanked.change(
        "audience.sql",
        "where",
        "where exists (select 1 from interactions as i where i.body is not null) and",
    )
    thanked.change(
        "audience.sql",
        "where exists",
        "where (select count(*) from reviews) > 0 or\nexists",
    )
    assert "of reviews" not in thanked.said()


def test_helping_the_unhappy_is_only_warned_of(thanked: Draft) -> None:
    thanked.change("campaign.yaml", REWARD, "  hello:\n")
    thanked.change("audience.sql", "where", "where reviews.rating < 3 and")
    assert 'warning audience.sql:7: reads "reviews.rating"' in thanked.said()


@pytest.mark.parametrize(
    "asked", ["给个好评吧", "五星 就好", "leave us 5 stars", "a Good Review", "请改评"]
)
def test_nobody_is_asked_for_praise(draft: Draft, asked: str) -> None:
    draft.change("hello.mail.zh.txt", "像给", f"{asked}，像给")
    assert "error hello.mail.zh.txt:5: says " in draft.said()
    draft.change("hello.mail.zh.txt", f"{asked}，像给", "五星级酒店的茶，像给")
    assert draft.said() == ""


def test_a_param_is_part_of_the_words(draft: Draft) -> None:
    draft.change("campaign.yaml", "shop: Our shop", "shop: 满分小店")
    assert 'error campaign.yaml:18: says "满分"' in draft.said()


def test_a_service_message_holds_no_offer(draft: Draft) -> None:
    draft.change("campaign.yaml", "purpose: marketing", "purpose: service")
    draft.change("hello.mail.txt", "short, warm", "short, 20% off,\nwarm")
    draft.change("campaign.yaml", "  hello:\n", REWARD)
    said = draft.said()
    assert 'error hello.mail.txt:5: says "20% off": a service message is' in said
    assert 'error campaign.yaml:14: "steps.hello.reward" is an offer' in said
    assert 'error campaign.yaml:7: "purpose" is "service", and audience.sql' in said


def test_a_template_of_wechat_carries_no_marketing(draft: Draft) -> None:
    draft.change("campaign.yaml", "[mail]", "[wechat_template, mail]")
    draft.write("hello.wechat_template.txt", "x")
    assert 'error campaign.yaml:8: "wechat_template" is for service' in draft.said()


def test_marketing_lets_people_sleep(texted: Draft) -> None:
    assert "quiet_hours" not in texted.said()
    texted.change("campaign.yaml", "20:00-09:00", "21:00-09:00")
    assert '"21:00-09:00": marketing by SMS leaves between 08:00' in texted.said()
    texted.change("campaign.yaml", "21:00-09:00", "none")
    assert 'error campaign.yaml:24: "quiet_hours" is "none"' in texted.said()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sender": "a@shop.example"}, '"mail.shop.sender" is "a@shop.example"'),
        ({"unsubscribe_url": None}, '"mail.shop" has no way out of marketing'),
        ({"unsubscribe_url": "https://shop.example/u"}, "has no {token}"),
    ],
)
def test_mail_names_its_sender_and_can_be_stopped(
    draft: Draft, changes: dict[str, Any], message: str
) -> None:
    assert draft.said({"mail": {"shop": mail()}}) == ""
    assert message in draft.said({"mail": {"shop": mail(**changes)}})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hello.mail.txt", "Subject: x\nHello\nUnsubscribe on our page"),
        (
            "hello.mail.zh.html",
            "<p>您好</p>\n\n<a href='https://shop.example'>退订</a>",
        ),
    ],
)
def test_a_way_out_of_mail_that_knows_nobody_is_warned_of(
    draft: Draft, name: str, words: str
) -> None:
    draft.write(name, words)
    warned = f"warning {name}:3: says"
    assert warned in draft.said()
    assert "without {{ unsubscribe_url }}: only that link" in draft.said()
    draft.write(name, f"{words} {{{{ unsubscribe_url }}}}")
    assert draft.said() == ""


@pytest.mark.parametrize("name", ["hello.sms.txt", "hello.mail.txt"])
def test_only_marketing_by_mail_has_the_link(texted: Draft, name: str) -> None:
    words = "Subject: x\n{{ unsubscribe_url }}"
    if "sms" in name:
        words = ENGLISH.strip() + "\n{{ unsubscribe_url }}"
    else:
        texted.change("campaign.yaml", "purpose: marketing", "purpose: service")
    texted.write(name, words)
    assert (
        f"error {name}:2: {{{{ unsubscribe_url }}}} is for marketing by mail: nothing"
        in texted.said()
    )


def test_an_sms_names_its_sender_and_can_be_stopped(texted: Draft) -> None:
    accounts: Accounts = {"sms": {"shop": sms()}, "mail": {"shop": mail()}}
    texted.write("hello.sms.txt", "We miss you.\n")
    said = texted.said(accounts)
    assert "error hello.sms.txt:1: has no sender: begin with" in said
    assert "error hello.sms.txt:1: has no way out: say how to stop it" in said
    texted.write("hello.sms.zh.txt", "【别家】好久不见。\n退订回T")
    said = texted.said(accounts)
    assert 'hello.sms.zh.txt:1: is signed "别家", and channels.yaml' in said
    assert "hello.sms.zh.txt:2: has no way out: must end with 拒收请回复R" in said
    texted.write("hello.sms.txt", "【木叶茶铺】Hello. To unsubscribe reply STOP.")
    assert "hello.sms.txt" not in texted.said().replace("note hello.sms.txt", "")


def test_a_notice_by_sms_has_no_way_out(texted: Draft) -> None:
    texted.change("campaign.yaml", "purpose: marketing", "purpose: service")
    assert 'hello.sms.zh.txt:1: "拒收请回复R" is for marketing' in texted.said()


def test_the_length_of_an_sms_is_told_with_its_price(texted: Draft) -> None:
    account = sms(price=Decimal("0.045"))
    accounts: Accounts = {"sms": {"shop": account}, "mail": {"shop": mail()}}
    texted.write("hello.sms.zh.txt", f"【木叶茶铺】{'茶' * 60}拒收请回复R\n")
    said = texted.said(accounts)
    assert (
        "note hello.sms.zh.txt: at most 72 characters (UCS-2) in the examples: 2 SMS,"
        " 0.090 CNY each; 2 fewer would be one SMS less" in said
    )
    texted.write("hello.sms.zh.txt", f"【木叶茶铺】{'茶' * 600}拒收请回复R\n")
    assert "error hello.sms.zh.txt: is 612 characters long" in texted.said(accounts)


@pytest.mark.parametrize(
    ("letters", "alphabet", "segments"),
    [
        *[("茶" * n, "UCS-2", s) for n, s in ((70, 1), (71, 2), (134, 2), (135, 3))],
        *[("茶" * n, "UCS-2", s) for n, s in ((201, 3), (202, 4), (160, 3))],
        *[("a" * n, "GSM-7", s) for n, s in ((160, 1), (161, 2), (306, 2), (307, 3))],
        *[("€" * n, "GSM-7", s) for n, s in ((80, 1), (81, 2))],
        *[("🍵" * n, "UCS-2", s) for n, s in ((35, 1), (36, 2))],
    ],
)
def test_segments_are_counted_as_providers_do(
    letters: str, alphabet: str, segments: int
) -> None:
    length = sms_length.measure(letters)
    assert (length.alphabet, length.segments) == (alphabet, segments)
    shorter = sms_length.SmsLength(alphabet, length.characters - length.surplus)
    assert shorter.segments == max(1, segments - 1)


def test_a_channel_without_an_account_is_passed_over_and_said(texted: Draft) -> None:
    said = texted.said({"mail": {"shop": mail()}})
    assert said == (
        'note campaign.yaml:8: channels.yaml has no account of "sms"; it is passed '
        'over; "mail" goes first\n'
        "note hello.sms.txt: at most 44 characters (UCS-2) in the examples: 1 SMS\n"
        "note hello.sms.zh.txt: at most 25 characters (UCS-2) in the examples: 1 SMS"
    )
    assert texted.check({"mail": {"shop": mail()}}).is_right
    said = texted.said({})
    assert "warning campaign.yaml:8: none of its channels is open" in said


def test_what_a_provider_needs_a_template_for_is_missed_before_it_is_sent(
    texted: Draft,
) -> None:
    good: Accounts = {"sms": {"shop": sms()}}
    assert "template" not in texted.said(good)
    none: Accounts = {"sms": {"shop": sms(templates={})}}
    assert 'has no template "hello/hello" in channels.yaml' in texted.said(none)
    wrong = {"hello/hello/zh": {"code": "SMS_1", "params": {"n": "nam"}}}
    said = texted.said({"sms": {"shop": sms(templates=wrong)}})
    assert 'has only hello/hello/zh in channels.yaml: other languages need "' in said
    assert (
        'with "nam", which is no column of audience.sql; did you mean "name"?' in said
    )


def test_the_templates_of_wechat_are_asked_for_too(draft: Draft) -> None:
    draft.change("campaign.yaml", "purpose: marketing", "purpose: service")
    draft.change("campaign.yaml", "[mail]", "[wechat_template]")
    draft.write("hello.wechat_template.txt", "x")
    templates = {"hello/hello": {"id": "t", "data": {"thing1": "nme"}}}
    account = WeChatAccount.model_validate(
        {"app_id": "a", "secret": "s", "templates": templates}
    )
    said = draft.said({"wechat_template": {"main": account}})
    assert 'with "nme", which is no column of audience.sql; did you mean' in said


def test_marketing_that_nobody_agreed_to_is_warned_of(draft: Draft) -> None:
    assert "agreed" not in draft.said()
    draft.connection.execute(
        text(
            "insert into customer_facts select (jsonb_populate_record("
            "null::customer_facts, cast(:facts as jsonb))).*"
        ),
        {"facts": json.dumps(dict.fromkeys(COUNTS, 0) | FACTS)},
    )
    said = draft.said()
    assert 'warning campaign.yaml:8: nobody has agreed to marketing by "email"' in said
    draft.connection.execute(
        text(
            "with one as (insert into identifiers (kind, scope, value) values"
            " ('email', '', 'a@x.example') returning identifier_id)"
            " insert into consents (identifier_id, channel, purpose, is_granted,"
            " source, evidence, decided_at) select identifier_id, 'email',"
            " 'marketing', true, 'shop', 'sign-up', now() from one"
        )
    )
    assert "agreed" not in draft.said()


def test_a_reward_is_printed_by_its_own_step_only(draft: Draft) -> None:
    draft.change("hello.mail.txt", "short, warm", "short, {{ reward.code }}, warm")
    assert (
        "error hello.mail.txt:5: {{ reward }} is used, and its step in campaign.yaml "
        "has none" in draft.said()
    )
    draft.change("campaign.yaml", "  hello:\n", REWARD)
    assert draft.said() == ""
