"""Runs the rules of a batch as a Great Expectations suite, inside Postgres."""

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import URL, Engine

from tasks.ingest.checks import Expectation, Facts
from tasks.ingest.expectations import Rule

SEVERITY = {"fail": "critical", "warn": "warning"}


class BrokenExpectation(RuntimeError):
    """A rule could not be evaluated: a fault of ours, and not of the data."""


def run(
    engine: Engine,
    table: str,
    title: str,
    rules: Mapping[str, Rule],
    facts: Facts,
    result_format: Literal["BOOLEAN_ONLY", "SUMMARY"] = "BOOLEAN_ONLY",
) -> Any:
    """The result of the suite over `staging.<table>`, one pass or fail per rule.

    Great Expectations is imported here: it takes seconds.

    Raises:
        BrokenExpectation: some expectation raised instead of passing or failing.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_postgres(
        "regulars", connection_string=_address(engine.url)
    )
    try:
        asset = source.add_table_asset(title, table_name=table)
        expectations = [_made(name, rule, facts) for name, rule in rules.items()]
        suite = context.suites.add(
            gx.ExpectationSuite(title, expectations=expectations)
        )
        definition = gx.ValidationDefinition(
            name=title, data=asset.add_batch_definition_whole_table(table), suite=suite
        )
        context.validation_definitions.add(definition)
        result = definition.run(result_format=result_format)
    finally:
        source.get_engine().dispose()
    _insist_on_sound(result)
    return result


def failed(result: Any) -> set[str]:
    """The names of the rules that some row breaks."""
    return {name_of(one) for one in result.results if not one.success}


def name_of(one: Any) -> str:
    """The name of the rule behind the result of one expectation."""
    return str(one.expectation_config.meta["rule"])


def _made(name: str, rule: Rule, facts: Facts) -> Any:
    """The expectation itself, with the rule's words for whoever reads the suite."""
    import great_expectations.expectations as kinds

    wanted = rule.check.expectation(facts)
    more: dict[str, Any] = {"row_condition": _condition(wanted)}
    return getattr(kinds, wanted.type)(
        **wanted.arguments,
        **(more if wanted.only_where_null else {}),
        description=rule.must,
        severity=SEVERITY[rule.severity],
        meta={"rule": name},
    )


def _condition(wanted: Expectation) -> Any:
    """Only rows in which all of these columns are empty."""
    from great_expectations.expectations.row_conditions import Column

    condition: Any = None
    for name in wanted.only_where_null:
        is_null = Column(name).is_null()
        condition = is_null if condition is None else condition & is_null
    return condition


def _insist_on_sound(result: Any) -> None:
    """A result that is no verdict must not put good rows into quarantine."""
    broken = {
        name_of(one): message
        for one in result.results
        if (message := _message(one.exception_info))
    }
    if broken:
        listed = "; ".join(f'rule "{name}": {why}' for name, why in broken.items())
        raise BrokenExpectation(
            f"{len(broken)} of {len(result.results)} expectations could not be "
            f"evaluated, so nothing was judged: {listed}. Correct the rules in "
            "sql/expectations, or the staged table, and run it again"
        )


def _message(info: Mapping[str, Any]) -> str | None:
    """The first line of what was raised; the shape depends on where it was raised."""
    found = [info] if "raised_exception" in info else list(info.values())
    for one in found:
        if one.get("raised_exception"):
            return (str(one.get("exception_message")).splitlines() or ["?"])[0]
    return None


def _address(url: URL) -> str:
    """The engine's URL as Great Expectations takes it: never without a host.

    For a unix socket the `host` of the query names its folder, and wins.
    """
    options = f"{url.query.get('options', '')} -c search_path=staging -c timezone=UTC"
    shown = url.set(host=url.host or "localhost").update_query_dict(
        {"options": options.strip()}
    )
    return shown.render_as_string(hide_password=False).replace("$", "%24")
