"""Fills `${NAME}` in an operator's file, so that no secret stands in it."""

import re
from typing import Any

from tasks.problem import Problem
from tasks.settings import environment_value
from tasks.yaml_file import Key, YamlFile

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def filled(file: YamlFile, key: Key, value: Any, missing: list[Problem]) -> Any:
    """`value` with each `${NAME}` in it replaced from the environment.

    A variable that is not set becomes a problem in `missing`, at its key.
    """
    if isinstance(value, dict):
        return {
            name: filled(file, (*key, name), one, missing)
            for name, one in value.items()
        }
    if isinstance(value, list):
        return [
            filled(file, (*key, number), one, missing)
            for number, one in enumerate(value)
        ]
    if not isinstance(value, str):
        return value

    def from_environment(variable: re.Match[str]) -> str:
        found = environment_value(variable[1])
        if found is None:
            where = ".".join(map(str, key))
            message = f'"{where}" needs the environment variable {variable[1]}: set it'
            missing.append(file.problem(key, f"{message} there or in .env"))
        return found or ""

    return VARIABLE.sub(from_environment, value)
