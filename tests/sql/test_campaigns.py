"""Every campaign that is shipped is right, and its page explains every key."""

import re
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection

import sql
from tasks import channels
from tasks.accounts import Accounts
from tasks.campaigns import campaign, campaign_check
from tasks.campaigns.campaign_file import CampaignFile, Goal, StepFile
from tasks.campaigns.examples_file import Example, ExamplesFile
from tasks.campaigns.money_file import Budget, Limit, Reward
from tasks.campaigns.words import Words
from tasks.planning.policies import Policies

CHINESE = re.compile(r"[\u4e00-\u9fff]")
MARKUP = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
AS_OF = datetime(2026, 3, 10, 9, tzinfo=UTC)
SHIPPED = [*campaign.folders(Path(str(sql.folder("campaigns"))))]


def test_the_campaigns_that_a_shop_begins_with_are_there() -> None:
    assert [one.name for one in SHIPPED] == [
        *("birthday", "join_us", "life_stage", "post_purchase", "referral"),
        *("referral_thanks", "refill", "review_thanks", "season_launch", "win_back"),
    ]
    enabled = [one.name for one in SHIPPED if campaign.load(one).enabled]
    assert enabled == ["post_purchase"]


@pytest.mark.parametrize("folder", SHIPPED, ids=[one.name for one in SHIPPED])
def test_it_passes_its_own_check(undone: Connection, folder: Path) -> None:
    checked = campaign_check.check(undone, folder, AS_OF, accounts(folder))
    assert [str(one) for one in checked.problems if one.severity != "note"] == []
    assert [str(one.place) for one in checked.differences] == []
    assert checked.examples_passed > 0


@pytest.mark.parametrize("folder", SHIPPED, ids=[one.name for one in SHIPPED])
def test_every_mail_is_there_in_chinese_and_english(folder: Path) -> None:
    loaded = campaign.load(folder)
    words = Words.load(loaded)
    for step in loaded.steps:
        if "mail" in loaded.channels:
            for language in ("", "zh"):
                message = words.messages[step.name, "mail", language]
                assert message.subject is not None and message.html is not None


@pytest.mark.parametrize("folder", SHIPPED, ids=[one.name for one in SHIPPED])
def test_other_channels_speak_chinese_and_english_too(folder: Path) -> None:
    loaded = campaign.load(folder)
    words = Words.load(loaded)
    for step, channel in product(loaded.steps, loaded.channels):
        own, chinese = (words.messages[step.name, channel, one] for one in ("", "zh"))
        assert CHINESE.search(folder.joinpath(chinese.text.file.name).read_text())
        said = MARKUP.sub("", own.text.file.read_text())
        assert not CHINESE.search(said), f"{own.text.file.name} is Chinese"


@pytest.mark.parametrize("folder", SHIPPED, ids=[one.name for one in SHIPPED])
def test_a_chinese_sms_is_one_sms(undone: Connection, folder: Path) -> None:
    checked = campaign_check.check(undone, folder, AS_OF)
    told = [one for one in checked.problems if one.file.name.endswith(".sms.zh.txt")]
    assert all("1 SMS" in one.message for one in told)
    assert bool(told) == ("sms" in campaign.load(folder).channels)


@pytest.mark.parametrize("folder", SHIPPED, ids=[one.name for one in SHIPPED])
def test_it_has_a_page_for_marketers(folder: Path) -> None:
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert CHINESE.search(page) and "**Who gets it**" in page
    loaded = campaign.load(folder)
    keys = {*loaded.params, *type(loaded).model_fields, "reward"}
    cells = re.findall(r"^\| (`.+?`(?:, `.+?`)*) \|", page, re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named - keys - {"campaign"} == set()


def accounts(folder: Path) -> Accounts:
    """An account on every channel, with all templates that the campaign needs."""
    loaded = campaign.load(folder)
    stems = [f"{loaded.name}/{step.name}" for step in loaded.steps]
    params = loaded.params
    given: dict[str, dict[str, Any]] = {
        "mail": {
            "host": "h",
            "sender": "S <a@s.example>",
            "unsubscribe_mail": "u@s.ex",
        },
        "sms": {"access_key": "k", "secret": "s", "sign_name": params.get("sign", "")}
        | {"templates": {stem: {"code": "SMS_1"} for stem in stems}},
        "wechat_template": {"app_id": "a", "secret": "s"}
        | {"templates": {stem: {"id": "t"} for stem in stems}},
        "worklist": {"folder": "tasks"},
    }
    return {
        name: {"shop": channels.find(name).account_type.model_validate(one)}
        for name, one in given.items()
    }


MODELS = [
    *(CampaignFile, StepFile, Goal, Reward, Limit, Budget),
    *(ExamplesFile, Example, Policies),
]


@pytest.mark.parametrize("model", MODELS)
def test_every_key_is_on_the_page(model: type[BaseModel]) -> None:
    page = sql.folder("campaigns", "README.md").read_text(encoding="utf-8")
    keys = [field.alias or name for name, field in model.model_fields.items()]
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_every_campaign_is_on_the_page() -> None:
    page = sql.folder("campaigns", "README.md").read_text(encoding="utf-8")
    assert [one.name for one in SHIPPED if f"[{one.name}]" not in page] == []


def test_the_scaffold_passes_check(undone: Connection, tmp_path: Path) -> None:
    target = tmp_path / "fresh"
    target.mkdir()
    for entry in sql.folder("scaffolds", "campaign").iterdir():
        (target / entry.name).write_text(entry.read_text(encoding="utf-8"))
    checked = campaign_check.check(undone, target, AS_OF)
    assert [str(one) for one in checked.problems] == []
    assert checked.is_right and checked.examples_passed == 1
    assert not campaign.load(target).enabled
