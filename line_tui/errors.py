"""Errors that a user can act on: each names its cause and its fix, and has a documented exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

INTERRUPTED = 130
"""Exit code after Ctrl-C or another signal that ends the process."""


class LineError(Exception):
    """An error that is reported in one line: its cause, and what to do about it."""

    exit_code = 1

    def __init__(self, cause: str, fix: str) -> None:
        super().__init__(f"{cause} — {fix}")
        self.cause = cause
        self.fix = fix


class UsageError(LineError):
    """An option, argument or combination of them is invalid, or a file that you wrote is."""

    exit_code = 2


class UnknownNameError(LineError):
    """There is no model, layer, neuron, profile or run with this name."""

    exit_code = 3


class ModelFileError(LineError):
    """The files of a model are missing, truncated or corrupt, or belong to another architecture."""

    exit_code = 4


class EngineError(LineError):
    """The engine process died, or sent an invalid message."""

    exit_code = 5


class StoreError(LineError):
    """Data cannot be read or written: the disk is full, permission is missing, or a newer version wrote it."""

    exit_code = 6


class MemoryLimitError(LineError):
    """There is not enough memory for the models, even with a batch size of 1."""

    exit_code = 7


class HubError(LineError):
    """A model cannot be fetched: there is no connection, no access to it, or no disk space."""

    exit_code = 8


def first_line(error: BaseException) -> str:
    """The first line of a library's error message, or the error's class if the message is empty."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def unknown_name(kind: str, name: str, known: Iterable[str], fix: str) -> UnknownNameError:
    """The error for an unknown name, which suggests the most similar known names.

    `fix` says how to list them all, for example "`line-tui layers resnet18` lists them".
    """
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}? " if near else ""
    return UnknownNameError(f"no {kind} named '{name}'", f"{hint}{fix}")
