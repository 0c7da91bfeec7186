"""Everything that can be wrong with a campaign, found before anybody hears of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text

import sql
from tasks import channels, database, yaml_file
from tasks.accounts import Accounts
from tasks.campaigns import (
    audience,
    audience_sql,
    compliance,
    examples,
    null_traps,
    sms_check,
    stand_ins,
    way_out,
    ways,
)
from tasks.campaigns import campaign as campaigns
from tasks.campaigns.audience import Columns
from tasks.campaigns.campaign import KINDS, Campaign, CampaignError
from tasks.campaigns.examples import Difference
from tasks.campaigns.words import Message, Words
from tasks.people import definition
from tasks.people.definition import DefinitionError, Kind
from tasks.planning import policies
from tasks.planning.policies import PoliciesError
from tasks.problem import Problem, Severity, did_you_mean

# What Postgres may estimate for an audience; a million customers read once cost 50,000.
HIGHEST_COST = 20_000_000
# Channels whose messages begin with a subject; that of a worklist says why.
WITH_SUBJECT = ("mail", "worklist")
# What the words may use beside the columns and params.
GIVEN_BY_JINJA = ("range", "dict", "lipsum", "cycler", "joiner", "namespace")


@dataclass(slots=True)
class Checked:
    """What was found out about one campaign."""

    name: str
    problems: list[Problem] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    examples_passed: int = 0
    columns: Columns | None = None

    @property
    def is_right(self) -> bool:
        """Whether it may be planned: warnings do not count."""
        has_errors = any(one.severity == "error" for one in self.problems)
        return not has_errors and not self.differences


def check(
    connection: Connection,
    folder: Path,
    as_of: datetime,
    known: Accounts | None = None,
) -> Checked:
    """Check one campaign: keys, SQL, words, examples, law; nothing is raised.

    What a file's mistake makes unknowable is left out, everything else is said at once.
    `known`: the accounts of channels.yaml; None leaves out what depends on them.
    """
    checked = Checked(folder.name)
    try:
        campaign = campaigns.load(folder)
    except CampaignError as error:
        checked.problems += error.problems
        return checked
    checked.problems += _channels(campaign, known)
    checked.problems += _strangers(campaign)
    checked.problems += _question(campaign)
    checked.problems += _policies(campaign)
    checked.problems += compliance.find(campaign, known, _agreed(connection, campaign))
    checked.problems += sms_check.find(campaign)
    words = _words(campaign, checked)
    try:
        checked.columns = audience.describe(connection, campaign, as_of)
        checked.problems += _query(connection, campaign, checked.columns, as_of)
    except CampaignError as error:
        checked.problems += error.problems
        return checked
    checked.problems += _templates(campaign, known, checked.columns)
    unknown = list(_variables(campaign, words, checked.columns)) if words else []
    checked.problems += unknown
    # Every example would only repeat what is unknown.
    outcome = examples.run(connection, campaign, None if unknown else words)
    checked.problems += outcome.problems
    checked.differences += outcome.differences
    checked.examples_passed = outcome.passed
    sms = [(file, said) for channel, file, said in outcome.texts if channel == "sms"]
    checked.problems += sms_check.read_out(sms, known)
    return checked


def check_select(connection: Connection, kind: Kind, name: str) -> Checked:
    """Check one segment or tag: its question, its binds, and Postgres' opinion."""
    checked = Checked(f"{kind} {name}")
    place = Path(str(sql.folder(definition.FOLDERS[kind]))) / f"{name}.sql"
    try:
        definition.load(kind, name).columns(connection)
    except DefinitionError as error:
        where, _, message = str(error).partition(": ")
        at = re.search(r"line (\d+)", where)
        checked.problems.append(Problem(place, int(at[1]) if at else None, message))
    return checked


def _channels(campaign: Campaign, known: Accounts | None) -> Iterator[Problem]:
    """A channel that is not there is passed over, unless it is a slip of the pen."""
    closed = ways.passed_over(campaign, known)
    file, line = campaign.folder / "campaign.yaml", _line(campaign, "channels")
    there = ways.open_channels(campaign, known)
    for one in closed:
        is_there = one.channel in channels.names()
        severity: Severity = "note" if is_there else "warning"
        if one.is_mistake or (not there and not is_there):
            severity = "error"
        next_one = f'; "{there[0]}" goes first' if there and not one.is_mistake else ""
        yield Problem(file, line, f"{one.why}{next_one}", severity)
    if closed and not there:
        message = "none of its channels is open: nothing would be sent"
        yield Problem(file, line, message, "warning")


def _agreed(connection: Connection, campaign: Campaign) -> set[str] | None:
    """The consent names of its channels that anybody agreed to; None: nobody known."""
    there = [name for name in campaign.channels if name in channels.names()]
    names = sorted({channels.find(name).consent for name in there})
    asked = database.rows(connection, "audience/agreed", consent_names=names)
    if not any(row["is_anybody_known"] for row in asked):
        return None
    return {row["consent_name"] for row in asked if row["is_agreed"]}


def _templates(
    campaign: Campaign, known: Accounts | None, columns: Columns
) -> Iterator[Problem]:
    """What SMS and WeChat need at the provider; without it each message would fail."""
    line = _line(campaign, "channels")
    lacks = ways.without_template(campaign, known or {}, columns.values)
    for channel, lack in lacks:
        message = f'"{channel}": {lack}'
        yield Problem(campaign.folder / "campaign.yaml", line, message, "warning")


