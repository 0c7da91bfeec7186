"""The sending accounts of every channel and their limits, read from channels.yaml."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks import channels, yaml_file
from tasks.channels.base import Account, Channel
from tasks.problem import Problem, did_you_mean
from tasks.settings import settings
from tasks.variables import filled

# channel -> account -> its settings
Accounts = Mapping[str, Mapping[str, Account]]


class AccountsError(Exception):
    """The file of channels is wrong; the message names each place and the way out."""


def load(path: Path | None = None) -> dict[str, dict[str, Account]]:
    """Channel -> account -> settings, from `path` (default: settings().channels_file).

    Raises:
        AccountsError: every problem of the file, with its line.
    """
    file = yaml_file.read(path or settings().channels_file)
    problems = list(file.problems)
    loaded: dict[str, dict[str, Account]] = {}
    content = file.content if isinstance(file.content, dict) else {}
    if not problems and not content:
        problems.append(file.problem((), "has no channels: write `mail:` and accounts"))
    for channel, accounts in content.items():
        if channel not in channels.names():
            hint = did_you_mean(str(channel), channels.names())
            problems.append(file.problem((channel,), f'no channel "{channel}"{hint}'))
        elif not isinstance(accounts, dict):
            message = f'"{channel}" needs accounts below it: a name, then its settings'
            problems.append(file.problem((channel,), message))
        else:
            loaded[channel] = dict(_accounts(file, channel, accounts, problems))
    if problems:
        raise AccountsError("\n".join(str(problem) for problem in problems))
    return loaded


def channel(name: str, account: str, among: Accounts | None = None) -> Channel:
    """The channel `name`, speaking for `account`; LookupError when there is none."""
    kind = channels.find(name)
    known = (load() if among is None else among).get(name, {})
    if account not in known:
        raise LookupError(
            f"the channel {name!r} has no account {account!r}: channels.yaml names "
            f"{', '.join(known) or 'none'}"
        )
    return kind(account, known[account])


def _accounts(
    file: yaml_file.YamlFile,
    channel: str,
    accounts: dict[str, Any],
    problems: list[Problem],
) -> list[tuple[str, Account]]:
    kind = channels.find(channel).account_type
    found: list[tuple[str, Account]] = []
    for name, given in accounts.items():
        missing: list[Problem] = []
        values = filled(file, (channel, name), given or {}, missing)
        problems.extend(missing)
        try:
            if not missing:
                found.append((str(name), kind.model_validate(values)))
        except ValidationError as errors:
            for error in errors.errors():
                key = (channel, name, *error["loc"])
                place = ".".join(str(part) for part in key)
                message = f'"{place}": {error["msg"].removeprefix("Value error, ")}'
                if error["type"] == "extra_forbidden":
                    hint = did_you_mean(str(key[-1]), kind.model_fields)
                    message = f'unknown key "{place}"{hint}'
                problems.append(file.problem(key, message))
    return found
