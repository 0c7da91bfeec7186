"""The tests of a campaign: given these rows, these people get it and these do not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from tasks import yaml_file
from tasks.campaigns import audience, audience_sql, stand_ins, ways
from tasks.campaigns.campaign import Campaign, CampaignError
from tasks.campaigns.examples_file import ExamplesFile
from tasks.campaigns.words import Words, WordsError
from tasks.problem import Problem, did_you_mean
from tasks.yaml_file import Key, YamlFile

NOT_A_CANDIDATE = "not_a_candidate"
# (channel, file, its words as somebody of the examples gets them)
Said = tuple[str, Path, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One customer (or row) of one example that is not as it was written."""

    example: str
    place: Problem
    what: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many examples ran, what was not as written, and all that was said."""

    passed: int
    differences: list[Difference]
    problems: list[Problem]
    texts: list[Said] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of `candidate`, as far as an example looks at it."""

    customer_id: int
    in_audience: bool
    failed_rule: str | None
    rules: dict[str, bool | None]
    values: dict[str, Any]


def run(connection: Connection, campaign: Campaign, words: Words | None) -> Outcome:
    """Run examples.yaml against the unchanged audience.sql, and undo everything.

    Whoever gets it is also shown all `words`, so that a value that can be empty but
    is printed unguarded comes to light here.
    """
    path = campaign.folder / "examples.yaml"
    file = yaml_file.read(path, campaign.files.get("examples.yaml"))
    known, problems = yaml_file.validated(file, ExamplesFile)
    if known is None:
        return Outcome(0, [], problems)
    if not any(example.left_out for example in known.examples):
        message = "no example says who must not get it: add one with `left_out`"
        problems.append(file.problem(("examples",), message))
    runner = _Runner(connection, campaign, words, file, known)
    passed = 0
    for number in range(len(known.examples)):
        before = len(runner.differences) + len(runner.problems)
        runner.run(number)
        passed += len(runner.differences) + len(runner.problems) == before
    found = problems + runner.problems
    return Outcome(passed, runner.differences, found, runner.texts)


class _Runner:
    """Runs one example after the other on the same connection."""

    def __init__(
        self,
        connection: Connection,
        campaign: Campaign,
        words: Words | None,
        file: YamlFile,
        known: ExamplesFile,
    ) -> None:
        self.connection = connection
        self.campaign = campaign
        self.words = words
        self.file = file
        self.known = known
        self.as_of: datetime = stand_ins.in_shop_time(known.as_of)
        self.columns = stand_ins.tables(connection)
        self.reads = _tables_read(campaign)
        self.differences: list[Difference] = []
        self.problems: list[Problem] = []
        self.texts: list[Said] = []

    def run(self, number: int) -> None:
        """Compare one example; what was put up for it is undone."""
        undo = self.connection.begin_nested()
        try:
            if self._put_up(number):
                audience.candidates(self.connection, self.campaign, self.as_of)
                self._compare(number, self._verdicts())
        except CampaignError as error:
            self.problems += [one for one in error.problems if one not in self.problems]
        finally:
            undo.rollback()

    def _put_up(self, number: int) -> bool:
        """Whether all the rows of the example are in place."""
        before = len(self.problems)
        given = self.known.examples[number].given
        for table in given:
            if table not in self.reads:
                hint = did_you_mean(table, self.reads)
                self._problem(number, table, f'audience.sql reads no "{table}"{hint}')
        stand_ins.put_up(self.connection, [t for t in self.reads if t in self.columns])
        for table in set(given) & set(self.reads) & set(self.columns):
            bad = stand_ins.fill(
                self.connection, table, self.columns[table], given[table], self.as_of
            )
            for index, message in bad:
                where = f"{table}, row {index + 1}: {message}"
                self._problem(number, table, where, index)
        return len(self.problems) == before

    def _problem(self, number: int, table: str, message: str, *index: int) -> None:
        key: Key = ("examples", number, "given", table, *index)
        name = self.known.examples[number].name
        self.problems.append(self.file.problem(key, f'example "{name}": {message}'))

    def _verdicts(self) -> list[Verdict]:
        statement = "select * from pg_temp.candidate order by customer_id, occasion"
        found = self.connection.execute(text(statement))
        return [_verdict(row._asdict()) for row in found]

    def _compare(self, number: int, verdicts: list[Verdict]) -> None:
        example = self.known.examples[number]
        wanted = {person["customer_id"] for person in example.gets}
        for index, person in enumerate(example.gets):
            key: Key = ("examples", number, "gets", index)
            for expected, got in _wrong_gets(person, verdicts):
                self._differs(number, key, person["customer_id"], expected, got)
        for customer, rule in example.left_out.items():
            key = ("examples", number, "left_out", customer)
            for expected, got in _wrong_left_out(customer, rule, verdicts):
                self._differs(number, key, customer, expected, got)
        listed = wanted | set(example.left_out)
        for verdict in verdicts:
            if verdict.in_audience and verdict.customer_id not in listed:
                key = ("examples", number, "gets")
                customer = verdict.customer_id
                self._differs(number, key, customer, "not in gets", "gets it")
            if verdict.in_audience:
                self._read_out(number, verdict)

    def _differs(
        self, number: int, key: Key, customer: int, expected: str, got: str
    ) -> None:
        name = self.known.examples[number].name
        what = f"customer {customer}"
        message = f'example "{name}": {what}: expected {expected}, got {got}'
        place = self.file.problem(key, message)
        self.differences.append(Difference(name, place, what, expected, got))

    def _read_out(self, number: int, verdict: Verdict) -> None:
        """Fill in every message for one who gets it."""
        for step, channel, language in self.words.messages if self.words else ():
            try:
                assert self.words is not None
                link = ways.way_out(self.campaign, channel, None, "sample")
                values = (verdict.values, self.as_of, link)
                said = self.words.sample(step, channel, language, *values)
                file = self.words.messages[step, channel, language].text.file
                self.texts.append((channel, file, said.text))
            except WordsError as error:
                key: Key = ("examples", number)
                self._differs(number, key, verdict.customer_id, "a message", str(error))