def _strangers(campaign: Campaign) -> Iterator[Problem]:
    """Files that nobody reads are usually files with a slip in their name."""
    known = {"campaign.yaml", "audience.sql", "examples.yaml", "README.md"}
    for path in sorted(campaign.folder.iterdir()):
        is_read = path.suffix in KINDS and path.is_file()
        is_words = path.suffix in (".txt", ".html")
        if path.name[0] == "." or path.name in known or (is_read and is_words):
            continue
        hint = did_you_mean(path.name, known)
        yield Problem(path, None, f"is not read by anything{hint}", "warning")


def _question(campaign: Campaign) -> Iterator[Problem]:
    if not campaign.audience.lstrip().startswith("--"):
        file = campaign.folder / "audience.sql"
        message = "begin with a comment that asks whom it finds: -- Who …?"
        yield Problem(file, 1, message, "warning")


def _policies(campaign: Campaign) -> list[Problem]:
    """What is wrong with the shop's limits, or with the class that it asks for."""
    try:
        policies.class_caps(policies.load(campaign.folder.parent), campaign)
    except PoliciesError as error:
        return error.problems
    return []


def _words(campaign: Campaign, checked: Checked) -> Words | None:
    """The compiled words; problems go to `checked`."""
    try:
        words = Words.load(campaign)
    except CampaignError as error:
        checked.problems += error.problems
        return None
    checked.problems += _gaps(campaign, words)
    return words


def _gaps(campaign: Campaign, words: Words) -> Iterator[Problem]:
    """Steps without words, languages without a fallback, mail without a subject."""
    for step in campaign.steps:
        for channel in campaign.channels:
            stem = f"{step.name}.{channel}"
            file = campaign.folder / f"{stem}.txt"
            if not words.has(step.name, channel):
                message = f'is missing: the words of step "{step.name}" on "{channel}"'
                yield Problem(file, None, message)
            elif (step.name, channel, "") not in words.messages:
                message = "is missing: customers of any other language need words too"
                yield Problem(file, None, message)
    for (step_name, channel, language), message_ in words.messages.items():
        if channel in WITH_SUBJECT and message_.subject is None:
            message = "must begin with the line `Subject: …`"
            yield Problem(message_.text.file, 1, message)
        fallback = words.messages.get((step_name, channel, ""))
        if language and fallback and fallback.html and not message_.html:
            message = f'has no .html beside it: "{language}" gets text only'
            yield Problem(message_.text.file, None, message, "warning")


def _variables(campaign: Campaign, words: Words, columns: Columns) -> Iterator[Problem]:
    """Variables that neither audience.sql nor params give, once per file."""
    known = {*columns.values, *campaign.params}
    for name in sorted(set(columns.values) & set(campaign.params)):
        message = f'"{name}" is a column of audience.sql and a param: rename one'
        yield Problem(
            campaign.folder / "campaign.yaml", _line(campaign, "params"), message
        )
    for (step, channel, _), message_ in words.messages.items():
        given = known | ({"reward"} if step in words.rewards else set())
        if ways.way_out(campaign, channel, None, ""):
            given.add(way_out.VARIABLE)
        yield from _unknown_variables(campaign, message_, given)


def _unknown_variables(
    campaign: Campaign, message: Message, known: set[str]
) -> Iterator[Problem]:
    used = {(part.file, name) for part in message.parts for name in part.variables}
    for file, name in sorted(used):
        if name not in known and name not in GIVEN_BY_JINJA:
            hint = did_you_mean(name, sorted(known))
            line = _line_of_variable(campaign.files[file.name], name)
            what = "is neither a column of audience.sql nor a param"
            if name == "reward":
                what, hint = "is used, and its step in campaign.yaml has none", ""
            elif name == way_out.VARIABLE:
                what, hint = "is for marketing by mail: nothing else has one", ""
            yield Problem(file, line, f"{{{{ {name} }}}} {what}{hint}")


def _line(campaign: Campaign, key: str) -> int | None:
    """Where a key of campaign.yaml is."""
    path = campaign.folder / "campaign.yaml"
    return yaml_file.read(path, campaign.files["campaign.yaml"]).line((key,))


def _line_of_variable(source: str, name: str) -> int | None:
    lines = source.splitlines()
    return next((n for n, line in enumerate(lines, 1) if name in line), None)


def _query(
    connection: Connection, campaign: Campaign, columns: Columns, as_of: datetime
) -> Iterator[Problem]:
    """What the query costs, and where a null would surprise its author."""
    file = campaign.folder / "audience.sql"
    if not columns.rules:
        message = "has no rule: everybody whom it returns gets the campaign"
        yield Problem(file, None, message, "warning")
    cost = _cost(connection, campaign, as_of)
    if cost > HIGHEST_COST:
        message = (
            f"would cost {cost:,.0f} by Postgres' estimate, allowed are "
            f"{HIGHEST_COST:,}: look for a join without a condition"
        )
        yield Problem(file, None, message)
    query = audience_sql.parsed(file, campaign.audience)
    if not isinstance(query, Problem):
        yield from null_traps.find(query, stand_ins.tables(connection))


def _cost(connection: Connection, campaign: Campaign, as_of: datetime) -> float:
    statement = f"explain (format json)\n{campaign.audience}"
    with audience.guarded(connection, campaign):
        plan = connection.execute(text(statement), audience.binds(campaign, as_of))
        return float(plan.scalar_one()[0]["Plan"]["Total Cost"])
