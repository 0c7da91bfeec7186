"""A campaign as its marketer wrote it: the folder `sql/campaigns/<name>`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import sql
from tasks import yaml_file
from tasks.campaigns import audience_sql
from tasks.campaigns.campaign_file import NAME, CampaignFile, Exit
from tasks.campaigns.money_file import Reward
from tasks.problem import Problem, did_you_mean
from tasks.settings import settings

# What a campaign is made of; anything else in its folder is not read.
KINDS = (".yaml", ".sql", ".txt", ".html")


class CampaignError(Exception):
    """A campaign's files are wrong; `problems` names each place and the way out."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a loaded campaign: due `after` the occasion's anchor."""

    name: str
    after: timedelta
    unless: tuple[Exit, ...] = ()
    reward: Reward | None = None


class Campaign(CampaignFile):
    """One campaign, loaded: what campaign.yaml says, and the files beside it."""

    name: str
    folder: Path
    files: Mapping[str, str]
    version: str
    audience: str

    @property
    def steps(self) -> tuple[Step, ...]:
        """The messages in the order of the file."""
        items = self.steps_by_name.items()
        return tuple(
            Step(name, step.after, step.unless, step.reward) for name, step in items
        )

    def place(self, name: str) -> Path:
        """Where the file `name` is: in the folder, else beside all campaigns."""
        is_own = not is_shared(name) or (self.folder / name).exists()
        return (self.folder if is_own else self.folder.parent) / name

    def runs_on(self, day: date) -> bool:
        """Whether it is enabled and `day` (the shop's own) is in its season."""
        has_begun = self.starts_on is None or self.starts_on <= day
        return self.enabled and has_begun and (not self.ends_on or day <= self.ends_on)


def root() -> Path:
    """The folder of all campaigns: REGULARS_CAMPAIGNS, else `sql/campaigns`."""
    return settings().campaigns or Path(str(sql.folder("campaigns")))


def is_shared(name: str) -> bool:
    """Whether a file of this name may also lie beside the folders, for all of them."""
    return name[0] == "_" and name.endswith((".txt", ".html"))


def folders(where: Path | None = None) -> list[Path]:
    """The folders that are campaigns, by name; names with a leading _ or . are not."""
    place = where or root()
    entries = place.iterdir() if place.is_dir() else ()
    return sorted(e for e in entries if e.is_dir() and e.name[0] not in "._")


def load(folder: Path) -> Campaign:
    """The campaign in `folder`; every file is read once, so version and words agree.

    Raises:
        CampaignError: every problem of campaign.yaml and audience.sql, with its line.
    """
    if not folder.is_dir():
        hint = did_you_mean(folder.name, [one.name for one in folders(folder.parent)])
        message = f'there is no campaign "{folder.name}"{hint}'
        raise CampaignError([Problem(folder, None, message)])
    return from_files(folder, _files(folder))


def from_files(folder: Path, files: Mapping[str, str]) -> Campaign:
    """The campaign that these files make, by name; `folder` is for messages only.

    Raises:
        CampaignError: as `load` does.
    """
    file = yaml_file.read(folder / "campaign.yaml", files.get("campaign.yaml"))
    known, problems = yaml_file.validated(file, CampaignFile)
    if not NAME.fullmatch(folder.name):
        message = "the folder's name is lower case letters, digits and _: spring_2027"
        problems = [Problem(folder, None, message), *problems]
    audience, more = audience_sql.read(
        folder / "audience.sql",
        files.get("audience.sql"),
        known.params if known else None,
    )
    if problems or more or known is None:
        raise CampaignError([*problems, *more])
    settled = dict(known)
    return Campaign(
        name=folder.name,
        folder=folder,
        files=files,
        version=_version(files),
        audience=audience,
        steps=settled.pop("steps_by_name"),
        **settled,
    )


def all_campaigns(where: Path | None = None) -> list[Campaign]:
    """Every campaign below `where` (default: root()): by priority, then by name.

    Raises:
        CampaignError: the problems of all broken ones together.
    """
    loaded: list[Campaign] = []
    problems: list[Problem] = []
    for folder in folders(where):
        try:
            loaded.append(load(folder))
        except CampaignError as error:
            problems.extend(error.problems)
    if problems:
        raise CampaignError(problems)
    return sorted(loaded, key=lambda one: (-one.priority, one.name))


def digest(folder: Path) -> str:
    """The version of the campaign in `folder`, whether or not it can be loaded."""
    return _version(_files(folder))


def _files(folder: Path) -> dict[str, str]:
    """The campaign's own files by name, and those that all campaigns share."""
    files: dict[str, str] = {}
    problems: list[Problem] = []
    shared = [one for one in sorted(folder.parent.iterdir()) if is_shared(one.name)]
    for path in [*shared, *sorted(folder.iterdir())]:
        if path.suffix in KINDS and path.name[0] != "." and path.is_file():
            try:
                files[path.name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                message = "cannot be read as text: save it as UTF-8"
                problems.append(Problem(path, None, message))
    if problems:
        raise CampaignError(problems)
    return files


def _version(files: Mapping[str, str]) -> str:
    """16 hex digits over the files and their names."""
    state = hashlib.sha256()
    for name in sorted(files):
        content = files[name].encode()
        state.update(f"{name}\0{len(content)}\0".encode() + content)
    return state.hexdigest()[:16]
