"""Errors that a user can act on: each names its cause and its fix, and has a documented exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

INTERRUPTED = 130
"""Exit code after Ctrl-C or another signal that ends the process."""


class LineError(Exception):
    """A failure reported in one line: what happened, and what to do about it."""

    exit_code = 1

    def __init__(self, cause: str, fix: str) -> None:
        super().__init__(f"{cause} — {fix}")
        self.cause = cause
        self.fix = fix


class UsageError(LineError):
    """The call itself is wrong: an option, a selector or a file the user wrote."""

    exit_code = 2


class UnknownNameError(LineError):
    """A model, layer, neuron, profile or run that does not exist."""

    exit_code = 3


class ModelFileError(LineError):
    """Weights that are missing, truncated, corrupt or of another architecture."""

    exit_code = 4


class EngineError(LineError):
    """The engine process died, or answered with something that is not the protocol."""

    exit_code = 5


class StoreError(LineError):
    """The store cannot be read or written: disk full, newer version, no permission."""

    exit_code = 6


class MemoryLimitError(LineError):
    """The models do not fit in memory at any batch size."""

    exit_code = 7


class HubError(LineError):
    """A model cannot be fetched: no connection, no access, no room."""

    exit_code = 8


def first_line(error: BaseException) -> str:
    """The first line of a library's error message, or the error's class if the message is empty."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def unknown_name(kind: str, name: str, known: Iterable[str], fix: str) -> UnknownNameError:
    """Build the error for an unknown name, with the nearest known ones.

    `fix` says how to list them all, for example "`line-tui layers resnet18` lists them".
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}? " if near else ""
    return UnknownNameError(f"no {kind} named '{name}'", f"{hint}{fix}")
