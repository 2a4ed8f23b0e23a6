"""Text-to-image models by the `format` of their catalogue entry: diffusers' pipelines, and what plug-ins bring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from line_tui import plugins
from line_tui.errors import unknown_name
from line_tui.models.catalog import GeneratorEntry
from line_tui.models.generator import DiffusersGenerator
from line_tui.models.turns import Movable


class LoadedGenerator(Movable, Protocol):
    """A generator in memory. Its `name` is that of `line_tui.models.naming.generator_name`."""

    def rehearse(self, batch_size: int, on_step: Callable[[int, int], None]) -> None:
        """Draw a batch of some size, only to need the memory that it needs. Raises MemoryLimitError."""
        ...

    def check_listens(self) -> None:
        """Raises LineError for settings that it does not take, or words that do not reach it."""
        ...


OpenGenerator = Callable[[Path, GeneratorEntry, str, int], LoadedGenerator]
"""Folder or file, entry, device and batch size to a generator. Raises ModelFileError, UsageError."""


def _diffusers(folder: Path, entry: GeneratorEntry, device: str, batch_size: int) -> LoadedGenerator:
    return DiffusersGenerator(folder, entry, device=device, batch_size=batch_size)


def open_generator(folder: Path, entry: GeneratorEntry, device: str, batch_size: int) -> LoadedGenerator:
    """Load a generator onto a device. Raises ModelFileError, UsageError, UnknownNameError."""
    known = plugins.with_plugins(plugins.GENERATORS, {"diffusers": _diffusers})
    if entry.format not in known:
        raise unknown_name("format of generators", entry.format, known, f"{entry.id}: name one of {', '.join(known)}")
    return known[entry.format](folder, entry, device, batch_size)
