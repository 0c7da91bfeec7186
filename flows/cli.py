"""The `regulars` command: what people do outside the Prefect UI."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import click

from flows import commands
from tasks.garbage import collect_rarely

# An error of one of these rooms says itself what is wrong and what to do.
OURS = ("connectors", "tasks", "flows")


class Verbs(click.Group):
    """Finds each verb by its file in `flows/commands`, and imports only that one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs there are; `_` in a file's name is `-` in the verb."""
        return sorted(m.name.replace("_", "-") for m in iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The `command` of the verb's file, or None when there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"flows.commands.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; an error of ours is told by its message alone.

        Any other error is a fault of the program and keeps its traceback.
        """
        # Looking through what a verb imports is a tenth of the time of a short one.
        collect_rarely()
        try:
            return super().invoke(ctx)
        except Exception as error:
            if type(error).__module__.partition(".")[0] in OURS:
                raise click.ClickException(str(error)) from error
            raise


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Regulars turns one-time buyers into regulars."""
