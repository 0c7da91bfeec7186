"""A plan pays for every SMS of a message, by the words that each customer gets."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tasks.accounts import Accounts
from tasks.campaigns import audience
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.campaign import Campaign
from tasks.campaigns.preview import preview
from tasks.channels.mail import MailAccount
from tasks.channels.sms import SmsAccount
from tasks.planning import pieces, rehearsal
from tasks.planning.plan import Planned, plan
from tests.ledger_world import AUDIENCE, NOON, campaign, people

pytestmark = pytest.mark.usefixtures("home")
# 60 letters beside the name: up to 10 letters of a name are one SMS, 74 are two.
CHINESE = "【木叶茶铺】" + "茶" * 48 + "{{ name }}拒收请回复R\n"
ENGLISH = "【木叶茶铺】" + "t" * 90 + " {{ name }} Reply R to stop\n"


def sms(price: str = "0.05", **changes: Any) -> Accounts:
    given = {"access_key": "k", "secret": "s", "sign_name": "木叶茶铺", "templates": {}}
    account = SmsAccount.model_validate(given | {"price": price} | changes)
    return {"sms": {"shop": account}}


def texting(root: Path, **changes: Any) -> Campaign:
    """A campaign by SMS in Chinese and, to all others, in English."""
    given = {"channels": "sms"} | changes
    made = campaign(root, **given)
    for step in made.steps:
        (made.folder / f"{step.name}.sms.txt").write_text(ENGLISH)
        (made.folder / f"{step.name}.sms.zh.txt").write_text(CHINESE)
    return campaigns.load(made.folder)


def named(engine: Engine, *names: str, language: str | None = "zh") -> None:
    """Customers of these names, who agreed to SMS."""
    with engine.begin() as connection:
        ids = people(connection, len(names), consent="sms", kinds={"phone": "86138{8}"})
        for customer, name in zip(ids, names, strict=True):
            connection.execute(
                text(
                    "update customers set name = :name, language = :language"
                    " where customer_id = :id"
                ),
                {"name": name, "language": language, "id": customer},
            )


def costs(engine: Engine) -> list[Decimal | None]:
    with engine.begin() as connection:
        return list(
            connection.execute(
                text("select cost from touch order by customer_id, touch_id")
            ).scalars()
        )


def rehearsed(engine: Engine, one: Campaign, known: Accounts) -> Decimal:
    with engine.connect() as connection:
        found = audience.candidates(connection, one, NOON).in_audience
        shown = rehearsal.rehearse(connection, one, NOON, known, found)
        connection.rollback()
    return shown.cost


def planned(engine: Engine, one: Campaign, known: Accounts | None = None) -> Planned:
    return plan(engine, one, NOON, known_accounts=known or sms())


def test_each_message_costs_as_many_sms_as_it_is(
    engine: Engine, tmp_path: Path
) -> None:
    named(engine, "林", "林" * 10, "林" * 11, "林" * 74, "林" * 75)
    one = texting(tmp_path)
    assert rehearsed(engine, one, sms()) == Decimal("0.45")
    assert planned(engine, one).cost == Decimal("0.45")
    each = [Decimal("0.05") * number for number in (1, 1, 2, 2, 3)]
    assert costs(engine) == each


def test_the_words_of_the_customers_language_count(
    engine: Engine, tmp_path: Path
) -> None:
    for language in ("zh", "zh-TW", None, "en", "fr"):
        named(engine, "Lin", language=language)
    planned(engine, texting(tmp_path))
    # Who has no language is written in the shop's.
    assert costs(engine) == [Decimal("0.05") * number for number in (1, 1, 1, 2, 2)]


def test_a_budget_is_spent_by_the_sms(engine: Engine, tmp_path: Path) -> None:
    named(engine, *["林" * 20] * 3)
    run = planned(engine, texting(tmp_path, more="budget: {total: 0.20}"))
    assert run.decisions == {("planned", None): 2, ("skipped", "budget"): 1}
    assert run.cost == Decimal("0.20")


def test_each_step_has_its_own_words(engine: Engine, tmp_path: Path) -> None:
    named(engine, "林" * 11)
    steps = {"hello": "0 days", "again": "0 days"}
    one = texting(tmp_path, steps=steps, purpose="service")
    (one.folder / "again.sms.zh.txt").write_text("【木叶茶铺】又到春天。拒收请回复R\n")
    planned(engine, campaigns.load(one.folder))
    assert sorted(map(str, costs(engine))) == ["0.05", "0.10"]


def test_a_reward_is_added_to_all_the_sms(engine: Engine, tmp_path: Path) -> None:
    named(engine, "林" * 11)
    reward = "0 days, reward: {value: 5, prefix: TEA, budget: {total: 9}}"
    assert planned(engine, texting(tmp_path, steps={"hello": reward})).cost == (
        Decimal("5.10")
    )


def test_beyond_too_many_lengths_the_dearest_counts(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(engine, "林", "林" * 20, "林" * 80)
    monkeypatch.setattr(pieces, "MOST", 2)
    planned(engine, texting(tmp_path))
    assert costs(engine) == [Decimal("0.05") * number for number in (3, 2, 3)]


def test_a_missing_value_is_a_length_of_its_own(engine: Engine, tmp_path: Path) -> None:
    named(engine, "林", "")
    asked = AUDIENCE.replace("customers.name", "nullif(customers.name, '') as name")
    one = texting(tmp_path, audience=asked)
    (one.folder / "hello.sms.zh.txt").write_text(
        CHINESE.replace("{{ name }}", "{{ name or '尊敬的老顾客和新朋友们' }}")
    )
    planned(engine, campaigns.load(one.folder))
    assert costs(engine) == [Decimal("0.05"), Decimal("0.10")]


def test_a_mail_costs_the_same_however_long(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        people(connection, 2)
    one = campaign(tmp_path)
    (one.folder / "hello.mail.txt").write_text(f"Subject: x\n{'茶' * 900}\n")
    shop = MailAccount(host="h", sender="S <s@s.example>", price=Decimal("0.05"))
    run = planned(engine, campaigns.load(one.folder), {"mail": {"shop": shop}})
    assert run.cost == Decimal("0.10")


def test_a_preview_tells_how_many_sms_a_message_is(
    engine: Engine, tmp_path: Path
) -> None:
    named(engine, "Lin", language="en")
    with engine.connect() as connection:
        shown = preview(connection, texting(tmp_path), NOON, sms())
        connection.rollback()
    told = [one.length for one in shown.samples]
    assert told == ["116 characters, 2 SMS, 0.10 CNY"]
