"""Where messages go out: one file per channel, found by its name."""

from importlib import import_module
from pkgutil import iter_modules

from tasks.channels.base import Channel

# Files of this room that are parts of a channel, not channels themselves.
PARTS = {"base", "mime", "smtp", "web", "aliyun", "worklist_file"}


def names() -> list[str]:
    """The channels there are: the names of their files."""
    return sorted({module.name for module in iter_modules(__path__)} - PARTS)


def find(name: str) -> type[Channel]:
    """The channel of the file `name`.py; LookupError lists what there is instead."""
    if name not in names():
        raise LookupError(
            f"there is no channel {name!r}: the channels are {', '.join(names())} "
            "(one file each in tasks/channels)"
        )
    module = import_module(f"{__name__}.{name}")
    for found in vars(module).values():
        if (
            isinstance(found, type)
            and issubclass(found, Channel)
            and vars(found).get("name") == name
        ):
            return found
    raise LookupError(f"tasks/channels/{name}.py has no Channel with name = {name!r}")