def _verdict(row: dict[str, Any]) -> Verdict:
    return Verdict(
        customer_id=row["customer_id"],
        in_audience=row["in_audience"],
        failed_rule=row["failed_rule"],
        rules={k: v for k, v in row.items() if k not in audience.FIXED},
        values={**(row["params"] or {}), "occasion": row["occasion"]},
    )


def _tables_read(campaign: Campaign) -> list[str]:
    query = audience_sql.parsed(campaign.folder / "audience.sql", campaign.audience)
    return [] if isinstance(query, Problem) else query.tables


def _wrong_gets(
    person: dict[str, Any], verdicts: Sequence[Verdict]
) -> Iterator[tuple[str, str]]:
    """(expected, got) of one who should get it."""
    theirs = [v for v in verdicts if v.customer_id == person["customer_id"]]
    gets = [verdict for verdict in theirs if verdict.in_audience]
    if not gets:
        yield "gets it", _why_not(theirs)
        return
    wanted = {k: v for k, v in person.items() if k != "customer_id"}
    if not any(_has(verdict, wanted) for verdict in gets):
        for name, value in wanted.items():
            if str(gets[0].values.get(name)) != str(value):
                yield f"{name} = {value}", f"{name} = {gets[0].values.get(name)}"


def _has(verdict: Verdict, wanted: dict[str, Any]) -> bool:
    return all(str(verdict.values.get(k)) == str(v) for k, v in wanted.items())


def _wrong_left_out(
    customer: int, rule: str, verdicts: Sequence[Verdict]
) -> Iterator[tuple[str, str]]:
    """(expected, got) of one whom a rule should keep out."""
    theirs = [v for v in verdicts if v.customer_id == customer]
    expected = f"left out by {rule}"
    if any(verdict.in_audience for verdict in theirs):
        yield expected, "gets it"
    elif rule == NOT_A_CANDIDATE:
        if theirs:
            yield expected, _why_not(theirs)
    elif not theirs:
        yield expected, _why_not(theirs)
    elif rule not in theirs[0].rules:
        yield expected, f"no such rule{did_you_mean(rule, theirs[0].rules)}"
    elif all(verdict.rules[rule] for verdict in theirs):
        yield expected, _why_not(theirs)


def _why_not(theirs: Sequence[Verdict]) -> str:
    if not theirs:
        return "not a candidate: no row of audience.sql"
    rule = str(theirs[0].failed_rule)
    unknown = " (unknown: it is null)" if theirs[0].rules[rule] is None else ""
    return f"left out by {rule}{unknown}"
