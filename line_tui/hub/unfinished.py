"""Partly downloaded files that interrupted pulls left in the cache."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from line_tui.hub.cache import PART, cache_folder, part_size
from line_tui.hub.pull import gigabytes
from line_tui.models.catalog import Entry


@dataclass(frozen=True)
class Unfinished:
    """The partly downloaded files of one repository."""

    repo: str
    parts: list[Path]
    models: list[str]
    """The catalogue's names of the repository's models: none, one or several."""

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(part_size, self.parts))

    @property
    def found(self) -> str:
        """A description for the user."""
        return f"a pull of {self.repo} was interrupted after {gigabytes(self.size)}"

    @property
    def fix(self) -> str:
        """How to fix it."""
        if not self.models:
            return f"no model of the catalogue needs it: delete {', '.join(map(str, self.parts))}"
        name, *others = self.models
        shared = f" (or {', '.join(others)})" if others else ""
        return (
            f"`line-tui models pull {name}`{shared} continues it, "
            f"`line-tui models remove {name} --unfinished` deletes it"
        )


def find_unfinished(entries: Iterable[Entry]) -> list[Unfinished]:
    """The interrupted pulls in the cache, by repository; `entries` are those of the catalogue."""
    entries = list(entries)
    unfinished = []
    for folder in sorted(cache_folder().glob("models--*")):
        # The hub allows no two hyphens in a row in a name.
        repo = folder.name.removeprefix("models--").replace("--", "/")
        parts = [part for part in sorted(folder.glob(f"blobs/*{PART}")) if _is_abandoned(part)]
        if parts:
            unfinished.append(Unfinished(repo, parts, [entry.id for entry in entries if entry.source.hub == repo]))
    return unfinished


def _is_abandoned(part: Path) -> bool:
    """Whether a file is partly downloaded and no process is downloading it."""
    try:
        if part.is_symlink() or not part.is_file():
            return False
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
