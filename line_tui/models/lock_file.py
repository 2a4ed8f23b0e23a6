"""The lock file: the commit and file hashes of each model that was pulled to this machine.

A branch can move at any time; a pulled model does not change until the user updates it.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from line_tui import private
from line_tui.config import data_folder
from line_tui.decodable import decodable
from line_tui.errors import UsageError
from line_tui.models.model_files import Source

_COMMIT = re.compile(r"[0-9a-f]{40}")


@decodable
class Pin(msgspec.Struct, frozen=True, kw_only=True):
    """The pinned version of a catalogue model."""

    repo: str
    revision: str | None
    """The revision that was resolved to this commit; the pin is invalid once the catalogue names another."""
    commit: str
    sha256: dict[str, str]
    """SHA-256 of each file, by its name in the repository."""


def lock_path() -> Path:
    """Path of the lock file, which may not exist."""
    return data_folder() / "models.lock.json"


def read_pins() -> dict[str, Pin]:
    """The pins of pulled models, by catalogue name. Raises UsageError."""
    path = lock_path()
    try:
        pins = msgspec.json.decode(path.read_bytes(), type=dict[str, Pin])
        if bad := next((name for name, pin in pins.items() if not _COMMIT.fullmatch(pin.commit)), None):
            raise ValueError(f"the commit of '{bad}' is not a commit")
        return pins
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"the lock file {path} cannot be read: {error}",
            "correct it, or delete it: the next pull of each model then takes its newest revision",
        ) from error


def write_pin(name: str, pin: Pin) -> None:
    """Store a model's pin, replacing an earlier one. Raises UsageError, OSError."""
    path = lock_path()
    pins = dict(sorted((read_pins() | {name: pin}).items()))
    private.write(path, msgspec.json.format(msgspec.json.encode(pins)))


def held(source: Source, pin: Pin | None) -> Source:
    """The source, at its pinned commit if there is one."""
    if pin is None or (pin.repo, pin.revision) != (source.hub, source.revision):
        return source
    return msgspec.structs.replace(source, revision=pin.commit, sha256=pin.sha256 | source.sha256)
