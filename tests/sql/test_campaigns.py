"""Every campaign that is shipped is right, and its page explains every key."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import Connection

import sql
from tasks.campaigns import campaign, campaign_check
from tasks.campaigns.campaign_file import CampaignFile, Goal, StepFile
from tasks.campaigns.examples_file import Example, ExamplesFile
from tasks.campaigns.money_file import Budget, Limit, Reward
from tasks.campaigns.words import Words
from tasks.planning.policies import Policies

AS_OF = datetime(2026, 3, 10, 9, tzinfo=UTC)
SHIPPED = [*campaign.folders(Path(str(sql.folder("campaigns"))))]


@pytest.mark.parametrize("folder", SHIPPED, ids=[one.name for one in SHIPPED])
def test_it_passes_its_own_check(undone: Connection, folder: Path) -> None:
    checked = campaign_check.check(undone, folder, AS_OF)
    assert [str(one) for one in checked.problems] == []
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
