"""The lock file: which commit of a repository a model's name stands for on this machine, and what its files hash to.

A branch moves on whenever its owner wants; a model that was pulled once stays what it was until the user moves on.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from line_tui import private
from line_tui.config import data_folder
from line_tui.errors import UsageError
from line_tui.models.files import Source

_COMMIT = re.compile(r"[0-9a-f]{40}")


class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """What a name of the catalogue stands for."""

    repo: str
    revision: str | None
    """What the catalogue said when it was resolved to the commit; once it says something else, the pin is void."""
    commit: str
    sha256: dict[str, str]
    """Of each file, by its name in the repository."""


def lock_path() -> Path:
    """The lock file; it need not exist."""
    return data_folder() / "models.lock.json"


def read_pins() -> dict[str, Pin]:
    """The pin of each model that was pulled, by its name in the catalogue. Raises UsageError."""
    path = lock_path()
    try:
        pins = msgspec.json.decode(path.read_bytes(), type=dict[str, Pin])
        if bad := next((name for name, pin in pins.items() if not _COMMIT.fullmatch(pin.commit)), None):
            raise ValueError(f"the commit of '{bad}' is none")
        return pins
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"the lock file {path} cannot be read: {error}",
            "correct it, or delete it: the next pull of each model then takes its newest revision",
        ) from error


def write_pin(name: str, pin: Pin) -> None:
    """Put a model's pin into the lock file, in the place of an earlier one. Raises UsageError, OSError."""
    path = lock_path()
    pins = dict(sorted((read_pins() | {name: pin}).items()))
    private.write(path, msgspec.json.format(msgspec.json.encode(pins)))


def held(source: Source, pin: Pin | None) -> Source:
    """The source at the commit that it is pinned to, if it is."""
    if pin is None or (pin.repo, pin.revision) != (source.hub, source.revision):
        return source
    return msgspec.structs.replace(source, revision=pin.commit, sha256=pin.sha256 | source.sha256)
