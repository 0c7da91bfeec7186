"""Finds the files of a pattern, and leaves alone what is still being written."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.base import SourceRefused
from connectors.files.position import Stamp


@dataclass(frozen=True, slots=True)
class Found:
    """One file of a feed, as it was when we looked."""

    path: Path
    name: str
    """From the folder that holds all the files of the pattern."""
    stamp: Stamp

    @property
    def changed_at(self) -> float:
        """Seconds since 1970."""
        return self.stamp[1] / 1e9


def find(pattern: str) -> Iterator[Found]:
    """The files that match, by name: exports carry their date in it.

    Raises:
        SourceRefused: a file or a folder that is named in full is not there.
    """
    root = _root(Path(pattern))
    if not root.exists():
        raise SourceRefused(
            f"there is no '{root}': create it, or correct `path` in the sources file "
            f"(paths are seen from {Path.cwd()})"
        )
    for name in sorted(glob.glob(pattern, recursive=True)):
        path = Path(name)
        if path.is_file():
            shown = path.name if path == root else path.relative_to(root).as_posix()
            yield Found(path, shown, stamp(path))


def stamp(path: Path) -> Stamp:
    """Size and time of the last change: another pair is another content."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _root(pattern: Path) -> Path:
    """The deepest folder (or the one file) that is named without wildcards."""
    root = pattern
    while glob.has_magic(str(root)):
        root = root.parent
    return root
