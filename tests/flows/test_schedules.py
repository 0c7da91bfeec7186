"""A campaign brings its own schedule along."""

from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient

import sql
from flows import register
from flows.prefect_server import Prefect
from tasks.campaigns import campaign
from tasks.campaigns.campaign import Campaign, CampaignError

SCAFFOLD = sql.folder("scaffolds", "campaign")


def made(root: Path, name: str, more: str = "") -> Campaign:
    """A campaign like the scaffold, with more keys."""
    folder = root / name
    folder.mkdir()
    for entry in SCAFFOLD.iterdir():
        (folder / entry.name).write_text(entry.read_text(encoding="utf-8"))
    file = folder / "campaign.yaml"
    file.write_text(file.read_text().replace("enabled: false\n", "") + more)
    return campaign.load(folder)


def test_schedules_come_and_go_with_the_campaigns(
    registered: Prefect, client: SyncPrefectClient, tmp_path: Path
) -> None:
    def own() -> dict[str | None, tuple[str, str, bool]]:
        plans = client.read_deployment_by_name("campaign/plan")
        return {
            one.slug: (one.schedule.cron, one.parameters["name"], one.active)  # type: ignore[union-attr]
            for one in plans.schedules
        }

    before = own()
    tea = made(tmp_path, "tea", "schedule: 0 15 * * 1-5\n")
    rests = made(tmp_path, "rests", "schedule: '*/30 9 * * *'\nenabled: false\n")
    plain = made(tmp_path, "plain")
    for _ in range(2):
        slugs = register.schedule(client, [tea, plain, rests])
        assert slugs == ["campaign-rests", "campaign-tea"]
        assert own() == before | {
            "campaign-tea": ("0 15 * * 1-5", "tea", True),
            "campaign-rests": ("*/30 9 * * *", "rests", False),
        }
    assert register.schedule(client, [plain]) == []
    assert own() == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("every day", "write five fields, minute, hour"),
        ("0 25 * * *", '"25" is no hour: numbers from 0 to 23'),
        ("60 3 * * *", '"60" is no minute'),
        ("0 3 * * mon", '"mon" is no day of the week'),
        ("0 3 0 * *", '"0" is no day of the month'),
    ],
)
def test_a_wrong_line_is_refused_with_what_is_allowed(
    tmp_path: Path, line: str, message: str
) -> None:
    with pytest.raises(CampaignError, match=r"campaign\.yaml:30: ") as caught:
        made(tmp_path, "tea", f"schedule: {line}\n")
    assert message in str(caught.value)


def test_what_prefect_takes_is_taken(tmp_path: Path) -> None:
    for number, line in enumerate(("0 8-20/2 * * *", "*/10 9,12 1-7 1-12 0-7")):
        assert made(tmp_path, f"tea{number}", f"schedule: '{line}'\n").schedule == line
