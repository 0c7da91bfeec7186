"""How far the files of a stream were read: the cursor, as text and back."""

from dataclasses import dataclass, field

import orjson

# Marks of files that are gone are kept for so many, in case they come back.
MOST_GONE = 500
Stamp = tuple[int, int]
"""Size in bytes and nanosecond of the last change."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A file that was read to its end."""

    digest: str
    stamp: Stamp


@dataclass(slots=True)
class Position:
    """Which files were read, and where in which file reading goes on."""

    done: dict[str, Mark] = field(default_factory=dict)
    at: tuple[str, str, int] | None = None
    """Name and digest of the part being read, and its next line."""

    @classmethod
    def of(cls, cursor: str | None) -> "Position":
        """The position that `dump` gave."""
        if cursor is None:
            return cls()
        stored = orjson.loads(cursor)
        done = {
            name: Mark(digest, (size, changed))
            for name, (digest, size, changed) in stored["done"].items()
        }
        return cls(done, tuple(stored["at"]) if stored["at"] else None)

    def dump(self) -> str:
        """This position as text."""
        done = {name: [mark.digest, *mark.stamp] for name, mark in self.done.items()}
        return orjson.dumps({"done": done, "at": self.at}).decode()

    def forget_gone(self, present: set[str]) -> None:
        """Keep marks of the files that are there, and of a few that were."""
        gone = [name for name in self.done if _file_of(name, present) is None]
        for name in gone[: max(0, len(gone) - MOST_GONE)]:
            del self.done[name]


def _file_of(name: str, present: set[str]) -> str | None:
    """The file that is `name`, or the archive that `name` is a member of."""
    if name in present:
        return name
    return next((file for file in present if name.startswith(f"{file}/")), None)
